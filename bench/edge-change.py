#!/usr/bin/env python3
"""What a new name costs where many are: a control node and three edges, HAProxy by its runtime API, nginx by a reload.

certwright's way is its whole way: an endpoint and its certificate are uploaded over the API, the control node stores both,
and the edges follow its feed. The CPU is that of one edge; the time runs from the upload until all three serve the name.

    bench/edge-change.py [--names 20000] [--changes 500] [--rate 100]
"""

import argparse
import http.client
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
sys.dont_write_bytecode = True

from edge.bench import Bench, judged  # noqa: E402
from edge.figures import cpu_seconds, median, result  # noqa: E402
from edge.names import BINARY, names  # noqa: E402
from edge.servers import Haproxy, Nginx, shakes_hands  # noqa: E402
from parts.process import LOOPBACK, Failed, wait_until  # noqa: E402
from parts.product import Cli, Edge, Server  # noqa: E402
from parts.refusals import UnreachableCa  # noqa: E402

EDGES = 3


class Control(Server):
    """A control node alone, with nobody to ask: its CA and its resolver are not there."""

    def launch_alone(self):
        self.start_with(self.settings(UnreachableCa, 9, 0) | {"edge": {"enabled": False}, "log": {"level": "error"}})
        wait_until("the operator's token is there", self.token_file.exists, 30, self)
        return self


class Uploads:
    """Adds names over one kept connection."""

    def __init__(self, server, served):
        self._served = served
        self._token = server.token_file.read_text().strip()
        self._connection = http.client.HTTPConnection(LOOPBACK, server.api, timeout=60)

    def _post(self, path, body):
        self._connection.request("POST", path, json.dumps(body),
                                 {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise Failed(f"POST {path}: {answer.status} {text[:300]!r}")

    def add(self, number):
        name = f"n{number}.bench.test"
        pem = self._served.pem(number).read_text()
        split = pem.index("-----BEGIN PRIVATE KEY")
        self._post("/v1/endpoints", {"name": name, "upstream": "http://127.0.0.1:9"})
        self._post(f"/v1/endpoints/{name}/certificates", {"chain": pem[:split], "key": pem[split:], "source": "uploaded"})


def wait_until_served(edges, number, trust):
    name = f"n{number}.bench.test"

    def one(edge):
        wait_until(f"{name} is served", lambda: shakes_hands(edge.https, name, trust), 60, edge, every=0.001)

    with ThreadPoolExecutor(len(edges)) as pool:
        for done in [pool.submit(one, edge) for edge in edges]:
            done.result()


def paced(count, rate, add):
    """Calls add(0), add(1), ... at most `rate` times a second; returns the rate that was."""
    began = time.monotonic()
    for i in range(count):
        wait = began + i / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        add(i)
    return count / (time.monotonic() - began)


def of_certwright(bench, served, arguments):
    """(CPU seconds of an edge per change, seconds until all serve: middle and the 99th of a hundred, changes a second)."""
    control = bench.keep(Control(bench.folder / "control", bench.ports, BINARY)).launch_alone()
    uploads = Uploads(control, served)
    for i in range(arguments.names):
        uploads.add(i)
    token = Cli(control).edge_token()
    edges = []
    for i in range(EDGES):
        edge = bench.keep(Edge(bench.folder / f"edge-{i}", bench.ports, BINARY))
        edges.append(edge.launch(control, token))
    wait_until_served(edges, arguments.names - 1, served.root)
    before = sum(cpu_seconds(edge.pid) for edge in edges)
    rate = paced(arguments.changes, arguments.rate, lambda i: uploads.add(arguments.names + i))
    wait_until_served(edges, arguments.names + arguments.changes - 1, served.root)
    spent = sum(cpu_seconds(edge.pid) for edge in edges) - before
    times = []

    def timed(number):
        began = time.monotonic()
        uploads.add(number)
        wait_until_served(edges, number, served.root)
        times.append(time.monotonic() - began)

    for i in range(arguments.samples):
        timed(arguments.names + arguments.changes + i)
    times.sort()
    return spent / EDGES / arguments.changes, median(times), times[int(len(times) * 0.99)], rate


def of_haproxy(bench, served, known, changes):
    """CPU seconds per name that is added by the runtime API."""
    server = bench.make(Haproxy, served.first(known), "haproxy")
    server.launch()

    def ask(command):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(server.admin))
            admin.sendall(command.encode() + b"\n")
            admin.shutdown(socket.SHUT_WR)
            said = b""
            while piece := admin.recv(65536):
                said += piece
        return said.decode()

    before = server.cpu()
    for i in range(known, known + changes):
        file, pem = served.pem(i), "\n".join(line for line in served.pem(i).read_text().splitlines() if line)
        ask(f"new ssl cert {file}")
        ask(f"set ssl cert {file} <<\n{pem}\n")
        ask(f"commit ssl cert {file}")
        ask(f"add ssl crt-list {server.list} {file}")
    spent = server.cpu() - before
    wait_until("HAProxy serves the newest", lambda: shakes_hands(server.port, f"n{known + changes - 1}.bench.test", served.root),
               5, server)
    server.stop()
    return spent / changes


def of_nginx(bench, served, known):
    """(CPU seconds, seconds) of the reload after which one more name is served."""
    server = bench.make(Nginx, served.first(known), "nginx")
    server.launch()
    before, began = server.cpu(), time.monotonic()
    text = server.config.read_text()
    end = text.rindex("}")
    more = server.server_block(f"n{known}.bench.test", served.pem(known))
    server.config.write_text(f"{text[:end]}{more}\n}}\n", encoding="utf-8")
    server.signal_reload()
    wait_until("nginx serves the new name", lambda: shakes_hands(server.port, f"n{known}.bench.test", served.root), 300, server)
    took = time.monotonic() - began
    spent = server.cpu() - before
    server.stop()
    return spent, took


def run(bench, arguments):
    known, changes = arguments.names, arguments.changes
    total = known + changes + arguments.samples
    served = names(total, total)
    cpu, middle, late, rate = of_certwright(bench, served, arguments)
    haproxy = of_haproxy(bench, served, known, min(changes, 200))
    nginx_cpu, nginx_time = of_nginx(bench, served, known)
    result(f"edge-change: CPU of an edge per name added to {known}", "ms", cpu * 1e3, "haproxy", haproxy * 1e3)
    result(f"edge-change: CPU of an edge per name added to {known}", "ms", cpu * 1e3, "nginx reload", nginx_cpu * 1e3)
    result("edge-change: from the upload until three edges serve it, median", "ms", middle * 1e3, "nginx reload", nginx_time * 1e3)
    result("edge-change: from the upload until three edges serve it, p99", "ms", late * 1e3)
    print(f"{rate:.0f} names a second were added; wanted were {arguments.rate}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=20_000, help="that are there before")
    parser.add_argument("--changes", type=int, default=500, help="names that are added for the CPU figure")
    parser.add_argument("--rate", type=int, default=100, help="names a second")
    parser.add_argument("--samples", type=int, default=100, help="names that are added for the times")
    arguments = parser.parse_args()
    with Bench("edge-change") as bench:
        return judged(lambda: run(bench, arguments))


if __name__ == "__main__":
    sys.exit(main())
