"""A served name changes tenants: the new one claims it with its own token, proves it by TXT, and visitors notice nothing."""

from . import probe
from .peers import make_leaf, make_tls_root
from .process import LOOPBACK, wait_until
from .product import Cli
from .stage import CUSTOMER_ZONE

BY_CNAME = f"shop.{CUSTOMER_ZONE}"  # changes hands together with its CNAMEs
BY_ADDRESS = f"plain.{CUSTOMER_ZONE}"  # only its TXT record changes
TTL = 2  # of the customer's records, in seconds


class Takeover:
    """From acme to globex; `check(what, passed, saw)` is told of each expectation."""

    def __init__(self, stage, check):
        self._stage, self.check = stage, check

    def run_all(self):
        stage = self._stage
        stage.start_surroundings()
        # Tenants' upstreams may be private ones here: the web app is on loopback.
        stage.start_server(env={"CERTWRIGHT_TENANTS_PRIVATE_UPSTREAMS": f"{LOOPBACK}/32", "CERTWRIGHT_ALERTS_GATHER": "1s"})
        self._acme, self._globex = (self._tenant(name) for name in ("acme", "globex"))
        self.before_any_proof(f"given.{CUSTOMER_ZONE}")
        self.with_its_cnames(BY_CNAME)
        self.with_its_txt_alone(BY_ADDRESS)

    def before_any_proof(self, name):
        self._acme.text("endpoint", "add", name, "--to", self._upstream("acme"))
        said = self._acme.text("endpoint", "transfer", name, "--to-tenant", "globex", check=False)
        self.check("a tenant that may not transfer is told what the new owner types",
                   "[operator_required]" in said and f"certwright endpoint add {name}" in said, said.strip())
        folder = self._stage.folder / "acme"
        folder.mkdir()
        chain, key = make_leaf(folder, "former", f"DNS:{name}", make_tls_root(folder, "former-ca", "The former CA"))
        said = self._acme.text("certificate", "upload", name, "--chain", chain, "--key", key, check=False)
        self.check("an upload before the proof is stored, and the warning names the record that proves",
                   "is not proved to be yours yet" in said and "fix:     Create the record: _certwright-ownership.given TXT" in said,
                   next((line for line in said.splitlines() if "warning:" in line), said))
        served = self._served(name)
        self.check("it is not served until then", name not in served.names, str(served))

    def with_its_cnames(self, name):
        self._serve_for_acme(name, lambda view: view.nsupdate_lines())
        before = self._served(name)
        visitors = self._visit(name)
        said = self._claim(name)
        self.check(f"{name}: the claim says that another account has it, and which record moves it",
                   "is used by another account here" in said and "TXT" in said and "moves to this account" in said, said.strip())
        self.check(f"{name}: until then acme's certificate is served", self._served(name) == before, str(before))
        view = self._globex.endpoint(name)
        self._stage.knot.update(*(f"del {r['name']}. CNAME" for r in view.records() if r["type"] == "CNAME"),
                                *view.nsupdate_lines(), self._txt(view))
        self._await_takeover(name, before, visitors)

    def with_its_txt_alone(self, name):
        self._stage.knot.update(f"add {name}. {TTL} A {LOOPBACK}")
        self._serve_for_acme(name, lambda view: [self._txt(view)])
        before = self._served(name)
        visitors = self._visit(name)
        self._claim(name)
        view = self._globex.endpoint(name)
        self._stage.knot.update(f"del _certwright-ownership.{name}. TXT", self._txt(view))
        self._await_takeover(name, before, visitors)

    # --- the parts of it --------------------------------------------------------------------------------------------

    def _tenant(self, name):
        """The command line of somebody who has nothing but that tenant's token."""
        self._stage.cli.text("tenant", "add", name)
        token = self._stage.cli.json("token", "create", "--tenant", name, "--scope", "write")["token"]
        return Cli(self._stage.server, token)

    def _upstream(self, tenant):
        return f"{self._stage.app.url}/{tenant}"

    def _txt(self, view):
        proof = next(r for r in view.records() if r["purpose"] == "ownership")
        return f"add {proof['name']}. {TTL} TXT {proof['value']}"

    def _served(self, name):
        return probe.served(self._stage.server.https, name, self._stage.root)

    def _serve_for_acme(self, name, lines):
        self._acme.text("endpoint", "add", name, "--to", self._upstream("acme"))
        self._stage.knot.update(*lines(self._acme.endpoint(name)))
        wait_until(f"{name} is active for acme", lambda: self._acme.endpoint(name).state == "active", 60, self._stage.server,
                   every=0.3)
        wait_until(f"{name} is served", lambda: self._served(name).trusted, 30, self._stage.server)

    def _visit(self, name):
        visitors = [probe.Visitor(self._stage.server.https, name, self._stage.root).start() for _ in range(3)]
        wait_until("the visitors get answers", lambda: all(v.answered or v.failures for v in visitors), 20)
        return visitors

    def _claim(self, name):
        return self._globex.text("endpoint", "add", name, "--to", self._upstream("globex"), check=False)

    def _await_takeover(self, name, before, visitors):
        server = self._stage.server
        try:
            wait_until(f"{name} is active for globex", lambda: self._globex.endpoint(name).state == "active", 90, server, every=0.3)
            after = wait_until("globex's certificate is served",
                               lambda: (leaf := self._served(name)).serial not in ("", before.serial) and leaf, 30, server)
            seen = [v.answered for v in visitors]
            wait_until("the visitors came again", lambda: all(v.answered > was + 10 or v.failures
                                                              for v, was in zip(visitors, seen)), 30)
            self._old_owner_is_told(name)
            self._acme.text("endpoint", "remove", name, "--yes")
            seen = [v.answered for v in visitors]
            wait_until("and once more", lambda: all(v.answered > was + 10 or v.failures for v, was in zip(visitors, seen)), 30)
        finally:
            for visitor in visitors:
                visitor.stop()
        self.check(f"{name}: its own certificate, from the CA", after.trusted and after.names == (name,), str(after))
        body = probe.get_https(server.https, name, self._stage.root, "/visit").body
        self.check(f"{name}: requests go to globex", "/globex/visit" in body, " ".join(body.split())[:80])
        failures = [failure for v in visitors for failure in v.failures]
        self.check(f"{name}: no handshake and no request failed", not failures,
                   f"{sum(v.answered for v in visitors)} answered, {len(failures)} failed" + (f", first: {failures[0]}" if failures else ""))

    def _old_owner_is_told(self, name):
        view = self._acme.endpoint(name)
        self.check(f"{name}: acme's endpoint says why it is served no more",
                   view.state == "action_required" and view.reason in ("name_in_use", "ownership_mismatch"), f"{view.state}, {view.message}")
        def told():  # The change of DNS may have been seen first, and told as such.
            rules = [each["rule"] for each in self._acme.json("alert", "list", "--endpoint", name)["items"]]
            return rules if "ownership_lost" in rules else None
        rules = wait_until("acme has an alert", told, 30, self._stage.server)
        self.check(f"{name}: acme has an alert about it", rules == ["ownership_lost"], str(rules))
