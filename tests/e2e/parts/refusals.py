"""Bad input and a broken environment: each gets a clear error with a code, and nothing is lost."""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import urllib.error
import urllib.request

from .peers import make_dated_leaf, make_leaf, make_tls_root
from .process import LOOPBACK, Part, Ports, run, wait_until
from .product import Cli, Server


class UnreachableCa:
    """A CA that is down: certwright must start, serve and answer all the same."""
    directory = f"https://{LOOPBACK}:9/dir"
    trust = ""


class Refusals:
    """Runs `certwright` in `folder`; `check(what, passed, saw)` is told of each expectation."""

    def __init__(self, folder, binary, check):
        self.folder, self.binary, self.check = folder, binary, check
        self.server = Server(folder / "serve", Ports(), binary)
        self.cli = Cli(self.server)
        self.app = "http://192.0.2.80:3000"

    def run_all(self):
        try:
            self.server.launch(UnreachableCa, 9)
            self.names_and_upstreams()
            self.tenants()
            self.uploads()
            self.edge_tokens()
            self.second_process()
            self.port_in_use()
            self.stop()
            self.domain_alone()
            self.configuration()
            self.wrong_master_key()
            self.newer_database()
            self.nothing_was_lost()
            self.full_disk()
        finally:
            self.server.stop()

    def stop(self):
        self.check("it stops by itself when asked", self.server.stop() and self.server.status() == 0, f"status {self.server.status()}")

    # --- asking ---------------------------------------------------------------------------------------------------------

    def refused(self, what, code, *arguments, words=(), env=None, ends=1):
        """The command ends with that status, its JSON names `code`, and its text says `words` and a fix."""
        environment = {**self.cli.environment(), **(env or {})}
        status, out, err = run([self.binary, *arguments, "--json"], what, 30, environment, check=False)
        _, _, told = run([self.binary, *arguments], what, 30, environment, check=False)
        try:
            found = json.loads(out or err).get("code", "no code")
        except ValueError:
            found = f"no JSON: {(out + err)[:200]!r}"
        missing = [word for word in words if word.lower() not in told.lower()]
        self.check(f"{what} is refused with {code}", status == ends and found == code and not missing,
                   f"status {status}, {found}; {' '.join(told.split())[:160]}" + (f"; lacks {missing}" if missing else ""))

    def start_fails(self, what, code, words=(), status=1, arguments=(), prefix=()):
        """`serve` ends at once with `code`, and says `words`."""
        ended, out, err = run([*prefix, self.binary, "serve", "--config", self.server.config, *arguments], what, 30, check=False)
        text = out + err
        missing = [word for word in (code, *words) if word not in text]
        self.check(f"{what}: serve says {code} and ends", ended == status and not missing,
                   " ".join(err.split())[:200] + (f"; lacks {missing}" if missing else ""))

    # --- cases ----------------------------------------------------------------------------------------------------------

    def names_and_upstreams(self):
        add = ("endpoint", "add")
        to = ("--to", self.app)
        self.refused("a name with a space", "name_invalid", *add, "a b.customer.test", *to)
        self.refused("a URL as name", "name_invalid", *add, "https://a.customer.test", *to)
        self.refused("a label of 64 characters", "name_too_long", *add, "a" * 64 + ".customer.test", *to)
        self.refused("a public suffix", "name_public_suffix", *add, "co.uk", *to)
        self.refused("the platform's own name", "name_reserved", *add, "www.platform.test", *to)
        self.refused("a bad CIDR", "ip_filter_invalid", *add, "a.customer.test", *to, "--allow", "192.0.2.0/33", words=["192.0.2.0/33"])
        self.refused("an upstream of another scheme", "upstream_invalid", *add, "a.customer.test", "--to", "ftp://192.0.2.80/")
        self.refused("an upstream with a password", "upstream_invalid", *add, "a.customer.test", "--to", "http://u:p@192.0.2.80/")
        added = self.cli.json(*add, "bücher.customer.test", *to)
        records = (added.get("endpoint") or added)["required_records"]
        self.check("a Unicode name is taken as A-labels", records[0]["name"] == "xn--bcher-kva.customer.test", records[0]["name"])
        wildcard = self.cli.text(*add, "*.shop.customer.test", *to)
        self.check("a wildcard is told that it needs the delegation", "_acme-challenge.shop.customer.test" in wildcard, one_line(wildcard))

    def tenants(self):
        self.cli.text("tenant", "add", "globex", check=False)
        token = self.cli.json("token", "create", "--tenant", "globex", "--scope", "read", "--scope", "write")["token"]
        globex = {"CERTWRIGHT_TOKEN": token}
        self.refused("another tenant's endpoint", "endpoint_not_found", "endpoint", "show", "bücher.customer.test", env=globex)
        self.cli.text("endpoint", "add", "theirs.customer.test", "--to", self.app, "--tenant", "globex")
        self.refused("what only the operator may do", "operator_required", "endpoint", "suspend", "theirs.customer.test", env=globex, ends=3)
        self.cli.text("endpoint", "add", "bücher.customer.test", "--to", self.app, "--tenant", "globex")
        status, told, said = run([self.binary, "endpoint", "show", "bücher.customer.test"], "globex looks at its claim", 30,
                                 {**self.cli.environment(), **globex}, check=False)
        self.check("a claim on a name that another tenant holds needs its TXT record", status == 0 and
                   "_certwright-ownership.xn--bcher-kva" in told and "certwright=" in told, one_line(told + said))
        for name in ("theirs.customer.test", "bücher.customer.test"):
            run([self.binary, "endpoint", "remove", name, "--yes"], "globex removes it", 30, {**self.cli.environment(), **globex})
        for address in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]"):
            self.refused(f"a tenant's upstream at {address}", "upstream_forbidden", "endpoint", "add", "g.customer.test", "--to",
                         f"http://{address}/", env=globex)

    def uploads(self):
        folder = self.folder / "uploads"
        folder.mkdir()
        name = "bücher.customer.test"
        root = make_tls_root(folder, "root", "An uploaded root")
        good = make_leaf(folder, "good", "DNS:xn--bcher-kva.customer.test", root)
        other = make_leaf(folder, "other", "DNS:other.customer.test", root)
        broken = folder / "broken.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n", encoding="utf-8")
        expired = make_dated_leaf(folder, "DNS:xn--bcher-kva.customer.test", good[1], root, "20200101000000Z", "20200201000000Z")
        upload = ("certificate", "upload", name)
        self.refused("broken PEM", "unparsable", *upload, "--chain", broken, "--key", good[1])
        self.refused("another certificate's key", "key_mismatch", *upload, "--chain", good[0], "--key", other[1])
        self.refused("a certificate for another name", "name_not_covered", *upload, "--chain", other[0], "--key", other[1])
        self.refused("an expired certificate", "cert_upload_expired", *upload, "--chain", expired, "--key", good[1])
        self.cli.text(*upload, "--chain", good[0], "--key", good[1])

    def edge_tokens(self):
        self.refused("a token for a group that is not there", "group_not_found", "token", "create", "--scope", "edge:nowhere")
        ask = urllib.request.Request(f"{self.server.url}/feed/v1/changes?epoch=&after=0&wait=0",
                                     headers={"Authorization": "Bearer nonsense"})
        try:
            with urllib.request.urlopen(ask, timeout=30) as answer:
                status, told = answer.status, ""
        except urllib.error.HTTPError as error:
            status, told = error.code, error.read().decode()
        self.check("an edge with a token that is none is told so, and what to do", status == 401 and "token_invalid" in told and
                   "edge invite" in told, f"status {status}, {one_line(told)}")

    def domain_alone(self):
        """`serve --domain X` is a complete command line; on loopback no address is public, as behind a router."""
        node = Part("domain-alone", self.folder / "domain-alone")
        listen = (part for flag in ("http", "https", "dns", "api") for part in (f"--{flag}-listen", f"{LOOPBACK}:0"))
        elsewhere = ("--ca-directory", UnreachableCa.directory, "--resolver-forward", f"{LOOPBACK}@9")  # asks nobody outside
        node.start([self.binary, "serve", "--domain", "alone.test", "--data", node.folder / "data", *listen, *elsewhere])
        try:
            wait_until("it has started", lambda: node.logged(" started "), 30, node)
            told = "\n".join(node.tail(200))
            self.check("serve --domain alone starts, and says what an unknown public address means", "No public address is known" in told
                       and "--addresses 192.0.2.1" in told, one_line(told[told.find("No public"):]))
        finally:
            node.stop()

    def second_process(self):
        self.start_fails("a second process on the same data", "store_locked")

    def port_in_use(self):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as busy:
            busy.bind((LOOPBACK, 0))
            busy.listen()
            taken = f"{LOOPBACK}:{busy.getsockname()[1]}"
            free = ("--data", self.folder / "elsewhere", "--dns-listen", f"{LOOPBACK}:0", "--api-listen", f"{LOOPBACK}:0",
                    "--http-listen", f"{LOOPBACK}:0", "--https-listen", f"{LOOPBACK}:0")
            for flag in ("--dns-listen", "--http-listen", "--https-listen", "--api-listen"):
                self.start_fails(f"{flag} on a port in use", "port_in_use", words=[taken], arguments=(*free, flag, taken))

    def configuration(self):
        bad = self.folder / "bad.toml"
        bad.write_text('domian = "platform.test"\n[dns]\nthreads = 1000\n[log]\nlevel = "loud"\n', encoding="utf-8")
        status, _, err = run([self.binary, "serve", "--config", bad], "a bad configuration", check=False)
        said = all(part in err for part in ("domian", "did you mean 'domain'", "dns.threads", "log.level", "config_invalid"))
        self.check("a bad configuration is told whole, at once", status == 2 and said, one_line(err))

    def wrong_master_key(self):
        key = self.server.data / "master.key"
        kept = key.read_bytes()
        key.write_bytes(b"A" * 43 + b"=\n")
        self.start_fails("another master key", "wrong_master_key")
        key.unlink()
        self.start_fails("a lost master key", "master_key", ["cannot be opened"])
        key.write_bytes(kept)
        key.chmod(0o644)
        self.start_fails("a master key that others can read", "master_key", ["chmod 600"])
        key.chmod(0o600)

    def newer_database(self):
        file = self.server.data / "certwright.db"
        with contextlib.closing(sqlite3.connect(file)) as database, database:
            database.execute("INSERT INTO schema_migrations (version, applied_at) VALUES (9999, 0)")
        self.start_fails("a database from a newer version", "store_newer")
        with contextlib.closing(sqlite3.connect(file)) as database, database:
            database.execute("DELETE FROM schema_migrations WHERE version = 9999")

    def nothing_was_lost(self):
        self.server.launch(UnreachableCa, 9)
        endpoints = self.cli.json("endpoint", "list")["items"]
        names = {name for e in endpoints if e["state"] != "deleting" for name in e["names"]}
        self.check("after all this the endpoints are there", len(names) == 2, ", ".join(sorted(map(str, names))))
        self.stop()

    def full_disk(self):
        """The data folder on a small file system of this test's own, filled while certwright runs."""
        small = self.folder / "small"
        small.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", small], check=False).returncode != 0:
            self.check("a full disk (needs root to mount a small file system)", True, "NOT VERIFIED HERE: no mount")
            return
        try:
            self.fill_and_free(small)
        finally:
            self.server.stop()
            subprocess.run(["umount", small], check=False)

    def fill_and_free(self, small):
        self.server.data = small
        self.server.launch(UnreachableCa, 9)
        ballast = small / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as out:
            while True:
                out.write(b"\0" * 4096)
        self.refused("a new name on a full disk", "disk_full", "endpoint", "add", "full.customer.test", "--to", self.app)
        self.check("certwright runs on with a full disk", self.server.running(), f"pid {self.server.pid}")
        ballast.unlink()
        wait_until("there is room again", lambda: "full.customer.test" in self.cli.text(
            "endpoint", "add", "full.customer.test", "--to", self.app, check=False), 20, self.server)
        self.check("and takes the name once there is room again", True, self.cli.endpoint("full.customer.test").state)


def one_line(text):
    return " ".join(text.split())[:200]
