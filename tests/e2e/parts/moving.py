"""Moving a running site in: its old nginx and certwright both serve while DNS moves, and visitors come all the time."""

import http.client
import threading
import time

from . import probe
from .peers import make_leaf, make_tls_root
from .process import LOOPBACK, Part, accepts_tcp, have_ipv6, wait_until
from .stub_resolver import A, AAAA, StubResolver

OLD_ADDRESS = "127.0.0.3"
TTL = 2  # of the customer's records, in seconds


class OldNginx(Part):
    """The customer's server of before, on the usual ports of an address of its own."""

    def __init__(self, folder, http_port, https_port):
        super().__init__("old-nginx", folder)
        self._http, self._https = http_port, https_port

    def launch(self, chain, key, app_url):
        temporary = " ".join(f"{kind}_temp_path {self.folder}/tmp-{kind};"
                             for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.folder / "nginx.conf"
        config.write_text(f"""daemon off;
worker_processes 1;
pid {self.folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off;
  {temporary}
  server {{
    listen {OLD_ADDRESS}:{self._http};
    return 301 https://$host$request_uri;
  }}
  server {{
    listen {OLD_ADDRESS}:{self._https} ssl;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    location / {{ proxy_pass {app_url}; proxy_set_header Host $host; }}
  }}
}}
""", encoding="utf-8")
        self.start(["/usr/sbin/nginx", "-e", "stderr", "-c", config])
        wait_until("the old server answers", lambda: accepts_tcp(self._https, OLD_ADDRESS), 20, self)
        return self


class Visitor:
    """Resolves the name, connects, verifies the chain, requests; every other request on a connection that it keeps."""

    def __init__(self, resolver, name, port, roots):
        self._resolver, self._name, self._port, self._roots = resolver, name, port, roots
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answered = {}  # address -> how often it has answered
        self.last = {}  # address -> when it answered last
        self.failures = []

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join(30)

    def _run(self):
        kept, kept_address = None, None
        fresh = False
        while not self._stop.is_set():
            fresh = not fresh
            try:
                address = self._resolver.address(self._name)
                if fresh:
                    answer = probe.get_https(self._port, self._name, self._roots, "/visit", address)
                else:
                    if kept_address != address:
                        if kept:
                            kept.close()
                        kept = probe.open_https(self._port, self._name, self._roots, address)
                        kept_address = address
                    answer = probe.get_over(kept, "/visit")
                if answer.status == 200:
                    self.answered[address] = self.answered.get(address, 0) + 1
                    self.last[address] = time.monotonic()
                else:
                    self.failures.append(f"status {answer.status} from {address}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                kept_address = None
            time.sleep(0.01)
        if kept:
            kept.close()


class Moving:
    """Both ways of moving in, one after the other, each with a name of its own."""

    def __init__(self, stage, check):
        self._stage, self.check = stage, check
        folder = stage.folder / "old"
        folder.mkdir()
        self._folder = folder
        self._old_root, self._old_key = make_tls_root(folder, "old-ca", "The customer's former CA")
        self._nginx = OldNginx(stage.folder / "old-nginx", stage.server.http, stage.server.https)
        self._roots = folder / "roots.pem"
        self._moved = 0.0  # when DNS changed

    def run_all(self):
        stage = self._stage
        stage.start_surroundings()
        stage.start_server()
        names = ("shop.customer.test", "mail.customer.test")
        self._leaf = make_leaf(self._folder, "old", ",".join(f"DNS:{name}" for name in names), (self._old_root, self._old_key))
        stage.keep(self._nginx).launch(*self._leaf, stage.app.url)
        self._roots.write_text(self._old_root.read_text() + stage.root.read_text(), encoding="utf-8")
        stage.knot.update(*(f"add {name}. {TTL} A {OLD_ADDRESS}" for name in names))
        self.with_transitional_certificate(names[0])
        self.with_dns_01_first(names[1])

    def with_transitional_certificate(self, name):
        visitors = self._visit(name)
        self._stage.cli.text("endpoint", "add", name, "--to", self._stage.app.url)
        self._stage.cli.text("certificate", "upload", name, "--chain", self._leaf[0], "--key", self._leaf[1], "--transitional")
        ready = self._await_at_edge(name, lambda leaf: leaf.trusted and "former CA" in leaf.issuer)
        self.check(f"{name}: the edge serves the old certificate before DNS moves", True, str(ready))
        self._move(name)
        managed = self._await_at_edge(name, lambda leaf: leaf.trusted and "Pebble" in leaf.issuer)
        self.check(f"{name}: it serves its own after DNS has moved", managed.names == (name,), str(managed))
        self._await_active(name)
        self._finish(name, visitors)

    def with_dns_01_first(self, name):
        visitors = self._visit(name)
        cli = self._stage.cli
        cli.text("endpoint", "add", name, "--to", self._stage.app.url)
        delegation = [r for r in cli.endpoint(name).records() if r["purpose"] == "challenge"]
        self._stage.knot.update(*(f"add {r['name']}. {TTL} CNAME {r['value']}." for r in delegation))
        managed = self._await_at_edge(name, lambda leaf: leaf.trusted and leaf.names == (name,) and "Pebble" in leaf.issuer)
        self.check(f"{name}: it has its certificate while DNS leads to the old server", True, str(managed))
        asked = self._stage.ca.http_proofs(name)
        self.check(f"{name}: proved without HTTP", asked == 0, f"{asked} HTTP proofs")
        self._move(name)
        self._await_active(name)
        self._finish(name, visitors)
        after = probe.served(self._stage.server.https, name, self._stage.root)
        self.check(f"{name}: the same certificate before and after", after.serial == managed.serial, str(after))

    def _visit(self, name):
        kinds = [(A,)] + ([(AAAA, A)] if have_ipv6() else [])
        # They asked at different times, so they come over one after the other.
        visitors = [Visitor(StubResolver(self._stage.unbound.port, each, TTL + number / 2), name, self._stage.server.https,
                            self._roots).start()
                    for number, each in enumerate(kinds * 2)]
        wait_until("the visitors reach the old server", lambda: all(v.answered or v.failures for v in visitors), 20)
        return visitors

    def _await_at_edge(self, name, wanted):
        """What our edge serves to somebody whom DNS does not lead there yet."""
        def look():
            leaf = probe.served(self._stage.server.https, name, self._roots)
            return leaf if wanted(leaf) else None
        return wait_until(f"the edge serves what {name} needs", look, 60, self._stage.server, every=0.2)

    def _await_active(self, name):
        wait_until(f"{name} is active", lambda: self._stage.cli.endpoint(name).state == "active", 60, self._stage.server, every=0.3)

    def _move(self, name):
        """One change at the customer's DNS: the address of before becomes the CNAME."""
        routing = next(r for r in self._stage.cli.endpoint(name).records() if r["purpose"] == "routing")
        self._stage.knot.update(f"del {name}. A", f"add {name}. {TTL} CNAME {routing['value']}.")
        self._moved = time.monotonic()

    def _finish(self, name, visitors):
        def all_have_come(v):
            return any(address != OLD_ADDRESS for address in v.answered)
        try:
            wait_until(f"every visitor of {name} has come over", lambda: all(all_have_come(v) or v.failures for v in visitors), 30)
            came = [sum(v.answered.values()) for v in visitors]
            wait_until("and stayed", lambda: all(sum(v.answered.values()) > before + 10 or v.failures
                                                 for v, before in zip(visitors, came)), 30)
        finally:
            for visitor in visitors:
                visitor.stop()
        failures = [failure for v in visitors for failure in v.failures]
        stayed = max(v.last.get(OLD_ADDRESS, 0.0) for v in visitors) - self._moved
        self.check(f"{name}: caches led to the old server for a while after the move", stayed > TTL / 2, f"{stayed:.1f} s")
        old = sum(v.answered.get(OLD_ADDRESS, 0) for v in visitors)
        new = sum(sum(v.answered.values()) for v in visitors) - old
        self.check(f"{name}: no handshake and no request failed", old > 0 and new > 0 and not failures,
                   f"{old} answered by the old server, {new} by certwright, {len(failures)} failed"
                   + (f", first: {failures[0]}" if failures else ""))
