"""lego and certbot against our own ACME server."""

import json
import ssl
import urllib.request
from datetime import datetime

from .peers import Knot, Unbound, peer_binary
from .process import LOOPBACK, Part, Ports, accepts_tcp, run, wait_until

ZONE = "clients.test"
MAC_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


class TestCa(Part):
    """`certwright test-ca`; the ports are where it looks for proofs."""

    def __init__(self, name, folder, ports, binary):
        super().__init__(name, folder)
        self.port, self.management = ports.take(), ports.take()
        self._binary = binary
        self.directory = f"https://{LOOPBACK}:{self.port}/directory"
        self.trust = folder / "data" / "ca" / "root-0.pem"

    def launch(self, *options):
        self.start([self._binary, "test-ca", "--folder", self.folder / "data", "--listen", f"{LOOPBACK}:{self.port}",
                    "--management", f"{LOOPBACK}:{self.management}", *options])
        wait_until("the test CA answers", lambda: accepts_tcp(self.port) and accepts_tcp(self.management), 30, self)
        return self

    def ask(self, method, path, body=None):
        """The management interface."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.management}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def certificates(self, name):
        listed = self.ask("GET", "/certificates")["certificates"]
        return [each for each in listed if name in each["identifiers"]]

    def root_name(self, number):
        root = self.folder / "data" / "ca" / f"root-{number}.pem"
        _, out, _ = run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline", "-in", root], "read a root")
        return next(line.split("=", 1)[1].strip() for line in out.splitlines() if "commonName" in line)

    def meta(self):
        context = ssl.create_default_context(cafile=self.trust)
        request = urllib.request.Request(self.directory, headers={"User-Agent": "test"})
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return json.loads(answer.read())["meta"]


def hours_of(certificate):
    """How long it is valid."""
    begin, end = (datetime.fromisoformat(certificate[each].replace("Z", "+00:00")) for each in ("not_before", "not_after"))
    return round((end - begin).total_seconds() / 3600)


def top_issuer(chain):
    """Who issued the last certificate of a file."""
    last = chain.read_text(encoding="utf-8").rsplit("-----BEGIN CERTIFICATE-----", 1)[1]
    _, out, _ = run(["openssl", "x509", "-noout", "-issuer"], "read the chain", stdin="-----BEGIN CERTIFICATE-----" + last)
    return out.strip()


class Clients:
    def __init__(self, folder, binary, check):
        self._folder, self._check = folder, check
        self._ports = Ports()
        self.http_port, self.tls_port = self._ports.take(), self._ports.take()
        self.knot = Knot(folder / "knot", self._ports, ZONE)
        self.resolver = Unbound(folder / "unbound", self._ports)
        self.elsewhere = Unbound(folder / "elsewhere", self._ports)  # sees nothing of the zone
        self.far_ca = TestCa("far-ca", folder / "far-ca", self._ports, binary)
        self.ca = TestCa("ca", folder / "ca", self._ports, binary)
        self.bound = TestCa("bound-ca", folder / "bound-ca", self._ports, binary)
        self.lego_program = peer_binary("lego")

    def __enter__(self):
        self.knot.launch()
        self.resolver.launch({ZONE: self.knot.port})
        self.elsewhere.launch({})
        names = ["plain", "alpn", "wild", "certbot", "manual", "bound", "short", "chain", "far"]
        self.knot.update(*(f"add {name}.{ZONE}. 5 A {LOOPBACK}" for name in names),
                         f'add {ZONE}. 5 CAA 0 issue "ca.test"')
        proofs = ["--dns", f"{LOOPBACK}:{self.resolver.port}", "--http-port", self.http_port, "--tls-port", self.tls_port]
        self.ca.launch(*proofs, "--caa", "ca.test", "--terms", "https://ca.test/terms", "--roots", "2")
        self.bound.launch(*proofs, "--external", f"kid-1={MAC_KEY}")
        self.ca.ask("PATCH", "/behaviour", {"bad_nonce_percent": 20, "processing_polls": 1, "issuance_delay_ms": 100,
                                            "finalize_wait_ms": 0, "validation_delay_ms": 50})
        return self

    def __exit__(self, *_):
        for part in (self.far_ca, self.ca, self.bound, self.elsewhere, self.resolver, self.knot):
            part.stop()

    def run_all(self):
        self.lego_issues()
        self.lego_renews_and_revokes()
        self.lego_by_dns()
        self.lego_profiles_and_chains()
        self.lego_bound()
        self.lego_from_afar()
        self.lego_meets_faults()
        self.certbot_issues()
        self.certbot_by_dns()
        self.certbot_bound()
        self.certbot_chains()
        self.restart()

    def lego(self, arguments, ca=None, account="lego", check=True, env=None):
        ca = ca or self.ca
        command = [self.lego_program, "--server", ca.directory, "--path", self._folder / account, "--accept-tos",
                   "--email", "ops@clients.test", *arguments]
        return run(command, f"lego {' '.join(str(each) for each in arguments)}", 60,
                   env={"LEGO_CA_CERTIFICATES": str(ca.trust), **(env or {})}, check=check)

    def by_http(self, name):
        return ["--http", "--http.port", f"{LOOPBACK}:{self.http_port}", "--domains", f"{name}.{ZONE}"]

    def lego_issues(self):
        self.lego([*self.by_http("plain"), "run"])
        self._check("lego by HTTP-01", len(self.ca.certificates(f"plain.{ZONE}")) == 1, f"plain.{ZONE}")
        self.lego(["--tls", "--tls.port", f"{LOOPBACK}:{self.tls_port}", "--domains", f"alpn.{ZONE}", "--key-type",
                   "rsa2048", "run"])
        self._check("lego by TLS-ALPN-01", len(self.ca.certificates(f"alpn.{ZONE}")) == 1, f"alpn.{ZONE}")
        chain = (self._folder / "lego" / "certificates" / f"plain.{ZONE}.crt").read_text(encoding="utf-8")
        leaf = self._folder / "leaf.pem"
        leaf.write_text(chain, encoding="utf-8")
        status, _, saw = run(["openssl", "verify", "-x509_strict", "-CAfile", self.ca.trust, "-untrusted", leaf, leaf],
                             "verify", check=False)
        self._check("its chain is whole", status == 0, saw.strip() or "openssl agrees")

    def lego_renews_and_revokes(self):
        name = f"plain.{ZONE}"
        _, out, err = self.lego([*self.by_http("plain"), "renew", "--ari-wait-to-renew-duration", "1s", "--no-random-sleep"])
        self._check("lego does not renew before its window", len(self.ca.certificates(name)) == 1, (out + err).strip()[-80:])
        self.ca.ask("PUT", "/windows/*", {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"})
        self.lego([*self.by_http("plain"), "renew", "--no-random-sleep"])
        self.ca.ask("DELETE", "/windows")
        found = self.ca.certificates(name)
        self._check("lego renews by ARI", len(found) == 2 and found[0]["replaced_by_order"] != "", f"{len(found)} certificates")
        self.lego(["--domains", name, "revoke", "--keep"])
        self._check("lego revokes", self.ca.certificates(name)[-1]["revoked"], "the newest is revoked")

    def lego_by_dns(self):
        name = f"wild.{ZONE}"
        hook = self._hook("lego-dns", 'case "$1" in present) verb=add ;; *) verb=del ;; esac\nowner=$2\nvalue=$3')
        self.lego(["--dns", "exec", "--dns.resolvers", f"{LOOPBACK}:{self.resolver.port}", "--dns.propagation-wait", "1s",
                   "--domains", name, "--domains", f"*.{name}", "run"], env={"EXEC_PATH": str(hook), "EXEC_SEQUENCE_INTERVAL": "1"})
        found = self.ca.certificates(f"*.{name}")
        self._check("lego by DNS-01, wildcard and name together", len(found) == 1, f"*.{name}")

    def lego_bound(self):
        self._check("the directory asks for a binding", self.bound.meta()["externalAccountRequired"], "externalAccountRequired")
        status, _, err = self.lego([*self.by_http("bound"), "run"], self.bound, "unbound", check=False)
        self._check("no account without one", status != 0, err.strip()[-80:])
        self.lego(["--eab", "--kid", "kid-1", "--hmac", MAC_KEY, *self.by_http("bound"), "run"], self.bound, "bound")
        self._check("lego with its external account", len(self.bound.certificates(f"bound.{ZONE}")) == 1, f"bound.{ZONE}")

    def lego_profiles_and_chains(self):
        name = f"short.{ZONE}"
        self.lego([*self.by_http("short"), "run", "--profile", "shortlived"])
        found = self.ca.certificates(name)[0]
        self._check("lego by profile", hours_of(found) == 160, f"{hours_of(found)} hours")
        status, _, err = self.lego([*self.by_http("chain"), "run", "--profile", "eternal"], check=False)
        self._check("lego is told of a profile that there is not", status != 0 and "eternal" in err, err.strip()[-100:])
        self.ca.ask("PUT", "/windows/*", {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"})
        self.lego([*self.by_http("short"), "renew", "--profile", "shortlived", "--no-random-sleep"])
        self.ca.ask("DELETE", "/windows")
        found = self.ca.certificates(name)
        self._check("lego renews by ARI and profile", len(found) == 2 and found[0]["replaced_by_order"] != "" and
                    hours_of(found[1]) == 160, f"{len(found)} certificates")
        wanted = self.ca.root_name(1)
        self.lego([*self.by_http("chain"), "run", "--preferred-chain", wanted])
        chain = self._folder / "lego" / "certificates" / f"chain.{ZONE}.crt"
        self._check("lego chooses a chain", wanted in top_issuer(chain), top_issuer(chain))

    def lego_from_afar(self):
        """Several perspectives: one of two may see something else, one of one may not."""
        ports = ["--http-port", self.http_port, "--tls-port", self.tls_port]
        near, far = (["--dns", f"{LOOPBACK}:{each.port}"] for each in (self.resolver, self.elsewhere))
        self.far_ca.launch(*near, *far, *ports)
        status, _, err = self.lego([*self.by_http("far"), "run"], self.far_ca, "far", check=False)
        self._check("a name that is seen from one place only is refused", status != 0 and "secondary validation" in err,
                    err.strip()[-120:])
        self.far_ca.stop()
        self.far_ca.launch(*near, *near, *far, *ports)
        self.lego([*self.by_http("far"), "run"], self.far_ca, "far")
        self._check("one of two other places may disagree", len(self.far_ca.certificates(f"far.{ZONE}")) == 1, f"far.{ZONE}")

    def lego_meets_faults(self):
        self.ca.ask("POST", "/rules", {"step": "new_order", "problem": "rejectedIdentifier", "detail": "no such luck", "times": 1})
        status, _, err = self.lego([*self.by_http("certbot"), "run"], account="faults", check=False)
        self._check("lego tells the problem of a rule", status != 0 and "no such luck" in err, "rejectedIdentifier")
        self.knot.update(f"del {ZONE}. CAA", f'add {ZONE}. 5 CAA 0 issue "other.test"')
        status, _, err = self.lego([*self.by_http("certbot"), "run"], account="faults", check=False)
        self._check("CAA of another CA prevents issuance", status != 0 and "CAA" in err, f"{ZONE} CAA other.test")
        self.knot.update(f"del {ZONE}. CAA")

    def certbot(self, arguments, ca=None, account="certbot"):
        ca = ca or self.ca
        folder = self._folder / account
        places = [option for kind in ("config", "work", "logs") for option in (f"--{kind}-dir", folder / kind)]
        command = ["certbot", *arguments, "--server", ca.directory, "-n", "--agree-tos", "-m", "ops@clients.test", *places]
        return run(command, f"certbot {arguments[0]}", 90, env={"REQUESTS_CA_BUNDLE": str(ca.trust)})

    def certbot_issues(self):
        """certbot asks again after one refused nonce, not after two in a row."""
        name = f"certbot.{ZONE}"
        self.ca.ask("PATCH", "/behaviour", {"bad_nonce_percent": 0})
        self.ca.ask("POST", "/rules", {"step": "new_order", "problem": "badNonce", "times": 1})
        self.certbot(self.standalone(name))
        self._check("certbot by HTTP-01", len(self.ca.certificates(name)) == 1, name)
        self.certbot(["renew", "--force-renewal", "--no-random-sleep-on-renew"])
        self._check("certbot renews", len(self.ca.certificates(name)) == 2, "two certificates")
        self.certbot(["revoke", "--cert-name", name, "--reason", "superseded", "--no-delete-after-revoke"])
        self._check("certbot revokes", self.ca.certificates(name)[-1]["reason"] == 4, "superseded")
        self.certbot(["update_account", "-m", "other@clients.test"])
        self._check("certbot changes its contact", True, "other@clients.test")

    def certbot_by_dns(self):
        name = f"manual.{ZONE}"
        words = 'owner=_acme-challenge.$CERTBOT_DOMAIN.\nvalue=$CERTBOT_VALIDATION'
        add, remove = self._hook("certbot-add", f"verb=add\n{words}"), self._hook("certbot-del", f"verb=del\n{words}")
        self.certbot(["certonly", "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", add,
                      "--manual-cleanup-hook", remove, "-d", name, "-d", f"*.{name}"])
        self._check("certbot by DNS-01", len(self.ca.certificates(f"*.{name}")) == 1, f"*.{name}")
        self.certbot(["unregister"])
        self._check("certbot deactivates its account", True, "unregister")

    def standalone(self, name):
        return ["certonly", "--standalone", "--http-01-port", self.http_port, "--http-01-address", LOOPBACK, "-d", name]

    def certbot_bound(self):
        name = f"bound.{ZONE}"
        before = len(self.bound.certificates(name))
        self.certbot([*self.standalone(name), "--eab-kid", "kid-1", "--eab-hmac-key", MAC_KEY], self.bound, "certbot-bound")
        self._check("certbot with its external account", len(self.bound.certificates(name)) == before + 1, name)

    def certbot_chains(self):
        name = f"chain.{ZONE}"
        wanted = self.ca.root_name(1)
        self.certbot([*self.standalone(name), "--preferred-chain", wanted], account="certbot-chain")
        chain = self._folder / "certbot-chain" / "config" / "live" / name / "fullchain.pem"
        self._check("certbot chooses a chain", wanted in top_issuer(chain), top_issuer(chain))

    def restart(self):
        count = len(self.ca.ask("GET", "/certificates")["certificates"])
        self._check("the test CA ends when asked", self.ca.stop(), "SIGTERM")
        self.ca.launch("--dns", f"{LOOPBACK}:{self.resolver.port}", "--http-port", self.http_port, "--tls-port", self.tls_port)
        self._check("it goes on after a restart", len(self.ca.ask("GET", "/certificates")["certificates"]) == count,
                    f"{count} certificates")
        self.lego([*self.by_http("plain"), "renew", "--days", "365", "--no-random-sleep", "--ari-disable"])
        self._check("accounts too", not self.ca.certificates(f"plain.{ZONE}")[-1]["revoked"], "lego renews with its old account")

    def _hook(self, name, words):
        """A program that changes the zone; `words` set verb, owner and value."""
        path = self._folder / name
        path.write_text(f"""#!/bin/sh
set -e
{words}
knsupdate -k {self.knot.key_file} <<END
server {LOOPBACK} {self.knot.port}
zone {ZONE}.
update $verb ${{owner%.}}. $([ $verb = add ] && echo 5) TXT "$value"
send
END
""", encoding="utf-8")
        path.chmod(0o755)
        return path
