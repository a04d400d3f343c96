#!/usr/bin/env python3
"""A consumer's webhook receiver: prints each notification, one JSON document a line, and says 200."""

import argparse
import http.server
import json


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            notification = json.loads(body)
        except ValueError:
            self.send_response(400)
            self.end_headers()
            return
        key = self.headers.get("Idempotency-Key")
        print(json.dumps({"idempotency_key": key, "body": notification}), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:9095", metavar="HOST:PORT")
    args = parser.parse_args()
    host, port = args.listen.rsplit(":", 1)
    http.server.HTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
