"""A small web app: `web_app.py PORT TITLE`. One page in JSON that names the app and shows the request as it arrived."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    title = "web app"

    def do_GET(self):
        forwarded = {name: value for name, value in self.headers.items()
                     if name.lower().startswith("x-forwarded-") or name.lower() in ("host", "forwarded", "x-real-ip")}
        page = json.dumps({"app": self.title, "path": self.path, "headers": forwarded}, indent=2).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Page.title = sys.argv[2]
    Server(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
