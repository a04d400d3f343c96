#!/usr/bin/env python3
"""The main job of Nines, to watch: a slow model, a real Prometheus, an SLO, a consumer's webhook.

Starts everything, follows the alert from pending to firing to resolved, and exits with 0 only if
both webhooks arrived with the right content.  Nothing is left running.
"""

import argparse
import ctypes
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

DEPLOY = pathlib.Path(__file__).resolve().parent.parent
DEMO = DEPLOY / "demo"
LIMIT_SECONDS = 235  # The whole demo, so that it ends within four minutes.
POLL_SECONDS = 0.25
# The ports that the files in deploy/ name; another free one is taken where one is in use.
PORTS = {"nines": 9099, "model": 9098, "webhook": 9095, "prometheus": 9090}
QUERY = (
    'sum by (job) (rate(model_request_latency_seconds_bucket{le="0.5"}[30s]))'
    " / sum by (job) (rate(model_request_latency_seconds_count[30s]))"
)


class DemoFailed(Exception):
    pass


def say(text, indent=2):
    stamp = time.strftime("%H:%M:%S")
    print("\n".join(f"{stamp}{' ' * indent}{line}" for line in text.splitlines()), flush=True)


def step(number, text):
    print(flush=True)
    say(f"[{number}/8] {text}", indent=1)


def fetch(url, method="GET"):
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=5) as reply:
        return reply.read().decode()


def free_ports():
    """PORTS where they are free, else any that are."""
    chosen, held = {}, []
    for name, preferred in PORTS.items():
        for port in (preferred, 0):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                sock.close()
                continue
            held.append(sock)
            chosen[name] = sock.getsockname()[1]
            break
    for sock in held:
        sock.close()
    return chosen


class Children:
    """The processes of the demo.  They end with it, whatever ends it."""

    def __init__(self, folder):
        self._folder = folder
        self._running = []

    def start(self, name, argv):
        log = (self._folder / f"{name}.log").open("wb")
        die_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        process = subprocess.Popen(
            argv, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent
        )
        self._running.append((name, process))

    def check(self):
        for name, process in self._running:
            if process.poll() is not None:
                log = (self._folder / f"{name}.log").read_text(errors="replace")
                raise DemoFailed(f"{name} ended by itself ({process.returncode}):\n{log[-2000:]}")

    def stop(self):
        for _, process in self._running:
            process.terminate()
        for name, process in self._running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                say(f"{name} did not end within 20 s and is killed")
                process.kill()
                process.wait()


class Demo:
    def __init__(self, args):
        self._args = args
        self._folder = pathlib.Path(args.folder).resolve()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._ports = free_ports()
        self._children = Children(self._folder)
        self._deadline = time.monotonic() + LIMIT_SECONDS
        self._shown = set()

    def url(self, name, path=""):
        return f"http://127.0.0.1:{self._ports[name]}{path}"

    def wait(self, what, look, limit=90):
        """Polls `look` until it returns something; says what it waited for when it gives up."""
        end = min(time.monotonic() + limit, self._deadline)
        while time.monotonic() < end:
            self._children.check()
            try:
                found = look()
            except (OSError, urllib.error.URLError):
                found = None
            if found:
                return found
            time.sleep(POLL_SECONDS)
        raise DemoFailed(f"waited in vain for: {what}")

    def copy_config(self, name):
        """A file of deploy/ with the ports that are really used."""
        text = (DEPLOY / name).read_text()
        for key, port in PORTS.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self._ports[key]}")
        (self._folder / name).write_text(text)
        return str(self._folder / name)

    def start(self):
        listen = {name: f"127.0.0.1:{port}" for name, port in self._ports.items()}
        step(1, f"the consumer's webhook receiver on {listen['webhook']}")
        python = sys.executable
        receiver = str(DEMO / "webhook_receiver.py")
        self._children.start("webhook", [python, receiver, "--listen", listen["webhook"]])
        step(2, f"Nines on {listen['nines']}")
        self.copy_config("slos.yml")
        self._children.start(
            "nines",
            [self._args.nines, "serve", "--config.file", self.copy_config("nines.yml"),
             "--storage.path", str(self._folder / "data"),
             "--web.listen-address", listen["nines"]],
        )
        self.wait("Nines to be ready", lambda: fetch(self.url("nines", "/-/ready")), 30)
        say(f"ready; the status page is {self.url('nines', '/')}")
        step(3, f"the model service on {listen['model']}: inference takes 50 ms to 600 ms")
        model = str(DEMO / "model_service.py")
        self._children.start("model", [python, model, "--listen", listen["model"]])
        step(4, f"Prometheus on {listen['prometheus']}: scrapes the model, remote-writes to Nines")
        self._children.start(
            "prometheus",
            [self._args.prometheus, "--config.file", self.copy_config("prometheus.yml"),
             "--storage.tsdb.path", str(self._folder / "prometheus"),
             "--web.listen-address", listen["prometheus"], "--log.level", "warn"],
        )

    def group(self):
        """The SLO's only group as Nines shows it, or None before it has one."""
        reply = json.loads(fetch(self.url("nines", "/api/v1/slos/predict-latency")))
        groups = reply["data"]["groups"]
        return groups[0] if groups else None

    def show(self, group):
        ratio = "no ratio yet" if group["ratio"] is None else f"{group['ratio']:.4f} under 500 ms"
        line = f"{group['state']:8} {group['condition']:10} {ratio}"
        if group["state"] not in self._shown:
            self._shown.add(group["state"])
            say(f"the alert is {group['state'].upper()}")
        say(line)

    def wait_for_state(self, state, limit=90):
        last_shown = 0.0

        def look():
            nonlocal last_shown
            group = self.group()
            if not group:
                return None
            if group["state"] == state:
                self.show(group)
                return group
            if time.monotonic() - last_shown > 4:
                last_shown = time.monotonic()
                self.show(group)
            return None

        return self.wait(f"the alert to be {state}", look, limit)

    def webhooks(self):
        lines = (self._folder / "webhook.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def wait_for_webhook(self, status):
        def look():
            return [w for w in self.webhooks() if w["body"]["status"] == status]

        webhook = self.wait(f"the {status} webhook", look)[0]
        say(f"the {status} webhook, as delivered to the consumer:")
        print(json.dumps(webhook["body"], indent=2), flush=True)
        return webhook

    def compare_with_prometheus(self):
        query = urllib.parse.urlencode({"query": QUERY})
        reply = json.loads(fetch(self.url("prometheus", f"/api/v1/query?{query}")))
        result = reply["data"]["result"]
        if result:
            say(f"Prometheus' own answer to the same question is {float(result[0]['value'][1]):.4f}")

    def run(self):
        self.start()
        step(5, "99 % must be under 500 ms over 30 s; it is 82 %, so the alert goes pending")
        self.wait_for_state("pending")
        step(6, "after 15 s of it the alert fires, and the consumer is told")
        self.wait_for_state("firing")
        firing = self.wait_for_webhook("firing")
        self.compare_with_prometheus()
        step(7, "the model is mended: inference takes 50 ms to 400 ms")
        say(fetch(self.url("model", "/-/mend"), "POST").strip())
        self.wait_for_state("inactive")
        resolved = self.wait_for_webhook("resolved")
        step(8, "checking both webhooks")
        check(firing, resolved)
        say("both webhooks arrived with the right content")

    def keep(self):
        say(f"still running; the status page is {self.url('nines', '/')}  (Ctrl-C ends it)")
        while True:
            self._children.check()
            time.sleep(1)

    def stop(self):
        self._children.stop()


def check(firing, resolved):
    """Raises DemoFailed at the first thing about the two webhooks that is not as it must be."""

    def must(condition, text):
        if not condition:
            raise DemoFailed(f"wrong content: {text}")
        say(f"ok  {text}")

    labels = {
        "alertname": "HighModelLatency",
        "job": "model-service",
        "service": "recommender",
        "severity": "warning",
        "slo": "predict-latency",
    }
    for name, webhook in (("firing", firing), ("resolved", resolved)):
        body = webhook["body"]
        must(body["version"] == "4" and body["status"] == name, f"{name}: version 4, status {name}")
        must(body["receiver"] == "checkout", f"{name}: the receiver is checkout")
        must(len(body["alerts"]) == 1, f"{name}: one alert")
        must(body["alerts"][0]["labels"] == labels, f"{name}: labels {labels}")
        must(bool(webhook["idempotency_key"]), f"{name}: an idempotency key")
    was, now = firing["body"]["alerts"][0], resolved["body"]["alerts"][0]
    must(was["endsAt"] == "0001-01-01T00:00:00Z", "firing: no end yet")
    must(now["endsAt"] > now["startsAt"], "resolved: it ends after it starts")
    must(was["startsAt"] == now["startsAt"], "both: the same start")
    must(was["fingerprint"] == now["fingerprint"], "both: the same fingerprint")
    must(firing["body"]["groupKey"] == resolved["body"]["groupKey"], "both: the same group key")
    must(firing["idempotency_key"] != resolved["idempotency_key"], "each its own idempotency key")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nines", required=True, help="the program")
    parser.add_argument("--prometheus", required=True, help="a real Prometheus")
    parser.add_argument("--folder", default="build/demo", help="for data, logs and configuration")
    parser.add_argument("--keep", action="store_true", help="stay up after the last step")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    started = time.monotonic()
    demo = Demo(args)
    try:
        demo.run()
        say(f"the demo took {time.monotonic() - started:.0f} s")
        if args.keep:
            demo.keep()
        return 0
    except DemoFailed as failure:
        say(f"FAILED: {failure}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        say("stopping everything")
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
