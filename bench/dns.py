#!/usr/bin/env python3
"""What a question costs a name server: certwright's, Knot and NSD with the same zone of a fleet, and a bare echo beside them.

Each server has one worker on one core; dnsperf asks from the others. Figures are the server's CPU time a question (in microseconds),
its memory after loading and its start. certwright's is its name server with the zone handed to it as the feed does, without
the database of a control node.

    bench/dns.py [--devices 90000] [--many 1000000] [--seconds 10]
"""

import argparse
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
sys.dont_write_bytecode = True

from edge.bench import Bench, judged  # noqa: E402
from edge.figures import anonymous_megabytes, cores, cpu_seconds, proportional_megabytes, result  # noqa: E402
from edge.names import ROOT  # noqa: E402
from parts.process import LOOPBACK, Failed, Part, wait_until  # noqa: E402

APEX = "dev.bench.test"
TOOL = ROOT / "build" / "release" / "bench" / "dns_bench_server"
# A question for the SOA of the zone.
SOA = b"\x12\x34\0\0\0\1\0\0\0\0\0\0" + b"".join(bytes([len(part)]) + part.encode() for part in APEX.split(".")) + b"\0\0\6\0\1"


def answers(port):
    """True when the zone's SOA comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.05)
        try:
            asker.sendto(SOA, (LOOPBACK, port))
            reply = asker.recv(2000)
        except OSError:
            return False
    return reply[3] & 15 == 0 and reply[7] == 1


class NameServer(Part):
    """`launch()` starts it on one core and returns the seconds until its first answer."""

    def __init__(self, kind, folder, port, zone, devices):
        super().__init__(kind, folder)
        self.kind, self.port, self.zone, self.devices = kind, port, zone, devices
        self.space = folder

    def command(self):
        return {"certwright": self._certwright, "knot": self._knot, "nsd": self._nsd}[self.kind]()

    def _certwright(self):
        return [str(TOOL), "serve", str(self.devices), str(self.port)]

    def _knot(self):
        space = self.space
        (space / "knot.conf").write_text(f"""
server:
    rundir: "{space}"
    listen: {LOOPBACK}@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{space}"
log:
  - target: stderr
    any: warning
zone:
  - domain: {APEX}
    file: "{self.zone}"
    zonefile-sync: -1
    journal-content: none
""")
        return ["/usr/sbin/knotd", "-c", str(space / "knot.conf")]

    def _nsd(self):
        space = self.space
        (space / "nsd.conf").write_text(f"""
server:
    server-count: 1
    ip-address: {LOOPBACK}@{self.port}
    username: ""
    zonesdir: "{space}"
    database: ""
    pidfile: "{space}/nsd.pid"
    xfrdfile: "{space}/xfrd.state"
    zonelistfile: "{space}/zone.list"
    xfrdir: "{space}"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "{APEX}"
    zonefile: "{self.zone}"
""")
        return ["/usr/sbin/nsd", "-d", "-c", str(space / "nsd.conf")]

    def launch(self, seconds=300):
        command = self.command()
        began = time.monotonic()
        self.start(["taskset", "-c", cores()[0], *command])
        wait_until(f"{self.kind} answers", lambda: answers(self.port), seconds, self, every=0.005)
        return time.monotonic() - began

    def memory(self):
        return (anonymous_megabytes if self.kind == "certwright" else proportional_megabytes)(self.pid)


class Echo(Part):
    def __init__(self, folder, port):
        super().__init__("echo", folder)
        self.port = port

    def launch(self):
        self.start(["taskset", "-c", cores()[0], str(TOOL), "echo", str(self.port)])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.1)

            def echoes():
                try:
                    asker.sendto(SOA, (LOOPBACK, self.port))
                    return len(asker.recv(2000)) == len(SOA)
                except OSError:
                    return False

            wait_until("the echo answers", echoes, 10, self, every=0.02)


def ask(server, questions, seconds, transport):
    """Microseconds of the server's CPU a question, under as many as one asker keeps in flight."""
    before = cpu_seconds(server.pid)
    done = subprocess.run(["taskset", "-c", cores()[1], "dnsperf", "-s", LOOPBACK, "-p", str(server.port), "-d", str(questions),
                           "-l", str(seconds), "-c", "20", "-T", "1", "-q", "200", "-m", transport],
                          capture_output=True, text=True, check=False)
    completed = re.search(r"Queries completed:\s+(\d+)", done.stdout)
    if not completed or int(completed[1]) == 0:
        raise Failed(f"dnsperf got no answers from {server.name}: {done.stderr[-300:]}", server)
    return (cpu_seconds(server.pid) - before) * 1e6 / int(completed[1])


def figures_of(server, files, seconds):
    started = server.launch()
    memory = server.memory()
    cost = {transport: ask(server, files / "questions.txt", seconds, transport) for transport in ("udp", "tcp")}
    server.stop()
    return {"start": started, "memory": memory, **cost}


def compare(bench, devices, seconds):
    files = bench.folder / str(devices)
    files.mkdir()
    subprocess.run([str(TOOL), "write", str(devices), str(files)], check=True)
    figures = {}
    for kind in ("certwright", "knot", "nsd"):
        server = bench.keep(NameServer(kind, files / kind, bench.ports.take(), files / "zone.txt", devices))
        figures[kind] = figures_of(server, files, seconds)
    ours = figures["certwright"]
    units = {"udp": ("CPU a question over UDP", "us"), "tcp": ("CPU a question over TCP", "us"),
             "memory": ("memory", "MB"), "start": ("first answer after the start", "s")}
    for figure, (what, unit) in units.items():
        for peer in ("knot", "nsd"):
            result(f"dns: {what}, {devices} devices", unit, ours[figure], peer, figures[peer][figure])
    return files


def floor(bench, files, seconds):
    echo = bench.keep(Echo(bench.folder / "echo", bench.ports.take()))
    echo.launch()
    result("dns: CPU of a bare recvmmsg echo, for comparison", "us", ask(echo, files / "questions.txt", seconds, "udp"))
    echo.stop()


def run(bench, arguments):
    files = compare(bench, arguments.devices, arguments.seconds)
    floor(bench, files, arguments.seconds)
    if arguments.many:
        compare(bench, arguments.many, arguments.seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=90_000)
    parser.add_argument("--many", type=int, default=1_000_000, help="a second, larger zone; 0: none")
    parser.add_argument("--seconds", type=int, default=10, help="of questions for each server and transport")
    arguments = parser.parse_args()
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "dns_bench_server"], cwd=ROOT, check=True)
    with Bench("dns") as bench:
        return judged(lambda: run(bench, arguments))


if __name__ == "__main__":
    sys.exit(main())
