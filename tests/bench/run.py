#!/usr/bin/env python3
"""Micro-benchmarks, and Nines beside Debian's Prometheus and VictoriaMetrics on the same load.

run.py [micro] [ingest]: all of them without a name.  Servers are run one after another, in turns,
with the same requests; what counts is the server's own CPU time.  Prints tables in Markdown.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_LIMIT_SECONDS = 60


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """A store with a remote write receiver, run in a folder of its own."""

    def __init__(self, name, argv, ready, folder):
        self.name, self.folder = name, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        log = open(folder / "log", "wb")
        argv = [part.format(port=self.port, folder=folder) for part in argv]
        self._process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(self.url + ready, timeout=1)
                return
            except (OSError, urllib.error.URLError):
                if time.monotonic() > end or self._process.poll() is not None:
                    raise RuntimeError(f"{name} did not start: {(folder / 'log').read_text()[-500:]}")
                time.sleep(0.05)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def settle(self):
        """Waits until the server has used next to no CPU for two seconds: its background work counts."""
        end = time.monotonic() + SETTLE_LIMIT_SECONDS
        while time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(2)
            if self.cpu_seconds() - before <= 0.03:
                return

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)
        return sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file() and f.name != "log")


def start(name, args, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    peers = pathlib.Path(args.peers) / "usr/bin"
    if name == "nines":
        (folder / "nines.yml").write_text("storage: {retention: 40d}\n")
        argv = [f"{args.build}/nines", "serve", "--config.file={folder}/nines.yml",
                "--storage.path={folder}/data", "--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn"]
        return Server(name, argv, "/-/ready", folder)
    if name == "prometheus":
        (folder / "prometheus.yml").write_text("global: {}\n")
        argv = [f"{peers}/prometheus", "--config.file={folder}/prometheus.yml",
                "--storage.tsdb.path={folder}/data", "--web.enable-remote-write-receiver",
                "--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        return Server(name, argv, "/-/ready", folder)
    argv = [f"{peers}/victoria-metrics", "-storageDataPath={folder}/data",
            "-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=2", "-loggerLevel=ERROR"]
    return Server(name, argv, "/health", folder)


def send(args, server, series, first, to, start_ms, rate=0):
    out = subprocess.run(
        [f"{args.build}/tests/bench/nines_load", "--url", server.url + "/api/v1/write",
         "--series", str(series), "--from", str(first), "--to", str(to),
         "--start", str(start_ms), "--rate", str(rate)],
        check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def ingest_once(name, args, series, warm, scrapes, rate):
    """One run on an empty store; `warm` scrapes are sent before the clock starts."""
    with tempfile.TemporaryDirectory(prefix="nines-bench-") as folder:
        server = start(name, args, pathlib.Path(folder) / name)
        idle = server.resident_bytes()
        start_ms = int(time.time() - (warm + scrapes) * 15) * 1000
        if warm:
            send(args, server, series, 0, warm, start_ms)
            server.settle()
        before = server.cpu_seconds()
        sent = send(args, server, series, warm, warm + scrapes, start_ms, rate)
        resident = server.resident_bytes() - idle
        server.settle()
        cpu = server.cpu_seconds() - before
        disk = server.stop()
    return {
        "samples_a_cpu_second": sent["samples"] / cpu,
        "samples_a_second": sent["samples"] / sent["seconds"],
        "p50_ms": sent["p50_ms"],
        "p99_ms": sent["p99_ms"],
        "resident_bytes_a_series": resident / series,
        "disk_bytes_a_sample": disk / (series * (warm + scrapes)),
    }


CASES = {
    "known series, 100,000 x 40 scrapes": dict(series=100_000, warm=2, scrapes=40, rate=0),
    "with the series' creation, 100,000 x 40": dict(series=100_000, warm=0, scrapes=40, rate=0),
    "paced at 100,000 samples/s, 100,000 x 12": dict(series=100_000, warm=1, scrapes=12, rate=100_000),
}
ROWS = [
    ("samples a CPU-second", "samples_a_cpu_second", "{:,.0f}"),
    ("samples a second (wall)", "samples_a_second", "{:,.0f}"),
    ("request p50, ms", "p50_ms", "{:.2f}"),
    ("request p99, ms", "p99_ms", "{:.2f}"),
    ("resident bytes a series above idle", "resident_bytes_a_series", "{:,.0f}"),
    ("bytes a sample on disk after SIGTERM", "disk_bytes_a_sample", "{:.2f}"),
]


def ingest(args):
    servers = ["nines", "victoria-metrics", "prometheus"]
    for title, case in CASES.items():
        runs = {name: [] for name in servers}
        for turn in range(args.runs):
            for name in servers:
                print(f"  run {turn + 1} of {args.runs}: {name}, {title}", file=sys.stderr, flush=True)
                runs[name].append(ingest_once(name, args, **case))
        print(f"\n{title}; median of {args.runs} alternating runs\n")
        print("| | Nines | VictoriaMetrics | Prometheus |\n|---|---|---|---|")
        for label, key, form in ROWS:
            medians = [statistics.median(run[key] for run in runs[name]) for name in servers]
            print(f"| {label} | " + " | ".join(form.format(m) for m in medians) + " |", flush=True)


def micro(args):
    subprocess.run([f"{args.build}/tests/bench/nines_micro"], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="micro, ingest")
    parser.add_argument("--build", required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    known = {"micro": micro, "ingest": ingest}
    for name in args.names or known:
        if name not in known:
            parser.error(f"no benchmark {name}; there are {', '.join(known)}")
        known[name](args)


if __name__ == "__main__":
    main()
