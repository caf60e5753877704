"""A receiver of webhooks for tests, on 127.0.0.1: verifies each signature, fails at times, answers slowly.

    hook_receiver.py PORT LOG SECRET [--fail CODES] [--slow SECONDS]

Each request becomes a line of JSON in LOG before it is answered. CODES: statuses of the first answers, "500,0,429";
0 closes the connection without an answer. Later ones get 204.
"""
import argparse
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time


def verify(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(wanted, each) for each in headers["webhook-signature"].split(" "))


class Receiver(http.server.BaseHTTPRequestHandler):
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            status = self.server.statuses.pop(0) if self.server.statuses else 204
            seen = {"path": self.path, "id": self.headers["webhook-id"], "answered": status,
                    "valid": verify(self.server.secret, self.headers, body), "body": json.loads(body)}
            with open(self.server.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(seen) + "\n")
        time.sleep(self.server.slow)
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *ignored):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("log")
    parser.add_argument("secret")
    parser.add_argument("--fail", default="")
    parser.add_argument("--slow", type=float, default=0)
    given = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", given.port), Receiver)
    server.log = given.log
    server.secret = given.secret
    server.slow = given.slow
    server.statuses = [int(code) for code in given.fail.split(",") if code]
    server.serve_forever()


main()
