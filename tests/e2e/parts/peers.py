"""The real programs around certwright: Pebble (the CA), Unbound (the CA's resolver), Knot (a customer's DNS), a web app."""

import base64
import json
import os
import re
import shutil
import ssl
import sys
import urllib.request
from pathlib import Path

from .process import LOOPBACK, Failed, Part, accepts_tcp, run, wait_until

ROOT = Path(__file__).resolve().parents[3]


def peer_binary(name):
    _, path, _ = run([ROOT / "tools" / "peers", "--print", name], f"look up {name}")
    return path.strip()


def make_tls_root(folder, name, common_name):
    """A fresh self-signed CA: (certificate, key)."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", f"/CN={common_name}", "-addext", "basicConstraints=critical,CA:TRUE",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", key, "-out", certificate], f"make {name}")
    return certificate, key


def make_leaf(folder, name, alternative_names, issuer):
    """A certificate for `alternative_names` (e.g. "DNS:a.example,IP:127.0.0.1") signed by `issuer`: (chain, key)."""
    chain, key, request, extensions = (folder / f"{name}{end}" for end in (".pem", ".key", ".csr", ".ext"))
    extensions.write_text(f"subjectAltName={alternative_names}\nbasicConstraints=critical,CA:FALSE\n"
                          "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
    run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/",
         "-keyout", key, "-out", request], f"make a key for {name}")
    run(["openssl", "x509", "-req", "-in", request, "-CA", issuer[0], "-CAkey", issuer[1], "-CAcreateserial",
         "-days", "30", "-extfile", extensions, "-out", chain], f"sign {name}")
    return chain, key


def make_dated_leaf(folder, alternative_names, key, issuer, start, end):
    """A certificate for an existing key that is valid from `start` to `end` ("20200101000000Z"): its file."""
    (folder / "index.txt").write_text("", encoding="utf-8")
    (folder / "serial").write_text("1000", encoding="utf-8")
    config, request, out = folder / "ca.conf", folder / "dated.csr", folder / "dated.pem"
    config.write_text(f"""[ca]
default_ca = own
[own]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = optional
[leaf]
subjectAltName = {alternative_names}
""", encoding="utf-8")
    run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=x", "-out", request], "make a request")
    run(["openssl", "ca", "-batch", "-notext", "-config", config, "-cert", issuer[0], "-keyfile", issuer[1], "-in", request,
         "-startdate", start, "-enddate", end, "-out", out], "make a dated certificate")
    return out


# Pebble at its meanest: half of all nonces refused, half of all authorizations reused, up to 5 s of sleep before it looks for
# a proof, other roots to choose from, longer chains.
MEAN = {"PEBBLE_WFE_NONCEREJECT": "50", "PEBBLE_AUTHZREUSE": "50", "PEBBLE_VA_NOSLEEP": "0", "PEBBLE_ALTERNATE_ROOTS": "2",
        "PEBBLE_CHAIN_LENGTH": "3"}


class Pebble(Part):
    """An ACME CA (RFC 8555) made for tests. `http_port` and `tls_port` are where it looks for proofs."""

    def __init__(self, folder, ports, version="pebble"):
        super().__init__("pebble", folder)
        self.port, self.management = ports.take(), ports.take()
        self.binary = peer_binary(version)
        self.directory = f"https://localhost:{self.port}/dir"
        self.trust, key = make_tls_root(folder, "pebble-tls-root", "Root of the CA's own web server")
        self._server = make_leaf(folder, "pebble-tls", "DNS:localhost,IP:127.0.0.1", (self.trust, key))

    def launch(self, resolver_port, http_port, tls_port, env=None):
        config = {"pebble": {
            "listenAddress": f"{LOOPBACK}:{self.port}", "managementListenAddress": f"{LOOPBACK}:{self.management}",
            "certificate": str(self._server[0]), "privateKey": str(self._server[1]),
            "httpPort": http_port, "tlsPort": tls_port, "ocspResponderURL": "",
            "externalAccountBindingRequired": False, "retryAfter": {"authz": 1, "order": 1},
            "certificateValidityPeriod": 7776000}}
        path = self.folder / "pebble.json"
        path.write_text(json.dumps(config, indent=2), encoding="utf-8")
        self.start([self.binary, "-config", path, "-dnsserver", f"{LOOPBACK}:{resolver_port}"],
                   env={"PEBBLE_VA_NOSLEEP": "1", **(env or {})})
        wait_until("the CA answers", lambda: accepts_tcp(self.port) and accepts_tcp(self.management), 20, self)
        return self

    def issuing_root(self):
        """The root under which it issues, as a PEM file; a new one at each start."""
        path = self.folder / "issuing-root.pem"
        path.write_text(self._management("roots/0"), encoding="utf-8")
        return path

    def status_of(self, serial):
        """"Valid" or "Revoked", or None for a serial number that it did not issue."""
        try:
            return json.loads(self._management(f"cert-status-by-serial/{serial}"))["Status"]
        except OSError:
            return None

    def http_proofs(self, name):
        """How often it fetched an HTTP-01 proof for `name`."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return len(re.findall(rf"Attempting to validate w/ HTTP: http://{re.escape(name)}[:/]", text))

    def orders(self):
        """How many orders it has got."""
        return len(re.findall(r"Added order ", self.log.read_text(encoding="utf-8", errors="replace")))

    def _management(self, path):
        context = ssl.create_default_context(cafile=self.trust)
        url = f"https://localhost:{self.management}/{path}"
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            return answer.read().decode()


class Unbound(Part):
    """A caching resolver that knows only the given zones. As a CA's, it randomizes case and keeps nothing."""

    def __init__(self, folder, ports):
        super().__init__("unbound", folder)
        self.port = ports.take()

    def launch(self, zones):
        """`zones`: zone name -> port of its name server."""
        lines = ["server:", f"  interface: {LOOPBACK}", f"  port: {self.port}", "  do-daemonize: no", "  use-syslog: no",
                 '  logfile: ""', "  verbosity: 1", '  username: ""', '  chroot: ""', f'  directory: "{self.folder}"',
                 '  pidfile: ""', "  num-threads: 1", "  do-not-query-localhost: no",
                 "  access-control: 127.0.0.0/8 allow", '  module-config: "iterator"', "  use-caps-for-id: yes",
                 "  cache-max-ttl: 0", "  cache-max-negative-ttl: 0", "  infra-host-ttl: 1", "  infra-keep-probing: yes",
                 '  local-zone: "." static']
        lines += [f'  local-zone: "{zone}." transparent' for zone in zones]
        for zone, port in zones.items():
            lines += ["stub-zone:", f'  name: "{zone}."', f"  stub-addr: {LOOPBACK}@{port}"]
        lines += ["remote-control:", "  control-enable: no"]
        path = self.folder / "unbound.conf"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.start(["/usr/sbin/unbound", "-d", "-c", path])
        wait_until("the resolver answers", lambda: accepts_tcp(self.port), 20, self)
        return self


class Knot(Part):
    """An authoritative server with one zone that takes dynamic updates (RFC 2136) signed by a key."""

    def __init__(self, folder, ports, zone):
        super().__init__("knot", folder)
        self.port, self.zone = ports.take(), zone
        self._secret = base64.b64encode(os.urandom(32)).decode()
        self.key_file = folder / "customer.key"

    def launch(self):
        self.key_file.write_text(f"hmac-sha256:customer:{self._secret}\n", encoding="utf-8")
        self.key_file.chmod(0o600)
        (self.folder / f"{self.zone}.zone").write_text(
            f"$ORIGIN {self.zone}.\n$TTL 5\n@ SOA ns1 hostmaster 1 60 60 3600 1\n@ NS ns1\nns1 A {LOOPBACK}\n", encoding="utf-8")
        path = self.folder / "knot.conf"
        path.write_text(f"""server:
    rundir: "{self.folder}"
    listen: {LOOPBACK}@{self.port}
log:
  - target: stdout
    any: info
database:
    storage: "{self.folder}"
key:
  - id: customer
    algorithm: hmac-sha256
    secret: {self._secret}
acl:
  - id: customer_updates
    key: customer
    action: update
zone:
  - domain: {self.zone}
    storage: "{self.folder}"
    file: "{self.zone}.zone"
    acl: customer_updates
    zonefile-sync: -1
    journal-content: changes
""", encoding="utf-8")
        self.start(["/usr/sbin/knotd", "-c", path])
        wait_until("the customer's DNS server answers", lambda: accepts_tcp(self.port), 20, self)
        wait_until(f"it has {self.zone}", self._has_zone, 20, self)
        return self

    def update(self, *changes):
        """Each change is a line of nsupdate, e.g. "add a.customer.test. 5 CNAME b.example."."""
        script = "\n".join([f"server {LOOPBACK} {self.port}", f"zone {self.zone}.", *(f"update {c}" for c in changes), "send", ""])
        run(["knsupdate", "-k", self.key_file], "update the customer's zone", stdin=script)

    def _has_zone(self):
        return "ns1" in dig(self.port, self.zone, "SOA")


class PostgreSql(Part):
    """A database cluster of its own on a socket in its folder; durability is off, because it dies with the test."""

    PROGRAMS = Path("/usr/lib/postgresql/15/bin")

    def __init__(self, folder):
        super().__init__("postgresql", folder)
        self.url = f"host={folder} user=certwright dbname=postgres"

    def launch(self):
        """PostgreSQL refuses to run as root: then the folder and the processes are the user postgres's."""
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if as_user:
            shutil.chown(self.folder, "postgres", "postgres")
            self.log.touch()
        cluster = self.folder / "cluster"
        run([*as_user, self.PROGRAMS / "initdb", "-D", cluster, "-U", "certwright", "-A", "trust", "-E", "UTF8", "--no-sync"],
            "make a database cluster", 60)
        self.start([*as_user, self.PROGRAMS / "postgres", "-D", cluster, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"])
        wait_until("the database answers", lambda: (self.folder / ".s.PGSQL.5432").exists(), 20, self)
        return self


class HookReceiver(Part):
    """Somebody who takes webhooks and verifies their signatures."""

    def __init__(self, folder, ports):
        super().__init__("receiver", folder)
        self._port = ports.take()
        self._log = folder / "taken.jsonl"
        self.url = f"http://{LOOPBACK}:{self._port}/alerts"

    def launch(self, secret):
        self.start([sys.executable, ROOT / "tests" / "peers" / "hook_receiver.py", self._port, self._log, secret])
        wait_until("the webhook receiver answers", lambda: accepts_tcp(self._port), 20, self)
        return self

    def taken(self):
        """What was posted, as JSON, oldest first; each with `valid`: whether its signature is right."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]


class WebApp(Part):
    """The customer's web app: says which app it is, and what the proxy in front told it."""

    def __init__(self, folder, ports, title):
        super().__init__("web-app", folder)
        self.port, self.title = ports.take(), title
        self.url = f"http://{LOOPBACK}:{self.port}"

    def launch(self):
        self.start([sys.executable, "-u", Path(__file__).with_name("web_app.py"), self.port, self.title])
        wait_until("the web app answers", lambda: accepts_tcp(self.port), 20, self)
        return self


def dig(port, name, kind, address=LOOPBACK, transport="+notcp"):
    """The answer section in short form, one record a line; Failed when nothing answers."""
    status, out, _ = run(["dig", f"@{address}", "-p", port, name, kind, "+short", "+time=2", "+tries=2", transport],
                         f"ask for {name} {kind}", check=False)
    if status == 9:
        raise Failed(f"no answer from {address} port {port} for {name} {kind}")
    return "\n".join(line for line in out.splitlines() if not line.startswith(";"))
