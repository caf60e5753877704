"""Several edges behind one name: joined by invitation, cut off, stopped, started again, joined late, removed."""

import json
import secrets
import time

from . import probe
from .network import BLOCK, HUB, Machine
from .process import Part, accepts_tcp, wait_until
from .product import Server, with_port
from .stage import CUSTOMER_ZONE, Stage

FEED_PORT, HTTP_PORT, HTTPS_PORT = 8701, 8080, 8443
FIRST, WHILE_CUT, AFTER_LOST = (f"{name}.{CUSTOMER_ZONE}" for name in ("first", "while-cut", "after-lost"))
LOST_AFTER = 30  # seconds, the least that control takes


class Control(Server):
    """`certwright serve` without an edge of its own: names lead to edges on other machines."""

    def launch_for(self, ca, resolver_port, customer_dns, addresses):
        settings = self.settings(ca, resolver_port, customer_dns)
        settings |= {"addresses": addresses, "edge": {"enabled": False},
                     "feed": {"listen": [with_port(HUB, FEED_PORT)], "lost_after": f"{LOST_AFTER}s"}}
        settings["checks"] |= {"http_port": HTTP_PORT, "https_port": HTTPS_PORT, "private_blocks": [BLOCK]}
        self.start_with(settings)
        wait_until("control's feed listens", lambda: accepts_tcp(FEED_PORT, HUB), 30, self)
        return self


class RemoteEdge(Part):
    """`certwright edge` on a machine of its own."""

    def __init__(self, folder, binary, name, number):
        super().__init__(name, folder)
        self.binary = binary
        self.machine = Machine(folder, name, number)

    def launch(self, invitation=None):
        command = [*self.machine.inside(), self.binary, "edge", "--data", self.folder / "data", "--name", self.name,
                   "--join", f"https://{HUB}:{FEED_PORT + 1}", "--join", f"https://{HUB}:{FEED_PORT}",
                   "--http-listen", with_port(self.machine.address, HTTP_PORT),
                   "--https-listen", with_port(self.machine.address, HTTPS_PORT)]
        self.start(command + (["--token", invitation] if invitation else []))
        return self

    def served(self, name, root):
        return probe.served(HTTPS_PORT, name, root, self.machine.address)

    def serves(self, name, root):
        """Its own certificate, and not the platform's, which is there for names without one."""
        served = self.served(name, root)
        return served.trusted and name in served.names


class SeveralEdges:
    """The story; `check(what, passed, saw)` is told of each expectation."""

    def __init__(self, folder, binary, check):
        self._stage, self.check = Stage(folder, binary), check
        stage = self._stage
        self._control = stage.server = Control(folder / "serve", stage.ports, binary)
        stage.cli.use(self._control)
        self._cli = stage.cli
        self._edges = [RemoteEdge(folder / f"edge-{i}", binary, f"edge-{i}", 10 + i) for i in range(1, 5)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stage.__exit__()

    def run_all(self):
        self.join()
        self.serve_by_all()
        self.answer_challenges()
        self.cut_off()
        self.come_back()
        self.serve_before_control_answers()
        self.join_late()
        self.remove()

    def join(self):
        stage = self._stage
        for part in (stage.knot, stage.app):
            stage.keep(part).launch()
        stage.keep(stage.unbound).launch(stage.zones())
        stage.keep(stage.ca).launch(stage.unbound.port, HTTP_PORT, HTTPS_PORT)
        self._root = stage.ca.issuing_root()
        for edge in self._edges:
            stage.keep(edge.machine).launch()
        stage.keep(self._control)
        self._start_control()
        for edge in self._edges[:3]:
            stage.keep(edge).launch(self._invitation())
        wait_until("three edges are live", lambda: self._health() == {"edge-1": "live", "edge-2": "live", "edge-3": "live"}, 30)
        wait_until("none is behind", self._none_behind, 20)
        listed = self._cli.json("edge", "list")["items"]
        self.check("three edges have joined, each with a certificate of its own",
                   all(each["certificate_until"] for each in listed), self._cli.text("edge", "list"))
        spent = self._invitation()
        self._spend(spent)

    def serve_by_all(self):
        self._add(FIRST)
        self._await_served(FIRST, self._edges[:3], 60)
        wait_until(f"{FIRST} is active", lambda: self._cli.endpoint(FIRST).state == "active", 30, self._control)
        edges = self._cli.endpoint(FIRST).fields["edges"]
        self.check("the name is served by all three, and says so", edges["serving"] == 3 and edges["live"] == 3, str(edges))
        self.check("`endpoint show` tells it", "3 of 3 serve its certificate" in self._cli.text("endpoint", "show", FIRST))
        told = self._deployed(FIRST)
        self.check("it was called deployed when all three had it", "live on every edge (3)" in told, told)
        serials = {edge.served(FIRST, self._root).serial for edge in self._edges[:3]}
        self.check("with one certificate", len(serials) == 1, " ".join(serials))

    def answer_challenges(self):
        """Any edge, any token, at once: no time passes between adding the name and asking."""
        token = secrets.token_urlsafe(32)
        self._cli.text("endpoint", "add", f"asked.{CUSTOMER_ZONE}", "--to", self._stage.app.url)
        wait_until("every edge knows the name", self._none_behind, 20)
        answers = {self._challenge(edge, f"asked.{CUSTOMER_ZONE}", token) for edge in self._edges[:3]}
        self.check("every edge gives the same answer to an HTTP-01 challenge",
                   len(answers) == 1 and answers.pop().startswith(token + "."), token)

    def cut_off(self):
        third = self._edges[2]
        third.machine.disconnect()
        cut = time.monotonic()
        self._add(WHILE_CUT, "--internal")
        self._await_served(WHILE_CUT, self._edges[:2], 60)
        shown = self._cli.text("endpoint", "show", WHILE_CUT)
        self.check("a new name says which edge has not got it", "2 of 3 serve its certificate; behind: edge-3" in shown,
                   next((line.strip() for line in shown.splitlines() if "serve its" in line), shown))
        condition = next(c for c in self._cli.endpoint(WHILE_CUT).fields["conditions"] if c["type"] == "Deployed")
        self.check("and its condition Deployed does", condition["status"] == "unknown" and
                   condition["problem"]["message"] == "2 of 3 edges serve it.", json.dumps(condition))
        orders = self._cli.endpoint(WHILE_CUT).fields["order"]
        self.check("it is not deployed while an edge that may live lacks it", orders["status"] == "issued", orders["status"])
        status, body = third.machine.curl(FIRST, HTTPS_PORT, self._root, "/.well-known/acme-challenge/x")
        self.check("the edge that is cut off keeps serving", status == 0, body)
        wait_until("it is lost", lambda: self._health().get("edge-3") == "lost", LOST_AFTER + 20)
        self.check("it counts as lost after the time that is set", time.monotonic() - cut >= LOST_AFTER - 11,
                   f"{time.monotonic() - cut:.0f} s after it was cut off")
        began = time.monotonic()
        self._add(AFTER_LOST, "--internal")
        wait_until("the order ends", lambda: self._order(AFTER_LOST) == "deployed", 40, self._control)
        told = self._deployed(AFTER_LOST)
        self.check("nothing waits for a lost edge, and this is said", "Not waited for" in told and "edge-3" in told,
                   f"{told} ({time.monotonic() - began:.1f} s after it was added)")
        shown = self._cli.text("endpoint", "show", AFTER_LOST)
        self.check("`endpoint show` says it too", "2 of 2 serve its certificate; not waited for: edge-3" in shown)

    def come_back(self):
        self._edges[2].machine.connect()
        connected = time.monotonic()
        self._await_served(AFTER_LOST, self._edges[2:3], 40)
        self._await_served(WHILE_CUT, self._edges[2:3], 5)
        took = time.monotonic() - connected
        self.check("the edge catches up in seconds", took < 40, f"{took:.1f} s")
        wait_until("it is live again", lambda: self._health().get("edge-3") == "live", 20)

    def serve_before_control_answers(self):
        second = self._edges[1]
        second.stop()
        self._control.stop()
        second.launch()
        self._await_served(FIRST, [second], 15)
        self.check("an edge started without control serves what it had", second.serves(WHILE_CUT, self._root))
        self._start_control()
        wait_until("it follows again, without a token", lambda: self._health().get("edge-2") == "live", 40)

    def join_late(self):
        late = self._edges[3]
        began = time.monotonic()
        self._stage.keep(late).launch(self._invitation())
        for name in (FIRST, WHILE_CUT, AFTER_LOST):
            self._await_served(name, [late], 20)
        self.check("one that joins late serves everything", True, f"{time.monotonic() - began:.1f} s")
        wait_until("it counts", lambda: self._cli.endpoint(FIRST).fields["edges"]["serving"] == 4, 30)

    def remove(self):
        late = self._edges[3]
        said = self._cli.text("edge", "remove", "edge-4")
        self.check("an edge is removed", "edge-4 is removed" in said, said.strip())
        self.check("removing it again changes nothing", "edge-4 is removed" in self._cli.text("edge", "remove", "edge-4"))
        self.check("it is out of the list", "edge-4" not in self._health(), str(self._health()))
        wait_until("it is refused", lambda: late.logged("was removed"), 30, late)
        edges = self._cli.endpoint(FIRST).fields["edges"]
        self.check("and nothing waits for it", edges["live"] == 3 and not edges["lost"], str(edges))
        said = self._cli.text("edge", "remove", "edge-9", check=False)
        self.check("one that never was is told", "edge_not_found" in said and "certwright edge list" in said, said.strip())

    # --- the parts of it --------------------------------------------------------------------------------------------

    def _start_control(self):
        stage = self._stage
        self._control.launch_for(stage.ca, stage.unbound.port, stage.knot.port, [e.machine.address for e in self._edges[:3]])

    def _invitation(self):
        return self._cli.json("edge", "invite")["token"]

    def _spend(self, invitation):
        """An invitation lets one edge in."""
        late = self._edges[3]
        self._stage.keep(late).launch(invitation)
        wait_until("a fourth edge joins", lambda: self._health().get("edge-4") == "live", 30, late)
        late.stop()
        other = RemoteEdge(late.folder.with_name("uninvited"), late.binary, "uninvited", 14)
        other.machine = late.machine
        self._stage.keep(other).launch(invitation)
        wait_until("the second is refused", lambda: other.logged("used already"), 30, other)
        self.check("an invitation works once", "uninvited" not in self._health(), str(self._health()))
        other.stop()
        self._cli.text("edge", "remove", "edge-4")
        (late.folder / "data" / "membership.pem").unlink()

    def _health(self):
        return {each["name"]: each["health"] for each in self._cli.json("edge", "list")["items"]}

    def _none_behind(self):
        return all(each["behind"] == 0 for each in self._cli.json("edge", "list")["items"])

    def _add(self, name, *kind):
        """The customer's records are there from the beginning."""
        self._cli.text("endpoint", "add", name, *kind, "--to", self._stage.app.url)
        self._stage.knot.update(*self._cli.endpoint(name).nsupdate_lines())

    def _await_served(self, name, edges, seconds):
        for edge in edges:
            wait_until(f"{edge.name} serves {name}", lambda edge=edge: edge.serves(name, self._root), seconds, edge)

    def _order(self, name):
        return (self._cli.endpoint(name).fields["order"] or {}).get("status")

    def _deployed(self, name):
        """What was said when it was deployed."""
        told = lambda: next((e["message"] for e in self._cli.json("event", "list", "--endpoint", name)["items"]
                             if e["type"] == "certificate.deployed"), "")
        return wait_until(f"{name} is called deployed", told, 60, self._control)

    def _challenge(self, edge, name, token):
        answer = probe.get_http(HTTP_PORT, name, f"/.well-known/acme-challenge/{token}", edge.machine.address)
        return answer.body if answer.status == 200 else f"status {answer.status}"
