"""Clients: handshakes by our own, requests by h2load."""

import json
import re

from parts.process import Failed, run

from .figures import cores
from .names import tool


def handshakes(server, count, pattern, names=1, threads=4, resume=False):
    """CPU microseconds of the server per handshake, and what the client saw."""
    command = ["taskset", "-c", cores()[1], tool("tls_load"), server.port, count, threads, pattern, names]
    before = server.cpu()
    _, printed, _ = run(command + (["resume"] if resume else []), "tls_load", 600)
    spent = server.cpu() - before
    seen = json.loads(printed)
    if seen["failures"] > 0:
        raise Failed(f"{server.kind}: {seen['failures']} handshakes failed: {seen['trouble']}", server)
    if resume and seen["resumed"] < seen["done"] * 0.99:
        raise Failed(f"{server.kind} resumed {seen['resumed']} of {seen['done']} sessions", server)
    return spent / seen["done"] * 1e6, seen


def requests(server, count, path, h2, connections=16, streams=8, body=None):
    """CPU microseconds of the server per request on kept connections."""
    command = ["taskset", "-c", cores()[1], "h2load", "-n", count, "-c", connections, "-t", 1, "-m", streams if h2 else 1]
    command += [] if h2 else ["--h1"]
    command += ["-d", str(body)] if body else []
    command += ["--connect-to", f"127.0.0.1:{server.port}", f"https://n0.bench.test:{server.port}{path}"]
    before = server.cpu()
    _, printed, _ = run(command, "h2load", 600)
    spent = server.cpu() - before
    good = re.search(r"(\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", printed)
    if not good or int(good.group(1)) != count:
        raise Failed(f"{server.kind}: h2load did not get {count} answers:\n{printed[-900:]}", server)
    return spent / count * 1e6
