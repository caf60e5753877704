"""Two CAs and their accounts, by the command line of the real program: bindings, chains, proofs by an account that is not the
default, a CA that dies and comes back, keys, revocation, from staging to production, the end of an account."""

import json
import urllib.request

from .clients import MAC_KEY, TestCa
from .peers import Knot, PostgreSql, Unbound, WebApp
from .process import LOOPBACK, Ports, run, wait_until
from .product import CHALLENGE_ZONE, DOMAIN, Cli, Edge, Server

ZONE = "customer.test"


class BothTrusted:
    """What certwright is told of its first CA; it trusts the web servers of both."""

    def __init__(self, directory, trust):
        self.directory, self.trust = directory, trust


class Accounts:
    """Context manager; `check(what, passed, saw)` is told of each expectation."""

    def __init__(self, folder, binary, check, postgresql=False):
        self._folder, self._binary, self._check = folder, binary, check
        ports = Ports()
        self.knot = Knot(folder / "knot", ports, ZONE)
        self.resolver = Unbound(folder / "unbound", ports)
        self.app = WebApp(folder / "web-app", ports, "the customer's shop")
        self.first = TestCa("first-ca", folder / "first-ca", ports, binary)
        self.second = TestCa("second-ca", folder / "second-ca", ports, binary)
        self.server = Server(folder / "serve", ports, binary)
        self.edge = Edge(folder / "edge", ports, binary)
        self.database = PostgreSql(folder / "postgresql") if postgresql else None
        self.cli = Cli(self.server)
        self._first_name = ""

    def __enter__(self):
        self.knot.launch()
        self.resolver.launch({DOMAIN: self.server.dns, CHALLENGE_ZONE: self.server.dns, ZONE: self.knot.port})
        self.app.launch()
        self.first.launch(*self._proofs(self.server))
        self.second.launch(*self._proofs(self.edge), "--external", f"kid-1={MAC_KEY}", "--roots", "2")
        trust = self._folder / "trust.pem"
        trust.write_text(self.first.trust.read_text() + self.second.trust.read_text(), encoding="utf-8")
        env = {"CERTWRIGHT_STORE": self.database.launch().url} if self.database else {}
        self.server.launch(BothTrusted(self.first.directory, trust), self.resolver.port, self.knot.port, env)
        self.edge.launch(self.server, self.cli.edge_token())
        return self

    def __exit__(self, *_):
        for part in (self.edge, self.server, self.database, self.second, self.first, self.app, self.resolver, self.knot):
            if part is not None:
                part.stop()

    def run_all(self):
        self.first_issues()
        self.binding()
        self.chain()
        self.proofs()
        self.first_dies()
        self.key_change()
        self.revocation()
        self.first_comes_back()
        self.promotion()
        self.the_end()

    # --- asking -----------------------------------------------------------------------------------------------------

    def _proofs(self, edge):
        """The first CA looks for proofs at control's edge, the second one at the remote edge."""
        return ["--dns", f"{LOOPBACK}:{self.resolver.port}", "--http-port", edge.http, "--tls-port", edge.https]

    def api(self, path):
        token = self.cli.environment()["CERTWRIGHT_TOKEN"]
        request = urllib.request.Request(self.server.url + path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def account(self, name):
        return self.cli.json("ca", "show", name)

    def add(self, label, *options, purposes=("routing", "challenge")):
        """A name with those of its records that are for `purposes`."""
        name = f"{label}.{ZONE}"
        self.cli.text("endpoint", "add", name, "--to", self.app.url, *options)
        lines = [f"add {r['name']}. 5 CNAME {r['value']}." for r in self.cli.endpoint(name).records() if r["purpose"] in purposes]
        self.knot.update(*lines)
        return name

    def await_active(self, name, seconds=60):
        wait_until(f"{name} is active", lambda: self.cli.endpoint(name).state == "active", seconds, self.server, every=0.3)
        return self.served(name)

    def served(self, name):
        """The certificate that visitors get."""
        return next(c for c in self.cli.endpoint(name).fields["certificates"] if c["served"])

    def issued_by(self, ca, certificate):
        return any(each["sha256"] == certificate["sha256"] for each in ca.ask("GET", "/certificates")["certificates"])

    def challenge_of(self, certificate):
        """What its order proved its name with."""
        stored = self.cli.json("certificate", "show", certificate["id"])
        orders = self.api(f"/v1/orders?endpoint={stored['endpoint']}")["items"]
        return next(order["challenge"] for order in orders if order["id"] == stored["order"])

    # --- the steps --------------------------------------------------------------------------------------------------

    def first_issues(self):
        accounts = self.cli.json("ca", "list")["items"]
        self._first_name = accounts[0]["name"]
        self.plain = self.add("plain")
        self._check("the configured CA issues", self.issued_by(self.first, self.await_active(self.plain)), self.plain)

    def binding(self):
        add = ("ca", "add", "second", "--directory", self.second.directory)
        said = self.cli.text(*add, check=False)
        self._check("a CA that wants a binding says so", "key id" in said.lower(), " ".join(said.split())[:160])
        said = self.cli.text(*add, "--eab-kid", "kid-1", "--eab-key", "A" * 43, check=False)
        self._check("a wrong key is refused", self.account("second")["account_url"] is None, " ".join(said.split())[:160])
        self.cli.text(*add, "--eab-kid", "kid-1", "--eab-key", MAC_KEY, "--fallback", "1")
        second = self.account("second")
        self._check("the right one binds the account", second["eab_kid"] == "kid-1" and bool(second["account_url"]) and
                    second["fallback"] == 1, second["account_url"])

    def chain(self):
        common_name = self.second.root_name(1)
        self.cli.text("ca", "set", "second", "--preferred-chain", common_name)
        name = self.add("chained", "--ca", "second")
        self._check("an endpoint names its account", self.issued_by(self.second, self.await_active(name)), name)
        _, out, _ = run(["openssl", "s_client", "-connect", f"{LOOPBACK}:{self.server.https}", "-servername", name, "-showcerts"],
                        "look at the chain", stdin="", check=False)
        issuers = [line.strip() for line in out.splitlines() if line.strip().startswith("i:")]
        self._check("its chain is the account's choice", bool(issuers) and common_name in issuers[-1], " ".join(issuers)[-120:])

    def proofs(self):
        """Tokens of an account that is not the default travel to the edges."""
        by_http = self.await_active(self.add("by-http", "--ca", "second", purposes=("routing",)))
        self._check("HTTP-01 by an account that is not the default", self.issued_by(self.second, by_http) and
                    self.challenge_of(by_http) == "http-01", self.challenge_of(by_http))
        name = f"*.wild.{ZONE}"
        self.cli.text("endpoint", "add", name, "--to", self.app.url, "--ca", "second")
        self.knot.update(*self.cli.endpoint(name).nsupdate_lines())
        by_dns = self.await_active(name)
        self._check("DNS-01 too", self.issued_by(self.second, by_dns) and self.challenge_of(by_dns) == "dns-01",
                    self.challenge_of(by_dns))

    def first_dies(self):
        self.first.kill()
        names = [self.add(f"meanwhile-{number}") for number in range(3)]
        passed = all(self.issued_by(self.second, self.await_active(name, 120)) for name in names)
        self._check("the CA is killed: the other one issues", passed, ", ".join(names))
        state = self.account(self._first_name)["ca"]
        self._check("the dead one is spared", state["state"] in ("failing", "probing") and state["problem"]["code"] == "ca_unavailable",
                    f"{state['state']}: {state['problem']['message'][:100]}")
        said = self.cli.text("ca", "list")
        self._check("and people see it", "failing" in said or "probing" in said, " ".join(said.split())[:160])

    def key_change(self):
        before = self.account("second")
        self.second.ask("POST", "/rules", {"step": "key_change", "lose_reply": True, "times": 1})
        self.cli.text("ca", "rotate-key", "second")
        after = wait_until("the key is changed", lambda: self._changed(before), 90, self.server, every=0.5)
        lost = [call for call in self.second.ask("GET", "/calls")["calls"] if call["lost"]]
        self._check("the account's key is changed though the reply was lost", len(lost) == 1 and
                    after["account_url"] == before["account_url"], after["thumbprint"])
        name = self.add("new-key", "--ca", "second", purposes=("routing",))
        self._check("the new key proves by HTTP-01", self.issued_by(self.second, self.await_active(name)), name)

    def _changed(self, before):
        now = self.account("second")
        return now if now["key_rotation"] == "none" and now["thumbprint"] != before["thumbprint"] else None

    def revocation(self):
        name = f"chained.{ZONE}"
        before = self.served(name)
        self.cli.text("certificate", "revoke", before["id"], "--reason", "key_compromise")
        def marked():
            return next(c for c in self.second.ask("GET", "/certificates")["certificates"] if c["sha256"] == before["sha256"])
        wait_until("the CA has revoked it", lambda: marked()["revoked"], 60, self.server, every=0.3)
        self._check("the CA has revoked it, and why", marked()["reason"] == 1, before["serial"])
        after = wait_until("it has a successor", lambda: self._successor(name, before), 60, self.server, every=0.3)
        self._check("a successor is served", self.issued_by(self.second, after), after["serial"])

    def _successor(self, name, before):
        now = self.cli.endpoint(name)
        return self.served(name) if now.state == "active" and now.served_serial not in ("", before["serial"]) else None

    def first_comes_back(self):
        self.first.launch(*self._proofs(self.server))
        name = self.add("after", "--ca", self._first_name)
        self._check("back again, it is tried by itself and issues", self.issued_by(self.first, self.await_active(name, 150)), name)
        state = self.account(self._first_name)["ca"]["state"]
        self._check("it counts as healthy", state == "healthy", state)

    def promotion(self):
        self.cli.text("ca", "set", self._first_name, "--untrusted")
        before = self.served(self.plain)
        said = self.cli.text("ca", "promote", "second", "--wait", "--timeout", "90", seconds=100)
        after = self.served(self.plain)
        self._check("promotion from staging replaces what nobody trusts", self.issued_by(self.second, after) and
                    after["serial"] != before["serial"], " ".join(said.split())[-120:])
        self._check("and makes the account the default", self.account("default")["name"] == "second", "second")
        by_thumbprint = self.await_active(self.add("by-default", purposes=("routing",)))
        self._check("which the edges know by its thumbprint", self.issued_by(self.second, by_thumbprint) and
                    self.challenge_of(by_thumbprint) == "http-01", self.challenge_of(by_thumbprint))

    def the_end(self):
        said = self.cli.text("ca", "deactivate", "second", check=False)
        self._check("the default account is not closed", "default" in said and not self.account("second")["deactivated"],
                    " ".join(said.split())[:160])
        self.cli.text("ca", "deactivate", self._first_name)
        closing = [call for call in self.first.ask("GET", "/calls")["calls"] if call["path"].startswith("/acme/acct/")]
        self._check("another one is, at its CA", self.account(self._first_name)["deactivated"] and closing[-1]["status"] == 200,
                    closing[-1]["path"])
        said = self.cli.text("ca", "register", self._first_name, check=False)
        self._check("for good", "deactivated" in said, " ".join(said.split())[:160])
        self._check("what was issued is served", self.served(f"after.{ZONE}")["served"], f"after.{ZONE}")
