#!/usr/bin/env python3
"""A dummy model service: its inference times are uniform between 50 ms and 600 ms.

Latencies are drawn, not slept, a few hundred a second, and shown on /metrics as the histogram
model_request_latency_seconds.  POST /-/mend makes the model faster (50 ms to 400 ms), POST
/-/break slow again.
"""

import argparse
import bisect
import http.server
import random
import threading
import time

BOUNDS = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 5]
EVENTS_A_SECOND = 400
TICK_SECONDS = 0.05
FASTEST, SLOWEST, SLOWEST_MENDED = 0.05, 0.6, 0.4


class Histogram:
    """One series set of model_request_latency_seconds; safe for concurrent use."""

    def __init__(self, route):
        self._route = route
        self._lock = threading.Lock()
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def observe(self, seconds):
        with self._lock:
            self._counts[bisect.bisect_left(BOUNDS, seconds)] += 1
            self._sum += seconds

    def expose(self):
        with self._lock:
            counts, total = list(self._counts), self._sum
        name, route = "model_request_latency_seconds", f'route="{self._route}"'
        lines = [
            f"# HELP {name} Time to answer a prediction.",
            f"# TYPE {name} histogram",
        ]
        running = 0
        for bound, count in zip([*BOUNDS, "+Inf"], counts):
            running += count
            lines.append(f'{name}_bucket{{{route},le="{bound}"}} {running}')
        lines += [f"{name}_sum{{{route}}} {total}", f"{name}_count{{{route}}} {running}"]
        return "\n".join(lines) + "\n"


class Model:
    """Answers EVENTS_A_SECOND predictions a second from a thread of its own."""

    def __init__(self, seed):
        self.histogram = Histogram("/predict")
        self.slowest = SLOWEST
        self._random = random.Random(seed)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        started, done = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - started) * EVENTS_A_SECOND)
            for _ in range(due - done):
                self.histogram.observe(self._random.uniform(FASTEST, self.slowest))
            done = due
            time.sleep(TICK_SECONDS)


def handler_of(model):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != "/metrics":
                return self._answer(404, "see /metrics\n")
            self._answer(200, model.histogram.expose())

        def do_POST(self):
            if self.path not in ("/-/mend", "/-/break"):
                return self._answer(404, "POST /-/mend or /-/break\n")
            model.slowest = SLOWEST_MENDED if self.path == "/-/mend" else SLOWEST
            self._answer(200, f"inference takes up to {model.slowest} s now\n")

        def _answer(self, status, text):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:9098", metavar="HOST:PORT")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    host, port = args.listen.rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), handler_of(Model(args.seed)))
    server.serve_forever()


if __name__ == "__main__":
    main()
