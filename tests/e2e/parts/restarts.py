"""A control node and an edge are replaced by new processes, again and again, while clients ask them without a pause."""

import contextlib
import os
import re
import signal
import time

from .load import Client, Site, api_question, dns_question
from .peers import make_leaf, make_tls_root
from .process import LOOPBACK, Part, accepts_tcp, wait_until
from .product import DOMAIN, with_port

NAME = "shop.customer.test"
TIMES = 3


def alive(pid):
    """Runs, and is no zombie."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


class Process:
    """A process that may not be our child, with the log that all of its kind write."""

    def __init__(self, part, pid):
        self.part, self.pid = part, pid

    def stop(self):
        if alive(self.pid):
            os.kill(self.pid, signal.SIGTERM)
            wait_until("it has ended", lambda: not alive(self.pid), 60)

    def serving(self):
        """How often a process has come to serve, by the log."""
        return re.findall(r"serving pid=(\d+)", self.part.log.read_text(encoding="utf-8"))


class Restarts:
    def __init__(self, stage, check):
        self._stage, self.check = stage, check
        self._clients = []

    def run_all(self):
        stage = self._stage
        stage.start_surroundings()
        stage.start_server()
        root = make_tls_root(stage.folder, "old-ca", "The customer's CA")
        chain, key = make_leaf(stage.folder, "leaf", f"DNS:{NAME}", root)
        stage.cli.text("endpoint", "add", NAME, "--to", stage.app.url)
        stage.cli.text("certificate", "upload", NAME, "--chain", chain, "--key", key, "--keep")
        stage.start_edge()
        self._sites = [Site(NAME, http, https, root[0]) for _, http, https in stage.edges()]
        for site in self._sites:
            wait_until("the edge serves the name", lambda site=site: self._answers(site), 30, stage.server)
        server, edge = Process(stage.server, stage.server.pid), Process(stage.edge, stage.edge.pid)
        try:
            self._under_load("the control node, by SIGHUP", server, self._by_signal, (self._sites[0],), own=True)
            self._under_load("the edge, by a command", edge, self._by_command, (self._sites[1],), own=False)
            self._failed_successor(server)
            self._stopped(server)
        finally:
            for process in (server, edge):
                process.stop()

    @staticmethod
    def _answers(site):
        try:
            return site.fresh()
        except (OSError, AssertionError):
            return False

    def _load(self, sites, own):
        clients = []
        for site in sites:
            clients += [Client("a connection each", site.fresh), Client("a connection each, too", site.fresh),
                        Client("a kept connection", site.kept(0)), Client("a kept connection that pauses", site.kept(0.4)),
                        Client("uploads", site.upload), Client("plain HTTP", site.plain), Client("HTTP/2", site.http2)]
        if own:
            token = self._stage.server.token_file.read_text().strip()
            clients += [Client("DNS", dns_question(self._stage.server.dns, DOMAIN), pause=0.05),  # below the rate limit
                        Client("API", api_question(self._stage.server.url, token), pause=0.05)]
        return [client.start() for client in clients]

    def _under_load(self, what, process, restart, sites, own):
        clients = self._load(sites, own)
        try:
            wait_until("every client has answers", lambda: all(c.answered or c.failures for c in clients), 60)
            for number in range(1, TIMES + 1):
                before = process.pid
                began = time.monotonic()
                restart(process)
                took = time.monotonic() - began
                wait_until("the process before has ended", lambda before=before: not alive(before), 60)
                self.check(f"{what}, {number}: another process serves", process.pid != before,
                           f"{before} -> {process.pid} in {took:.1f} s, drained after {time.monotonic() - began:.1f} s")
            seen = [c.answered for c in clients]
            wait_until("every client goes on", lambda: all(c.answered > s or c.failures for c, s in zip(clients, seen)), 60)
        finally:
            for client in clients:
                client.stop()
        for client in clients:
            self.check(f"{what}: {client.name}", client.answered > 0 and not client.failures,
                       f"{client.answered} answered, {len(client.failures)} failed"
                       + (f", first: {client.failures[0]}" if client.failures else ""))

    def _by_signal(self, process):
        served = len(process.serving())
        os.kill(process.pid, signal.SIGHUP)
        wait_until("the next process serves", lambda: len(process.serving()) > served, 60)
        process.pid = int(process.serving()[-1])

    def _by_command(self, process):
        """The edge of an upgrade, started beside the one that runs."""
        edge, server = self._stage.edge, self._stage.server
        served = len(process.serving())
        command = [edge.binary, "edge", "--take-over", "--data", edge.folder / "data", "--join", server.url,
                   "--token", self._stage.cli.edge_token()]
        for address in (LOOPBACK, "::1"):
            command += ["--http-listen", with_port(address, edge.http), "--https-listen", with_port(address, edge.https)]
        self._stage.keep(Part("edge", edge.folder)).start(command)
        wait_until("the next edge serves", lambda: len(process.serving()) > served, 60)
        process.pid = int(process.serving()[-1])

    def _failed_successor(self, process):
        """A new version that cannot start leaves everything as it was."""
        server = self._stage.server
        config = server.config.with_name("broken.toml")
        config.write_text(server.config.read_text().replace(f"[::1]:{server.http}", "192.0.2.1:1"), encoding="utf-8")
        failing = self._stage.keep(Part("failing", server.folder))
        failing.start([server.binary, "serve", "--config", config, "--take-over"])
        wait_until("it has given up", lambda: not failing.running(), 60)
        wait_until("the control node has its data back", lambda: server.logged("taken_back"), 60)
        self.check("a successor that cannot start: it says so", failing.status() == 1, " ".join(failing.tail(2))[:160])
        self.check("and the one before goes on", alive(process.pid) and self._sites[0].fresh() == 1, str(process.pid))
        shown = self._stage.cli.endpoint(NAME)
        self.check("with its API", shown.fields["name"] == NAME, shown.state)

    def _stopped(self, process):
        process.stop()
        self.check("SIGTERM ends it, and nothing listens any more", not accepts_tcp(self._stage.server.https), "")
