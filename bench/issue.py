#!/usr/bin/env python3
"""Issues certificates against Pebble with certwright and with lego, one after the other in the same run.

Figures are CPU time of the client per certificate, wall time per 100, and how busy Pebble itself was. Pebble says "valid"
without looking (PEBBLE_VA_ALWAYS_VALID), for both, so that what is measured is the client.

    bench/issue.py [--count 200] [--in-flight 32] [--binary build/release/src/app/certwright] [--pebble pebble-2.4]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.dont_write_bytecode = True

from parts.peers import peer_binary  # noqa: E402
from parts.process import Failed, wait_until  # noqa: E402
from parts.stage import Stage  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def result(figure, unit, ours, peer=None, theirs=None):
    line = {"figure": figure, "unit": unit, "better": "lower", "ours": round(ours, 3)}
    if peer:
        line |= {"peer": peer, "theirs": round(theirs, 3), "ratio": round(ours / theirs, 3)}
    print("RESULT " + json.dumps(line), flush=True)


def launch_ca(stage):
    # Authorizations of other names are never reused: every certificate costs its full exchange.
    stage.keep(stage.ca).launch(stage.unbound.port, stage.server.http, stage.server.https,
                                {"PEBBLE_VA_ALWAYS_VALID": "1", "PEBBLE_AUTHZREUSE": "0", "PEBBLE_WFE_NONCEREJECT": "0"})


def measure_certwright(stage, count):
    """(CPU seconds, wall seconds, Pebble's CPU seconds) from the moment the records exist until all names are active."""
    names = [f"n{i}.customer.test" for i in range(count)]
    lines = []
    for name in names:
        added = stage.cli.json("endpoint", "add", name, "--to", stage.app.url)
        endpoint = added.get("endpoint", added)
        lines += [f"add {r['name']}. 5 {r['type']} {r['value']}." for r in endpoint["required_records"]]
    before, ca_before = cpu_seconds(stage.server.pid), cpu_seconds(stage.ca.pid)
    began = time.monotonic()
    for at in range(0, len(lines), 100):
        stage.knot.update(*lines[at:at + 100])

    def all_active():
        states = stage.cli.json("status")["endpoints"]
        return states.get("active", 0) >= count

    wait_until("every name is active", all_active, 120, stage.server, every=0.05)
    wall = time.monotonic() - began
    return cpu_seconds(stage.server.pid) - before, wall, cpu_seconds(stage.ca.pid) - ca_before


def run_lego(binary, stage, folder, name, port):
    """CPU seconds of one run."""
    command = [binary, "--server", stage.ca.directory, "--email", "bench@customer.test", "--accept-tos", "--path", str(folder),
               "--domains", name, "--http", "--http.port", f"127.0.0.1:{port}", "run"]
    environment = {**os.environ, "LEGO_CA_CERTIFICATES": str(stage.ca.trust)}
    with open(folder / f"{name}.log", "wb") as log:
        pid = os.posix_spawn(binary, command, environment,
                             file_actions=[(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise Failed(f"lego failed for {name}: {(folder / f'{name}.log').read_text()[-500:]}")
    return usage.ru_utime + usage.ru_stime


def measure_lego(stage, count, in_flight):
    binary = peer_binary("lego")
    with tempfile.TemporaryDirectory() as folder:
        run_lego(binary, stage, Path(folder), "first.customer.test", 31900)  # registers the account
        ca_before, began = cpu_seconds(stage.ca.pid), time.monotonic()
        with ThreadPoolExecutor(in_flight) as pool:
            jobs = [pool.submit(run_lego, binary, stage, Path(folder), f"l{i}.customer.test", 31000 + i % 800) for i in range(count)]
            spent = sum(job.result() for job in jobs)
        return spent, time.monotonic() - began, cpu_seconds(stage.ca.pid) - ca_before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=32, help="Pebble 2.4.0 deadlocks near 100")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "release" / "src" / "app" / "certwright")
    parser.add_argument("--pebble", default="pebble-2.4")
    arguments = parser.parse_args()
    with Stage(ROOT / "build" / "bench-issue", arguments.binary.resolve(), arguments.pebble) as stage:
        stage.keep(stage.knot).launch()
        stage.keep(stage.unbound).launch(stage.zones())
        stage.keep(stage.app).launch()
        launch_ca(stage)
        stage.start_server({"CERTWRIGHT_ORDERS_IN_FLIGHT": str(arguments.in_flight)})
        cpu, wall, ca = measure_certwright(stage, arguments.count)
        stage.server.stop()
        lego_cpu, lego_wall, lego_ca = measure_lego(stage, arguments.count, arguments.in_flight)
    count, cores = arguments.count, os.cpu_count()
    result("issue: client CPU per certificate", "ms", cpu / count * 1000, "lego", lego_cpu / count * 1000)
    result("issue: wall time per 100 certificates", "s", wall / count * 100, "lego", lego_wall / count * 100)
    result("issue: CPU of Pebble per certificate", "ms", ca / count * 1000, "lego", lego_ca / count * 1000)
    result("issue: share of all cores' time that Pebble used", "1", ca / (wall * cores), "lego", lego_ca / (lego_wall * cores))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"FAIL {failure}", file=sys.stderr)
        sys.exit(1)
