#!/usr/bin/env python3
"""CPU of a proxy per request over kept TLS connections, HTTP/1.1 and HTTP/2, small and large answers.

    bench/edge-proxy.py [--count 30000] [--rounds 3]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
sys.dont_write_bytecode = True

from edge.bench import Bench, judged  # noqa: E402
from edge.figures import median, result  # noqa: E402
from edge.load import requests  # noqa: E402
from edge.names import names  # noqa: E402
from edge.servers import Caddy, Certwright, Haproxy, Nginx  # noqa: E402


def measure(servers, arguments, path, h2, count):
    figures = {name: [] for name in servers}
    for _ in range(arguments.rounds):
        for name, server in servers.items():
            figures[name].append(requests(server, count, path, h2))
    return {name: median(found) for name, found in figures.items()}


def run(bench, arguments):
    one = names(1)
    bench.origin()
    servers = {"certwright": bench.make(Certwright, one, "certwright", bench.ports.take())}
    servers |= {kind.kind: bench.make(kind, one, kind.kind) for kind in (Nginx, Haproxy, Caddy)}
    for server in servers.values():
        server.launch()
        requests(server, 1000, "/200", False)
    for h2 in (False, True):
        for path, count in (("/200", arguments.count), ("/64k", arguments.count // 4)):
            found = measure(servers, arguments, path, h2, count)
            for peer in (name for name in found if name != "certwright"):
                result(f"edge-proxy: {'h2' if h2 else 'h1'} {path[1:]}", "us", found["certwright"], peer, found[peer])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=30_000, help="small requests for one figure; of the large ones a quarter")
    parser.add_argument("--rounds", type=int, default=3, help="figures of which the median counts")
    arguments = parser.parse_args()
    with Bench("edge-proxy") as bench:
        return judged(lambda: run(bench, arguments))


if __name__ == "__main__":
    sys.exit(main())
