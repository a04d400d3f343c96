#!/usr/bin/env python3
"""Micro-benchmarks, and Nines beside Debian's Prometheus and VictoriaMetrics on the same load.

run.py [NAME…]: all of them without a name; --help lists them.  Servers are run one after another, in
turns, with the same requests; what counts is the server's own CPU time.  Prints tables in Markdown.
"""

import argparse
import json
import os
import pathlib
import re
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

TITLES = {"nines": "Nines", "victoria-metrics": "VictoriaMetrics", "prometheus": "Prometheus"}
# Nines with another storage.sync than always.
SYNC_TITLES = {"nines": "always", "nines-interval": "interval", "nines-os": "os"}
TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_LIMIT_SECONDS = 300
START_LIMIT_SECONDS = 180


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """A store with a remote write receiver, run in a folder of its own.  May be stopped and run again."""

    def __init__(self, name, argv, ready, folder):
        self.name, self.folder = name, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready = self.url + ready
        self._argv = [part.format(port=self.port, folder=folder) for part in argv]
        self.run()

    def run(self):
        """Returns the seconds until it said that it is ready."""
        log = open(self.folder / "log", "ab")
        began = time.monotonic()
        self._process = subprocess.Popen(self._argv, stdout=log, stderr=subprocess.STDOUT)
        while True:
            try:
                self._get(self._ready)
                return time.monotonic() - began
            except (OSError, urllib.error.URLError):
                if time.monotonic() > began + START_LIMIT_SECONDS or self._process.poll() is not None:
                    words = (self.folder / "log").read_text()[-500:]
                    raise RuntimeError(f"{self.name} did not start: {words}")
                time.sleep(0.01)

    def _get(self, url, data=None):
        return urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=120).read()

    def get(self, path):
        return self._get(self.url + path).decode()

    def post(self, path):
        return self._get(self.url + path, data=b"").decode()

    def metric(self, name):
        """The sum over the series of that name in the server's own metrics."""
        lines = [line for line in self.get("/metrics").splitlines() if re.match(name + r"[ {]", line)]
        return sum(float(line.split()[-1]) for line in lines)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self):
        return self._proc("status", "VmRSS:") * 1024

    def written_bytes(self):
        return self._proc("io", "write_bytes:")

    def _proc(self, file, key):
        for line in pathlib.Path(f"/proc/{self._process.pid}/{file}").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
        raise RuntimeError(f"no {key} in /proc/PID/{file}")

    def settle(self, quiet_seconds=2):
        """Waits until the server has used next to no CPU for a while: its background work counts."""
        end = time.monotonic() + SETTLE_LIMIT_SECONDS
        while time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(quiet_seconds)
            if self.cpu_seconds() - before <= 0.015 * quiet_seconds:
                return

    def disk_bytes(self):
        files = (self.folder / "data").rglob("*")
        return sum(f.stat().st_blocks * 512 for f in files if f.is_file())

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=120)

    def kill(self):
        self._process.kill()
        self._process.wait()


def start(name, args, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    peers = pathlib.Path(args.peers) / "usr/bin"
    if name in SYNC_TITLES:
        (folder / "nines.yml").write_text(f"storage: {{retention: 40d, sync: {SYNC_TITLES[name]}}}\n")
        argv = [f"{args.build}/nines", "serve", "--config.file={folder}/nines.yml",
                "--storage.path={folder}/data", "--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn"]
        return Server(name, argv, "/-/ready", folder)
    if name == "prometheus":
        (folder / "prometheus.yml").write_text("global: {}\n")
        argv = [f"{peers}/prometheus", "--config.file={folder}/prometheus.yml",
                "--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=40d", "--web.enable-remote-write-receiver",
                "--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        return Server(name, argv, "/-/ready", folder)
    argv = [f"{peers}/victoria-metrics", "-storageDataPath={folder}/data",
            "-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=2", "-loggerLevel=ERROR"]
    return Server(name, argv, "/health", folder)


def send(args, server, **options):
    argv = [f"{args.build}/tests/bench/nines_load", "--url", server.url + "/api/v1/write"]
    for name, value in options.items():
        argv += ["--" + name.replace("_", "-"), str(value)]
    out = subprocess.run(argv, stdout=subprocess.PIPE, text=True).stdout
    sent = json.loads(out)
    if sent["failed_requests"]:
        raise RuntimeError(f"{server.name} refused {sent['failed_requests']} requests")
    return sent


def ago_ms(seconds):
    return int(time.time() - seconds) * 1000


def ingest_once(name, args, folder, series, scrapes, warm=0, **load):
    """One run on an empty store; `warm` scrapes are sent before the clock starts."""
    server = start(name, args, folder)
    idle = server.resident_bytes()
    load |= dict(series=series, start=ago_ms((warm + scrapes) * 15))
    if warm:
        send(args, server, to=warm, **(load | dict(rate=0)))
        server.settle()
    syncs = server.metric("nines_tsdb_journal_syncs_total")
    before = server.cpu_seconds()
    sent = send(args, server, **{"from": warm}, to=warm + scrapes, **load)
    resident = server.resident_bytes() - idle
    syncs = server.metric("nines_tsdb_journal_syncs_total") - syncs
    server.settle()
    cpu = server.cpu_seconds() - before
    server.stop()
    return {
        "samples a CPU-second": sent["samples"] / cpu,
        "samples a second (wall)": sent["samples"] / sent["seconds"],
        "request p50, ms": sent["p50_ms"],
        "request p99, ms": sent["p99_ms"],
        "syncs a second": syncs / sent["seconds"],
        "samples a sync": sent["samples"] / syncs if syncs else 0,
        "resident bytes a series above idle": resident / series,
    }


def month_once(name, args, folder, series, days):
    """The disk that a month takes, one sample a minute."""
    server = start(name, args, folder)
    scrapes = days * 24 * 60
    sent = send(args, server, series=series, to=scrapes, step=60_000, window=240,
                start=ago_ms(scrapes * 60))
    if name == "victoria-metrics":
        server.get("/internal/force_flush")
        server.get("/internal/force_merge")
    server.settle(quiet_seconds=12)
    written = server.written_bytes()
    tables = server.metric("nines_tsdb_table_written_bytes_total")
    cpu = server.cpu_seconds()
    server.stop()
    kept = server.disk_bytes()
    return {
        "bytes a sample on disk": kept / sent["samples"],
        "MB kept": kept / 1e6,
        "MB written in all": written / 1e6,
        "MB of it beside the log": tables / 1e6,
        "written in all / kept": written / kept,
        "written beside the log / kept": tables / kept,
        "samples a CPU-second, until settled": sent["samples"] / cpu,
    }


# A question that only a server that has its data again can answer, and the answer of this load.
QUERIES = {
    "nines": "/api/v1/series?match[]=model_request_latency_seconds_count{{job=%22svc-7%22}}&start={start}",
    "prometheus": "/api/v1/query?query=model_request_latency_seconds_count{{job=%22svc-7%22}}&time={end}",
}
QUERIES["victoria-metrics"] = QUERIES["prometheus"]


def restart_once(name, args, folder, series, scrapes):
    """kill -9 with everything in the log.  Ready: says so, answers a query right, takes a write."""
    server = start(name, args, folder)
    idle = server.resident_bytes()
    start_ms = ago_ms(scrapes * 15)
    load = dict(series=series, start=start_ms, window=2)
    sent = send(args, server, to=scrapes, **load)
    resident = server.resident_bytes() - idle
    server.kill()
    began = time.monotonic()
    server.run()
    query = QUERIES[name].format(start=start_ms // 1000, end=start_ms // 1000 + (scrapes - 1) * 15)
    while server.get(query).count("10.0.0.7") != 10:
        time.sleep(0.01)
    send(args, server, **{"from": scrapes}, to=scrapes + 1, **(load | dict(series=1600)))
    seconds = time.monotonic() - began
    row = {"seconds from start to ready": seconds, "resident bytes a series above idle": resident / series}
    if name == "nines":
        held = server.metric("nines_tsdb_head_samples") - 1600
        if held != sent["samples"]:
            raise RuntimeError(f"{held} samples after the restart of {sent['samples']}")
    server.kill()
    return row


FORMS = {"bytes a sample on disk": "{:.2f}", "written in all / kept": "{:.2f}",
         "written beside the log / kept": "{:.2f}",
         "request p50, ms": "{:.2f}", "request p99, ms": "{:.2f}",
         "seconds from start to ready": "{:.1f}"}

# Name -> what it runs, its words, its load.
CASES = {
    "known": (ingest_once, "Known series, 100,000 series × 40 scrapes", dict(series=100_000, warm=2, scrapes=40)),
    "creation": (ingest_once, "With the series' creation, 100,000 × 40", dict(series=100_000, scrapes=40)),
    "churn": (ingest_once, "With churn, 100,000 × 40, a fifth of the series new every 5 scrapes",
              dict(series=100_000, scrapes=40, churn_every=5)),
    "paced": (ingest_once, "Paced at 100,000 samples a second, 100,000 × 12",
              dict(series=100_000, warm=1, scrapes=12, rate=100_000)),
    "sync": (ingest_once, "storage.sync, known series, 100,000 × 40",
             dict(series=100_000, warm=2, scrapes=40)),
    "restart": (restart_once, "kill -9 with 998,400 series × 10 scrapes in the log", dict(series=998_400, scrapes=10)),
    "month": (month_once, "30 days of 3,200 series at 60 s", dict(series=3_200, days=30)),
}


def run_case(args, case):
    once, title, load = CASES[case]
    titles = SYNC_TITLES if case == "sync" else {name: TITLES[name] for name in args.servers}
    runs = {name: [] for name in titles}
    for turn in range(args.runs):
        for name in titles:
            print(f"  run {turn + 1} of {args.runs}: {name}, {title}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="nines-bench-", dir=args.scratch) as folder:
                runs[name].append(once(name, args, pathlib.Path(folder) / name, **load))
            print(f"    {runs[name][-1]}", file=sys.stderr, flush=True)
    print(f"\n{title}; median of {args.runs} alternating runs:\n")
    print("| | " + " | ".join(titles.values()) + " |")
    print("|---" * (len(titles) + 1) + "|")
    for row in next(iter(runs.values()))[0]:
        medians = [statistics.median(run[row] for run in runs[name]) for name in titles]
        form = FORMS.get(row, "{:,.0f}")
        print(f"| {row} | " + " | ".join(form.format(m) for m in medians) + " |", flush=True)


def ingest(args):
    for case in CASES:
        run_case(args, case)


def micro(args):
    subprocess.run([f"{args.build}/tests/bench/nines_micro"], check=True)


def main():
    known = {"micro": micro, "ingest": ingest}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join([*known, *CASES]) + " (ingest: all after it)")
    parser.add_argument("--build", required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--servers", type=lambda text: text.split(","), default=[*TITLES],
                        help="which of " + ",".join(TITLES))
    parser.add_argument("--scratch", help="a folder for the data; the system's for temporary files")
    args = parser.parse_args()
    for name in args.names or known:
        if name in known:
            known[name](args)
        elif name in CASES:
            run_case(args, name)
        else:
            parser.error(f"no benchmark {name}; there are {', '.join([*known, *CASES])}")


if __name__ == "__main__":
    main()
