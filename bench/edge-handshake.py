#!/usr/bin/env python3
"""CPU of a server per TLS 1.3 handshake: full with a hot and a cold certificate, a Zipf mix over many names, resumed.

    bench/edge-handshake.py [--names 1000000] [--count 4000] [--rounds 3]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
sys.dont_write_bytecode = True

from edge.bench import Bench, judged  # noqa: E402
from edge.figures import median, result  # noqa: E402
from edge.load import handshakes  # noqa: E402
from edge.names import names  # noqa: E402
from edge.servers import Caddy, Certwright, Haproxy, Nginx  # noqa: E402


def medians(servers, rounds, measure):
    """Of each server; the servers take turns, so that what the machine does meanwhile is alike for all."""
    figures = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            figures[name].append(measure(server))
    return {name: median(found) for name, found in figures.items()}


def report(figure, found, ours="certwright"):
    for peer in (name for name in found if name != ours):
        result(f"edge-handshake: {figure}", "us", found[ours], peer, found[peer])


def run(bench, arguments):
    count, one = arguments.count, names(1)
    servers = {kind.kind: bench.make(kind, one, kind.kind) for kind in (Nginx, Haproxy, Caddy)}
    servers["certwright"] = bench.make(Certwright, one, "certwright", bench.ports.take())
    for server in servers.values():
        server.launch()
        handshakes(server, 200, "one")
    report("full, one hot certificate", medians(servers, arguments.rounds, lambda s: handshakes(s, count, "one")[0]))
    report("resumed", medians(servers, arguments.rounds, lambda s: handshakes(s, count, "one", resume=True)[0]))
    many = names(arguments.names, arguments.pems)
    cold = bench.make(Certwright, many, "certwright-cold", bench.ports.take())
    zipf = bench.make(Certwright, many, "certwright-zipf", bench.ports.take())
    variable = bench.make(Nginx, many, "nginx-by-variable", by_variable=True)
    for server in (cold, zipf, variable):
        server.launch()
    of_cold = {"certwright": cold, "nginx by variable": variable}
    report("full, a cold certificate",
           medians(of_cold, arguments.rounds, lambda s: handshakes(s, count, "uniform", s.known())[0]))
    of_many = {"certwright": zipf, "nginx with one": servers["nginx"]}
    handshakes(zipf, count, "zipf", many.count)
    report(f"full, a Zipf mix over {many.count} names",
           medians(of_many, arguments.rounds, lambda s: handshakes(s, count, "zipf", s.known())[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--pems", type=int, default=10_000, help="of these, names that nginx by variable is asked for")
    parser.add_argument("--count", type=int, default=4000, help="handshakes for one figure")
    parser.add_argument("--rounds", type=int, default=3, help="figures of which the median counts")
    arguments = parser.parse_args()
    with Bench("edge-handshake") as bench:
        return judged(lambda: run(bench, arguments))


if __name__ == "__main__":
    sys.exit(main())
