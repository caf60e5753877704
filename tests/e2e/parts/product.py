"""certwright itself: every command line, configuration key and field of its JSON that the story uses is in this file."""

import json

from .process import LOOPBACK, LOOPBACK6, Failed, Part, accepts_tcp, have_ipv6, run, wait_until

DOMAIN = "platform.test"
CHALLENGE_ZONE = f"acme.{DOMAIN}"


def loopback_addresses():
    return [LOOPBACK] + ([LOOPBACK6] if have_ipv6() else [])


def with_port(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def toml(settings):
    """A configuration file: {key: value}, and {section: {key: value}} after those."""
    def lines(table):
        return [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, dict)]
    sections = {name: table for name, table in settings.items() if isinstance(table, dict)}
    made = lines(settings)
    for name, table in sections.items():
        made += [f"[{name}]", *lines(table)]
    return "\n".join(made) + "\n"


class Server(Part):
    """`certwright serve`: control node, name server, responder and an edge in one process."""

    def __init__(self, folder, ports, binary):
        super().__init__("serve", folder)
        self.binary = binary
        self.data = folder / "data"
        self.http, self.https, self.api, self.dns = (ports.take() for _ in range(4))
        self.url = f"http://{LOOPBACK}:{self.api}"
        self.config = folder / "certwright.toml"

    def launch(self, ca, resolver_port, customer_dns=0, env=None):
        self.start_with(self.settings(ca, resolver_port, customer_dns), env)
        wait_until("certwright's name server answers", lambda: accepts_tcp(self.dns), 30, self)
        wait_until("certwright's edge listens", lambda: accepts_tcp(self.http) and accepts_tcp(self.https), 30, self)
        return self

    def settings(self, ca, resolver_port, customer_dns):
        """All in one process. Waits that are minutes in earnest are a second here."""
        here = loopback_addresses()
        return {
            "domain": DOMAIN, "challenge_zone": CHALLENGE_ZONE, "data": str(self.data), "addresses": here,
            "name_servers": [f"ns1.{DOMAIN}={LOOPBACK}"],
            "http": {"listen": [with_port(each, self.http) for each in here]},
            "https": {"listen": [with_port(each, self.https) for each in here]},
            "dns": {"listen": [with_port(each, self.dns) for each in here]},
            "api": {"listen": [with_port(LOOPBACK, self.api)]},
            "ca": {"directory": ca.directory, "trust": str(ca.trust)},
            "resolver": {"forward": f"{LOOPBACK}@{resolver_port}"},
            "checks": {"first_interval": "1s", "dns_port": customer_dns, "http_port": self.http, "https_port": self.https},
            "orders": {"retry_interval": "2s"},
        }

    def start_with(self, settings, env=None):
        self.config.write_text(toml(settings), encoding="utf-8")
        self.start([self.binary, "serve", "--config", self.config], env)
        wait_until("certwright's API answers", lambda: accepts_tcp(self.api), 30, self)

    @property
    def token_file(self):
        return self.data / "operator.token"


class Edge(Part):
    """`certwright edge`: an edge in a process of its own, fed over HTTP."""

    def __init__(self, folder, ports, binary):
        super().__init__("edge", folder)
        self.binary = binary
        self.http, self.https = ports.take(), ports.take()

    def launch(self, server, token):
        command = [self.binary, "edge", "--data", self.folder / "data", "--join", server.url, "--token", token]
        for address in loopback_addresses():
            command += ["--http-listen", with_port(address, self.http), "--https-listen", with_port(address, self.https)]
        self.start(command)
        wait_until("the second edge listens", lambda: accepts_tcp(self.http) and accepts_tcp(self.https), 30, self)
        return self


class Cli:
    """The command line of a person or a script: the operator's, or of whoever has `token`."""

    def __init__(self, server, token=None):
        self._server, self._token = server, token

    def use(self, server):
        self._server = server

    def environment(self):
        return {"CERTWRIGHT_API": self._server.url,
                "CERTWRIGHT_TOKEN": self._token or self._server.token_file.read_text().strip()}

    def text(self, *arguments, seconds=90, check=True):
        """What a person reads."""
        _, out, err = run([self._server.binary, *arguments], "certwright " + " ".join(map(str, arguments)), seconds,
                          self.environment(), check=check)
        return out if check else out + err

    def json(self, *arguments, seconds=90):
        text = self.text(*arguments, "--json", seconds=seconds)
        try:
            return json.loads(text)
        except ValueError as broken:
            raise Failed(f"certwright {' '.join(map(str, arguments))} --json printed no JSON: {text[:300]!r}") from broken

    def endpoint(self, name):
        return EndpointView(self.json("endpoint", "show", name))

    def edge_token(self, group="default"):
        return self.json("token", "create", "--scope", f"edge:{group}")["token"]


class EndpointView:
    """The JSON of an endpoint as the API gives it."""

    def __init__(self, fields):
        self.fields = fields

    @property
    def state(self):
        return self.fields["state"]

    @property
    def reason(self):
        """The code of the reason for the state, "" when all is well."""
        return (self.fields.get("reason") or {}).get("code", "")

    @property
    def message(self):
        return (self.fields.get("reason") or {}).get("message", "")

    @property
    def served_serial(self):
        """Serial number of the certificate that visitors get, in hexadecimal; "" when there is none."""
        return next((c["serial"] for c in self.fields["certificates"] if c.get("served")), "")

    def records(self, required_only=False):
        return [r for r in self.fields["required_records"] if r.get("required", True) or not required_only]

    def nsupdate_lines(self):
        return [f"add {r['name']}. 5 {r['type']} {r['value']}." for r in self.records() if r["type"] == "CNAME"]
