"""Clients that go on asking, each in a way of its own, and remember every answer that did not come."""

import contextlib
import http.client
import json
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.request

from .process import LOOPBACK


class Client:
    """Calls `ask` until it is stopped; what that raises is a failure."""

    def __init__(self, name, ask, pause=0.005):
        self.name = name
        self.answered, self.failures = 0, []
        self._ask, self._pause = ask, pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join(60)

    def _run(self):
        while not self._stop.is_set():
            try:
                self.answered += self._ask()
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            time.sleep(self._pause)


class Site:
    """One name at one edge."""

    def __init__(self, name, http_port, https_port, roots):
        self.name, self.http, self.https = name, http_port, https_port
        self.roots = roots
        self._context = ssl.create_default_context(cafile=str(roots))
        self._context.set_alpn_protocols(["http/1.1"])

    def connect(self):
        raw = socket.create_connection((LOOPBACK, self.https), timeout=20)
        connection = http.client.HTTPSConnection(self.name, timeout=20)
        connection.sock = self._context.wrap_socket(raw, server_hostname=self.name)
        return connection

    def get(self, connection, path="/page"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, f"status {answer.status}"
        return answer.getheader("Connection", "").lower() == "close"

    def fresh(self):
        """A connection of its own for each request."""
        with contextlib.closing(self.connect()) as connection:
            self.get(connection)
        return 1

    def kept(self, pause):
        """One connection for many requests, left when an answer says that it is the last one."""
        open_one = []

        def ask():
            if not open_one:
                open_one.append(self.connect())
            if self.get(open_one[0]):
                open_one.pop().close()
            time.sleep(pause)
            return 1
        return ask

    def upload(self):
        """A body that is longer under way than a restart takes to begin."""
        with contextlib.closing(self.connect()) as connection:
            body = (b"x" * 20_000 for _ in range(10))
            connection.putrequest("POST", "/upload")
            connection.putheader("Content-Length", "200000")
            connection.endheaders()
            for piece in body:
                connection.send(piece)
                time.sleep(0.05)
            answer = connection.getresponse()
            assert answer.status == 200 and len(answer.read()) == 200_000, f"status {answer.status}"
        return 1

    def plain(self):
        with contextlib.closing(http.client.HTTPConnection(LOOPBACK, self.http, timeout=20)) as connection:
            connection.request("GET", "/page", headers={"Host": self.name})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 301, f"status {answer.status}"
        return 1

    def http2(self):
        """curl: many requests over few connections of HTTP/2."""
        many = 300
        command = ["curl", "-s", "-S", "--noproxy", "*", "--http2", "--cacert", str(self.roots), "-m", "60",
                   "--resolve", f"{self.name}:{self.https}:{LOOPBACK}", "-o", "/dev/null", "-w", "%{http_code} %{http_version}\n",
                   "--rate", "150/s", f"https://{self.name}:{self.https}/page?[1-{many}]"]
        done = subprocess.run(command, text=True, capture_output=True, timeout=120, check=False)
        good = done.stdout.split("\n").count("200 2")
        assert good == many, f"{good} of {many} answered, curl says {done.stderr.strip()[:200]}"
        return many


def dns_question(port, name):
    """Asks once, over UDP, and waits for the answer."""
    question = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0)
    question += b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\6\0\1"

    def ask():
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
            asking.settimeout(10)
            asking.sendto(question, (LOOPBACK, port))
            reply = asking.recv(4096)
            assert reply[3] & 15 == 0 and struct.unpack(">H", reply[6:8])[0] == 1, f"reply {reply[:12].hex()}"
        return 1
    return ask


def api_question(url, token):
    def ask():
        request = urllib.request.Request(url + "/v1/endpoints", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            assert answer.status == 200 and "items" in json.load(answer), f"status {answer.status}"
        return 1
    return ask
