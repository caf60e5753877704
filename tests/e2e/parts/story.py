"""The main job, told in steps and verified from outside at each of them."""

import shlex
import time

from . import probe
from .peers import dig, make_dated_leaf, make_leaf, make_tls_root
from .process import LOOPBACK, LOOPBACK6, Failed, have_ipv6, wait_until
from .product import CHALLENGE_ZONE, DOMAIN, EndpointView

SHOP = "shop.customer.test"
SERVICES = "services.customer.test"
CLAIMED = "claimed.customer.test"
BLOG = "blog.customer.test"
OLD = "old.customer.test"
LET_IN = "127.0.0.2"  # the address that the IP filter of the internal endpoint lets in


class Story:
    """Steps run in order; a check that fails is told and counted, a step that cannot go on raises Failed."""

    def __init__(self, stage, out=print):
        self._stage = stage
        self._cli = stage.cli
        self._print = out
        self._began = time.monotonic()
        self.checks = 0
        self.failures = []

    def tell(self):
        for step in (self.open_the_stage, self.platform_certificate, self.external_endpoint, self.transitional_certificate,
                     self.records_appear, self.internal_endpoint, self.ownership, self.wrong_dns, self.alert, self.renewal,
                     self.overview):
            step()

    # --- telling ----------------------------------------------------------------------------------------------------

    def title(self, text):
        self._print(f"\n== {text}  [{time.monotonic() - self._began:.1f} s]")

    def say(self, text):
        self._print(f"   {text}")

    def check(self, what, passed, saw):
        self.checks += 1
        self._print(f"   {'ok  ' if passed else 'FAIL'} {what}: {saw}")
        if not passed:
            self.failures.append(what)
        return passed

    def show_command(self, *arguments, seconds=90, check=True):
        """`check`: whether it must end well. Returns what it printed."""
        self._print(f"   $ certwright {shlex.join(map(str, arguments))}")
        text = self._cli.text(*arguments, seconds=seconds, check=check)
        for line in text.rstrip().splitlines():
            self._print(f"     {line}".rstrip())
        return text

    def change_zone(self, lines):
        for line in lines:
            self._print(f"   $ knsupdate: update {line}")
        self._stage.knot.update(*lines)

    # --- asking -----------------------------------------------------------------------------------------------------

    def everywhere(self):
        """Each address at which an edge listens: (what to call it, address, HTTPS port)."""
        addresses = [LOOPBACK] + ([LOOPBACK6] if have_ipv6() else [])
        return [(f"{name} {address}", address, https)
                for name, _, https in self._stage.edges() for address in addresses]

    def served(self, name, root=None):
        """What both edges serve for `name` on IPv4 and IPv6."""
        return {where: probe.served(port, name, root or self._stage.root, address)
                for where, address, port in self.everywhere()}

    def await_served(self, name, what, wanted, seconds=30, root=None):
        """Waits until every edge serves a certificate that is `wanted`; checks and returns it."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.served(name, root)
            passed = all(wanted(leaf) for leaf in found.values()) and len({leaf.serial for leaf in found.values()}) == 1
            if passed or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        leaf = next(iter(found.values()))
        saw = f"{leaf} at {', '.join(found)}" if passed else "; ".join(f"{where}: {one}" for where, one in found.items())
        self.check(what, passed, saw)
        return leaf

    def await_state(self, name, state, seconds=90):
        """Waits for the state by itself, telling each change on the way."""
        told = None

        def reached():
            nonlocal told
            now = self._cli.endpoint(name)
            if (now.state, now.reason) != told:
                told = (now.state, now.reason)
                self.say(f"... {name} is {now.state}" + (f": {now.message}" if now.reason else ""))
            return now if now.state == state else None

        return wait_until(f"{name} is {state}", reached, seconds, self._stage.server, every=0.3)

    def check_app(self, name, where, port, address=LOOPBACK, source=None):
        answer = probe.get_https(port, name, self._stage.root, "/hello?x=1", address, source)
        good = answer.status == 200 and self._stage.app.title in answer.body and "/hello?x=1" in answer.body
        self.check(f"https://{name}/ is the customer's app, through {where}", good, f"{answer.status} {one_line(answer.body)}")
        return answer

    # --- the steps --------------------------------------------------------------------------------------------------

    def open_the_stage(self):
        self.title("The parts")
        stage = self._stage
        stage.start_surroundings()
        self.say(f"CA (Pebble)               {stage.ca.directory}")
        self.say(f"its resolver (Unbound)    {LOOPBACK} port {stage.unbound.port}")
        self.say(f"customer's DNS (Knot)     {LOOPBACK} port {stage.knot.port}, zone customer.test")
        self.say(f"customer's web app        {stage.app.url}")
        stage.start_server(env={"CERTWRIGHT_ALERTS_GATHER": "1s"})  # half a minute in earnest
        self.say(f"certwright serve          API {stage.server.url}, name server port {stage.server.dns}, "
                 f"HTTP {stage.server.http}, HTTPS {stage.server.https}")
        stage.start_edge()
        self.say(f"certwright edge           HTTP {stage.edge.http}, HTTPS {stage.edge.https}; a second process, fed by the first")
        self.say(f"logs and data             {stage.folder}")

    def platform_certificate(self):
        self.title(f"1. The platform gets its own certificate, *.{DOMAIN}, by DNS-01 at first start")
        for zone in (DOMAIN, CHALLENGE_ZONE):
            soa = dig(self._stage.unbound.port, zone, "SOA")
            self.check(f"the CA's resolver reaches our name server for {zone}", bool(soa), soa or "no SOA")
        self.wildcard = self.await_served(
            f"anything.{DOMAIN}", "both edges serve the platform wildcard, trusted",
            lambda leaf: leaf.trusted and f"*.{DOMAIN}" in leaf.names, seconds=60)
        self.check("the CA says that it issued it", self._stage.ca.status_of(self.wildcard.serial) == "Valid",
                   f"serial {self.wildcard.serial}: {self._stage.ca.status_of(self.wildcard.serial)}")

    def external_endpoint(self):
        self.title(f"2. A customer adds {SHOP}, an external endpoint")
        self.show_command("endpoint", "add", SHOP, "--to", self._stage.app.url)
        shop = self._cli.endpoint(SHOP)
        records = shop.records()
        self.check("two CNAMEs to create are printed at once",
                   sorted(r["purpose"] for r in records) == ["challenge", "routing"] and all(r["type"] == "CNAME" for r in records),
                   "; ".join(f"{r['name']} CNAME {r['value']}" for r in records))
        shop = wait_until("DNS was looked at", lambda: waiting(self._cli.endpoint(SHOP)), 20, self._stage.server)
        self.check("its state says what is missing", shop.state == "pending_dns" and shop.reason.startswith(("dns_", "delegation_")),
                   f"{shop.state}, {shop.reason}: {shop.message}")
        self.say("Nobody has a certificate for it yet, so the edges serve the platform's.")
        self.await_served(SHOP, f"{SHOP} is answered with the platform wildcard",
                          lambda leaf: leaf.serial == self.wildcard.serial)

    def transitional_certificate(self):
        self.title("3. The customer moves in from elsewhere and uploads the certificate used there")
        folder = self._stage.folder / "customer"
        folder.mkdir()
        former = make_tls_root(folder, "former-ca", "The customer's former CA")
        chain, key = make_leaf(folder, "transitional", f"DNS:{SHOP}", former)
        self.show_command("certificate", "upload", SHOP, "--chain", chain, "--key", key, "--transitional")
        self.transitional = self.await_served(
            SHOP, "both edges serve the transitional certificate", root=former[0],
            wanted=lambda leaf: leaf.trusted and SHOP in leaf.names and "former CA" in leaf.issuer)

    def records_appear(self):
        self.title("4. The customer creates the records; the rest happens by itself")
        routing, delegation = self._cli.endpoint(SHOP).nsupdate_lines()
        self.change_zone([routing])
        seen = dig(self._stage.unbound.port, SHOP, "A")
        self.check("the CA's resolver follows them to us", LOOPBACK in seen.splitlines(), one_line(seen))
        self.await_state(SHOP, "active")
        self.shop = self.await_served(SHOP, "the managed certificate has replaced the transitional one",
                                      lambda leaf: leaf.trusted and leaf.names == (SHOP,) and "Pebble" in leaf.issuer)
        self.check_told_serial(SHOP, self.shop)
        proofs = self._stage.ca.http_proofs(SHOP)
        self.check("it was proved by HTTP-01", proofs > 0, f"the CA fetched {proofs} proofs from port {self._stage.server.http}")
        self.change_zone([delegation])
        self.show_command("endpoint", "check", SHOP)
        found = {r["purpose"]: r["status"] for r in self._cli.endpoint(SHOP).records() if r["type"] == "CNAME"}
        self.check("both records are found", found == {"routing": "ok", "challenge": "ok"}, str(found))
        for where, address, port in self.everywhere():
            answer = self.check_app(SHOP, where, port, address)
        status, body = probe.curl(self._stage.server.https, SHOP, self._stage.root)
        self.check("curl with the CA's root gets the page", status == 0 and self._stage.app.title in body, one_line(body))
        lowered = answer.body.lower()
        self.check("the app is told who asked", "x-forwarded-for" in lowered and "x-forwarded-proto" in lowered and '"https"' in lowered,
                   "X-Forwarded-For and X-Forwarded-Proto are there" if "x-forwarded-for" in lowered else "they are missing")
        for where, http_port, _ in self._stage.edges():
            plain = probe.get_http(http_port, SHOP, "/a?b=c")
            target = plain.headers.get("location", "")
            self.check(f"plain HTTP is sent to HTTPS by {where}", plain.status in (301, 308) and target.startswith(f"https://{SHOP}")
                       and target.endswith("/a?b=c"), f"{plain.status} {target}")

    def internal_endpoint(self):
        self.title(f"5. {SERVICES}: an internal endpoint with an IP filter, proved by DNS-01 alone")
        allowed = [f"{LET_IN}/32"] + ([f"{LOOPBACK6}/128"] if have_ipv6() else [])
        filters = [part for cidr in allowed for part in ("--allow", cidr)]
        self.show_command("endpoint", "add", SERVICES, "--to", self._stage.app.url, "--internal", *filters)
        records = self._cli.endpoint(SERVICES).records(required_only=True)
        self.check("one CNAME is required", [r["purpose"] for r in records] == ["challenge"],
                   "; ".join(f"{r['name']} {r['type']} {r['value']}" for r in records))
        self.change_zone([f"add {r['name']}. 5 {r['type']} {r['value']}." for r in records])
        self.await_state(SERVICES, "active")
        self.await_served(SERVICES, "it has a certificate of its own", lambda leaf: leaf.trusted and leaf.names == (SERVICES,))
        proofs = self._stage.ca.http_proofs(SERVICES)
        self.check("the CA never came over HTTP for it", proofs == 0, f"{proofs} HTTP proofs")
        left = dig(self._stage.unbound.port, f"_acme-challenge.{SERVICES}", "TXT")
        self.check("no challenge is left in DNS", "\"" not in left, one_line(left) or "no TXT")
        for where, _, port in self._stage.edges():
            self.check_app(SERVICES, f"{where} from {LET_IN}", port, source=LET_IN)
            refused = probe.get_https(port, SERVICES, self._stage.root, source=LOOPBACK)
            self.check(f"{where} keeps {LOOPBACK} out", refused.status == 403, f"status {refused.status}")

    def ownership(self):
        self.title(f"6. {CLAIMED} has an address of ours already; a tenant asks for it, and has to prove that it is his")
        self._cli.text("tenant", "add", "globex")
        self.change_zone([f"add {CLAIMED}. 5 A {LOOPBACK}"])
        self.show_command("endpoint", "add", CLAIMED, "--to", self._stage.app.url, "--tenant", "globex")
        told = wait_until("it is told what is missing", lambda: about_ownership(self._cli.endpoint(CLAIMED)), 20, self._stage.server)
        self.check("an address proves nothing", told.state == "pending_dns" and told.reason == "ownership_missing", told.message)
        for where, http_port, _ in self._stage.edges():
            status = probe.get_http(http_port, CLAIMED, "/").status
            self.check(f"{where} does not know the name yet", status == 404, f"status {status}")
        proof = next(r for r in told.records() if r["purpose"] == "ownership")
        self.change_zone([f"add {proof['name']}. 5 TXT {proof['value']}"])
        self.await_state(CLAIMED, "active")
        self.await_served(CLAIMED, "proved, it is served with its own certificate", lambda leaf: leaf.trusted and leaf.names == (CLAIMED,))

    def check_told_serial(self, name, leaf):
        told = self._cli.endpoint(name).served_serial
        self.check("endpoint show names the serial number that is served", same_number(told, leaf.serial),
                   f"told {told or 'none'}, served {leaf.serial}")

    def wrong_dns(self):
        self.title(f"7. {BLOG}: its DNS is wrong, and the doctor says what to do about it")
        self._cli.text("endpoint", "add", BLOG, "--to", self._stage.app.url)
        blog = self._cli.endpoint(BLOG)
        routing = next(r for r in blog.records() if r["purpose"] == "routing")
        self.change_zone([f"add {BLOG}. 1 CNAME www.customer.test."])
        told = self.show_command("doctor", BLOG, check=False)
        self.check("it says what is there, what should be, and who must act",
                   all(part in told for part in ("[dns_wrong_target]", routing["value"], "CNAME www.customer.test", "Who must act")),
                   next((line.strip() for line in told.splitlines() if "[dns_wrong_target]" in line), "nothing about it"))
        self.say("The customer corrects the record.")
        self.change_zone([f"del {BLOG}. CNAME", *blog.nsupdate_lines()])
        self.await_state(BLOG, "active")
        # The certificate may still be on its way to the edges.
        wait_until("the doctor finds nothing", lambda: "All is well" in self._cli.text("doctor", BLOG, check=False), 30,
                   self._stage.server)
        told = self.show_command("doctor", BLOG, check=False)
        self.check("now all is well", "All is well" in told and " x " not in told, told.splitlines()[1])

    def alert(self):
        self.title(f"8. {OLD} lives on an uploaded certificate that ends soon; somebody is told")
        folder = self._stage.folder / "old"
        folder.mkdir()
        root = make_tls_root(folder, "root", "An old CA")
        receiver = self._stage.receiver
        added = self._cli.json("channel", "add", "pager", "--webhook", receiver.url, "--everything")
        self._stage.keep(receiver).launch(added["secret"])
        self.show_command("channel", "test", "pager")
        self._cli.text("endpoint", "add", OLD, "--to", self._stage.app.url)
        self._upload(folder, "ending", root, days=2)
        opened = wait_until("the alert arrives", lambda: self._told(OLD, "alert.opened"), 30, self._stage.server)
        self.check("the channel hears of it, signed", opened["valid"] and "has no successor" in opened["body"]["summary"],
                   opened["body"]["summary"])
        for line in opened["body"]["text"].rstrip().splitlines():
            self._print(f"     {line}".rstrip())
        status = self.show_command("status")
        self.check("status counts it", "1 active" in status and "certwright alert list" in status,
                   next((line.strip() for line in status.splitlines() if "alerts" in line), "no word of alerts"))
        self.say("The successor is uploaded.")
        self._upload(folder, "successor", root, days=80)
        over = wait_until("so does its end", lambda: self._told(OLD, "alert.resolved"), 30, self._stage.server)
        self.check("and that it is over", over["body"]["summary"].startswith("Resolved: "), over["body"]["summary"])

    def _upload(self, folder, stem, root, days):
        key = make_leaf(folder, stem, f"DNS:{OLD}", root)[1]
        start, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + day * 86400)) for day in (-10, days))
        chain = make_dated_leaf(folder, f"DNS:{OLD}", key, root, start, end)
        self.show_command("certificate", "upload", OLD, "--chain", chain, "--key", key)

    def _told(self, name, kind):
        """The notice of that type about `name`, once it was taken."""
        return next((each for each in self._stage.receiver.taken()
                     if each["body"]["type"] == kind and each["body"].get("alert", {}).get("name") == name), None)

    def renewal(self):
        self.title(f"9. {SHOP} is renewed while visitors keep coming, through both edges")
        addresses = [LOOPBACK] + ([LOOPBACK6] if have_ipv6() else [])
        visitors = [probe.Visitor(https, SHOP, self._stage.root, address).start()
                    for _, _, https in self._stage.edges() for address in addresses]
        try:
            wait_until("the visitors get answers", lambda: all(v.answered or v.failures for v in visitors), 20)
            self.show_command("certificate", "renew", SHOP, "--wait")
            renewed = self.await_served(SHOP, "both edges serve a new serial number",
                                        lambda leaf: leaf.trusted and leaf.names == (SHOP,) and leaf.serial != self.shop.serial)
            seen = [v.answered for v in visitors]
            wait_until("each visitor came again after the change",
                       lambda: all(v.answered > before or v.failures for v, before in zip(visitors, seen)), 20)
        finally:
            for visitor in visitors:
                visitor.stop()
        failures = [failure for visitor in visitors for failure in visitor.failures]
        answered = sum(visitor.answered for visitor in visitors)
        self.check("not one request failed meanwhile", answered > 0 and not failures,
                   f"{answered} answered, {len(failures)} failed" + (f", first: {failures[0]}" if failures else ""))
        self.check_told_serial(SHOP, renewed)

    def overview(self):
        self.title("10. How it stands")
        self.show_command("status")
        self.show_command("endpoint", "show", SHOP)
        status = self._cli.json("status")
        self.check("status --json is for scripts", isinstance(status, dict) and bool(status), one_line(str(status)))
        listed = self._cli.text("endpoint", "list")
        self.check("both endpoints are listed, active", SHOP in listed and SERVICES in listed and listed.count("active") >= 2,
                   one_line(listed))
        edge = wait_until("the second edge is up to date in edge list", lambda: caught_up(self._cli.json("edge", "list")), 15,
                          self._stage.server)
        self.check("edge list shows the second edge, up to date", True, one_line(str(edge)))
        for part in self._stage.parts():
            self.check(f"{part.name} is still running", part.running(), f"pid {part.pid}")


def caught_up(listing):
    """The only remote edge, once it has applied every revision, else None."""
    edges = listing["items"]
    return edges[0] if len(edges) == 1 and edges[0]["revision"] == listing["revision"] else None


def about_ownership(view: EndpointView):
    """`view` once its reason is about whose the name is, else None."""
    return view if view.reason.startswith("ownership_") else None


def waiting(view: EndpointView):
    """`view` once a check of DNS has left its reason, else None."""
    return view if view.reason else None


def same_number(one, other):
    """Whether two hexadecimal numbers are equal, however they are written."""
    try:
        return int(one.replace(":", ""), 16) == int(other.replace(":", ""), 16)
    except ValueError:
        return False


def one_line(text, limit=160):
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[:limit] + "..."


def closing_words(stage):
    """Where things are and what to try next."""
    server = stage.server
    link = stage.cli.text("dashboard").strip()
    export = f"export CERTWRIGHT_API={server.url} CERTWRIGHT_TOKEN=$(cat {server.token_file})"
    return f"""
All of it keeps running until Ctrl-C. The dashboard, signed in to by this link, once, within ten minutes
(certwright dashboard prints another one):
  {link}
In another terminal:
  {export}
  alias certwright={server.binary}
  certwright status
  certwright dashboard
  certwright endpoint add www.customer.test --to {stage.app.url}
  printf 'server {LOOPBACK} {stage.knot.port}\\nzone customer.test.\\nupdate add NAME. 5 CNAME TARGET.\\nsend\\n' | knsupdate -k {stage.knot.key_file}
  certwright endpoint check www.customer.test
  curl --cacert {stage.root} --resolve {SHOP}:{server.https}:{LOOPBACK} https://{SHOP}:{server.https}/
  dig @{LOOPBACK} -p {server.dns} {DOMAIN} SOA
Logs: {stage.folder}/*/*.log"""


__all__ = ["Failed", "Story", "closing_words"]
