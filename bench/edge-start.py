#!/usr/bin/env python3
"""How soon an edge serves after its start, and the memory it needs: many names, certwright and its peers.

    bench/edge-start.py [--names 1000000] [--peers 10000]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
sys.dont_write_bytecode = True

from edge.bench import Bench, judged  # noqa: E402
from edge.figures import result  # noqa: E402
from edge.load import handshakes  # noqa: E402
from edge.names import names  # noqa: E402
from edge.servers import Caddy, Certwright, Haproxy, Nginx  # noqa: E402


def start_of(server, hot):
    """(seconds to the first handshake, megabytes then, kilobytes for each certificate that was asked for since)."""
    seconds = server.launch()
    cold = server.memory()
    known = min(hot, server.known())
    handshakes(server, known * 3, "uniform", known)
    grown = max(0.0, server.memory() - cold)
    server.stop()
    return seconds, cold, grown * 1024 / known


def report(count, ours, peer, theirs):
    result(f"edge-start: first handshake after the start with {count} names", "s", ours[0], peer, theirs[0])
    result(f"edge-start: memory after the start with {count} names", "MB", ours[1], peer, theirs[1])


def run(bench, arguments):
    served = names(arguments.peers, arguments.peers)
    ours = start_of(bench.make(Certwright, served, "certwright-small", bench.ports.take()), arguments.hot)
    for kind in (Nginx, Haproxy, Caddy):
        report(arguments.peers, ours, kind.kind, start_of(bench.make(kind, served, kind.kind), arguments.hot))
    variable = start_of(bench.make(Nginx, served, "nginx-by-variable", by_variable=True), arguments.hot)
    report(arguments.peers, ours, "nginx by variable", variable)
    seconds, cold, hot = start_of(bench.make(Certwright, names(arguments.names), "certwright", bench.ports.take()), arguments.hot)
    result(f"edge-start: first handshake after the start with {arguments.names} names", "s", seconds)
    result(f"edge-start: memory after the start with {arguments.names} names", "MB", cold)
    result("edge-start: memory for each certificate that was asked for", "KB", hot)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--peers", type=int, default=10_000, help="names for certwright and each of its peers")
    parser.add_argument("--hot", type=int, default=3000, help="names that are asked for")
    arguments = parser.parse_args()
    with Bench("edge-start") as bench:
        return judged(lambda: run(bench, arguments))


if __name__ == "__main__":
    sys.exit(main())
