"""Domains that nobody added: their DNS leads to a pool, a visitor comes, and they redirect over HTTPS."""

import asyncio
import http.client
import random
import ssl
import string
import threading
import time

from . import probe
from .peers import Knot
from .process import LOOPBACK, Ports, wait_until

TLD = "shops"  # a top-level domain of its own, so that each name below it is a registered domain
DOMAINS = [f"shop{number}.{TLD}" for number in range(1, 101)]
VISITORS = 32  # at the same time
HERD = 1_000


class Pools:
    """`check(what, passed, saw)` is told of each expectation."""

    def __init__(self, stage, check):
        self._stage, self.check = stage, check
        self._dns = stage.knot = Knot(stage.folder / "knot-shops", Ports(), TLD)

    def run_all(self):
        stage = self._stage
        stage.start_surroundings()
        stage.start_server()
        stage.start_edge()
        said = stage.cli.text("pool", "add", "default")
        self.check("one command makes the pool and shows its records", "is a pool" in said and LOOPBACK in said, said.strip())
        self.one_domain()
        self.whatever_does_not_lead_here()
        self.random_names()
        self.a_herd()
        self.a_hundred_domains()
        self.both_edges()
        self.dns_leaves(DOMAINS[0])
        self.removed_by_the_operator(DOMAINS[1])

    def one_domain(self):
        name = f"first.{TLD}"
        self._dns.update(f"add {name}. 5 A {LOOPBACK}")
        began = time.monotonic()
        answer = probe.get_https(self._stage.server.https, name, self._stage.root, "/a?b")
        self.check("the first handshake of a domain waits for its certificate, and gets it",
                   answer.status == 301 and answer.headers.get("location") == f"https://www.{name}/a?b",
                   f"{answer.status} {answer.headers.get('location')} after {time.monotonic() - began:.1f} s")
        shown = self._stage.cli.text("redirect", "show", name)
        self.check("it is a redirect like any other", "it came on demand" in shown, shown[:300])
        by_http = f"second.{TLD}"
        self._dns.update(f"add {by_http}. 5 A {LOOPBACK}")
        answer = probe.get_http(self._stage.edge.http, by_http, "/x")
        self.check("over plain HTTP, at the other edge, it is redirected at once",
                   answer.status == 301 and answer.headers.get("location") == f"https://www.{by_http}/x",
                   f"{answer.status} {answer.headers.get('location')}")
        self._await_served(by_http, self._stage.edge.https)

    def whatever_does_not_lead_here(self):
        self._dns.update(f"add away.{TLD}. 5 A 203.0.113.9", f"add both.{TLD}. 5 A {LOOPBACK}", f"add both.{TLD}. 5 A 203.0.113.9",
                         f"add mixed.{TLD}. 5 A {LOOPBACK}", f"add mixed.{TLD}. 5 AAAA 2001:db8::9",
                         f"add alias.{TLD}. 5 CNAME first.{TLD}.", f"add sub.first.{TLD}. 5 A {LOOPBACK}",
                         f"add www.first.{TLD}. 5 A {LOOPBACK}", f"add www.www.first.{TLD}. 5 A {LOOPBACK}")
        before = self._orders()
        for name in ("away", "both", "mixed", "alias", "missing", "sub.first", "www.first", "www.www.first"):
            name = f"{name}.{TLD}"
            status = probe.get_http(self._stage.server.http, name).status
            served = probe.served(self._stage.server.https, name, self._stage.root)
            self.check(f"{name} is nothing to the pool", status == 404 and not served.trusted, f"{status}, {served}")
        self.check("none of them made an order", self._orders() == before, f"{before} orders")

    def random_names(self):
        before = self._orders()
        self._dns.update(f"add *.wild.{TLD}. 5 A {LOOPBACK}")
        random_name = random.Random(1)
        connection = http.client.HTTPConnection(LOOPBACK, self._stage.server.http, timeout=10)
        seen = {}
        for _ in range(10_000):
            label = "".join(random_name.choices(string.ascii_lowercase, k=12))
            status = probe.get_over(connection, "/", {"Host": f"{label}.wild.{TLD}"}).status
            seen[status] = seen.get(status, 0) + 1
        connection.close()
        self.check("10,000 random subdomains, whose wildcard leads here, make no order",
                   self._orders() == before and list(seen) == [404], f"{seen}, {before} orders")

    def a_herd(self):
        name = f"herd.{TLD}"
        before = self._orders()
        self._dns.update(f"add {name}. 5 A {LOOPBACK}")
        answers = asyncio.run(herd(HERD, self._stage.server.https, name, self._stage.root))
        self.check(f"{HERD} visitors of one new domain, all at the same time, are redirected", answers == ["301"] * HERD,
                   _counted(answers))
        self.check("and it made one order", self._orders() == before + 1, f"{before} before, {self._orders()} after")

    def a_hundred_domains(self):
        before = self._orders()
        self._dns.update(*(f"add {name}. 5 A {LOOPBACK}" for name in DOMAINS))
        began = time.monotonic()
        self._visit(DOMAINS)
        for name in DOMAINS:
            self._await_served(name, self._stage.server.https)
        took = time.monotonic() - began
        self.check("100 domains appear", True, f"in {took:.1f} s")
        self.check("by exactly 100 orders", self._orders() == before + 100, f"{self._orders() - before} orders")
        self.check("each of them active", self._active() >= 100, f"{self._active()} active")

    def both_edges(self):
        for name in DOMAINS:
            self._await_served(name, self._stage.edge.https)
        self.check("the other edge serves each of them with its certificate", True, f"{len(DOMAINS)} names")

    def dns_leaves(self, name):
        self._dns.update(f"del {name}. A", f"add {name}. 5 A 203.0.113.9")
        self._stage.cli.text("endpoint", "check", name)
        view = self._stage.cli.endpoint(name)
        self.check("of a domain whose DNS leads elsewhere it is told when renewals stop", view.state == "degraded" and view.reason == "moved_away",
                   f"{view.state}, {view.message}")
        self.check("its certificate serves on", probe.served(self._stage.server.https, name, self._stage.root).trusted)
        self._dns.update(f"del {name}. A", f"add {name}. 5 A {LOOPBACK}")
        self._stage.cli.text("endpoint", "check", name)
        view = self._stage.cli.endpoint(name)
        self.check("and when it comes back all is well", view.state == "active", f"{view.state}, {view.message}")

    def removed_by_the_operator(self, name):
        before = self._orders()
        self._stage.cli.text("redirect", "remove", name, "--yes")
        wait_until("it is not served", lambda: probe.get_http(self._stage.server.http, name).status == 404, 20, self._stage.server)
        served = probe.served(self._stage.server.https, name, self._stage.root)
        self.check("a domain that the operator removed does not come back by a visit",
                   not served.trusted and self._orders() == before, str(served))

    # --- the parts of it --------------------------------------------------------------------------------------------

    def _orders(self):
        """How many orders the CA has got."""
        return self._stage.ca.orders()

    def _active(self):
        items = self._stage.cli.json("redirect", "list", "--state", "active", "--all")["items"]
        return len(items)

    def _await_served(self, name, port):
        wait_until(f"{name} has its certificate", lambda: probe.served(port, name, self._stage.root).trusted, 120,
                   self._stage.server, every=0.2)

    def _visit(self, names):
        """One HTTPS visit of each name, so many at the same time: the statuses, or what went wrong."""
        answers, lock, todo = [], threading.Lock(), list(names)

        def visit():
            while True:
                with lock:
                    if not todo:
                        return
                    name = todo.pop()
                try:
                    answer = probe.get_https(self._stage.server.https, name, self._stage.root, "/").status
                except OSError as error:
                    answer = f"{type(error).__name__}: {error}"[:60]
                with lock:
                    answers.append(answer)

        threads = [threading.Thread(target=visit) for _ in range(VISITORS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers


async def herd(count, port, name, root):
    """So many visitors, each on a connection of its own, none of which waits for another: their statuses."""
    context = ssl.create_default_context(cafile=root)

    async def visit():
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context, server_hostname=name, ssl_handshake_timeout=60)
            writer.write(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            line = await asyncio.wait_for(reader.readline(), 30)
            writer.close()
            return line.decode().split(" ")[1]
        except (OSError, asyncio.TimeoutError) as error:
            return f"{type(error).__name__}: {error}"[:60]

    return list(await asyncio.gather(*(visit() for _ in range(count))))


def _counted(answers):
    return ", ".join(f"{answers.count(each)} times {each}" for each in sorted(set(answers), key=str))
