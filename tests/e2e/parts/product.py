"""certwright itself: every command line, configuration key and field of its JSON that the story uses is in this file."""

import json

from .process import LOOPBACK, LOOPBACK6, Failed, Part, accepts_tcp, have_ipv6, run, wait_until

DOMAIN = "platform.test"
CHALLENGE_ZONE = f"acme.{DOMAIN}"


def loopback_addresses():
    return [LOOPBACK] + ([LOOPBACK6] if have_ipv6() else [])


def with_port(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def toml_list(values):
    return "[" + ", ".join(json.dumps(value) for value in values) + "]"


class Server(Part):
    """`certwright serve`: control node, name server, responder and an edge in one process."""

    def __init__(self, folder, ports, binary):
        super().__init__("serve", folder)
        self.binary = binary
        self.data = folder / "data"
        self.http, self.https, self.api, self.dns = (ports.take() for _ in range(4))
        self.url = f"http://{LOOPBACK}:{self.api}"
        self.config = folder / "certwright.toml"

    def launch(self, ca, resolver_port, customer_dns=0, env=None, extra=()):
        """Waits that are minutes in earnest are a second here. `extra`: further lines of the configuration."""
        listen = {"http": self.http, "https": self.https, "dns": self.dns}
        lines = [f"domain = {json.dumps(DOMAIN)}", f"challenge_zone = {json.dumps(CHALLENGE_ZONE)}",
                 f"data = {json.dumps(str(self.data))}", f"addresses = {toml_list(loopback_addresses())}",
                 f'name_servers = ["ns1.{DOMAIN}={LOOPBACK}"]']
        for section, port in listen.items():
            lines += [f"[{section}]", f"listen = {toml_list(with_port(a, port) for a in loopback_addresses())}"]
        lines += ["[api]", f"listen = {toml_list([with_port(LOOPBACK, self.api)])}",
                  "[ca]", f"directory = {json.dumps(ca.directory)}", f"trust = {json.dumps(str(ca.trust))}",
                  "[resolver]", f'forward = "{LOOPBACK}@{resolver_port}"',
                  "[checks]", 'first_interval = "1s"', f"dns_port = {customer_dns}", f"http_port = {self.http}",
                  f"https_port = {self.https}", "[orders]", 'retry_interval = "2s"', *extra]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.start([self.binary, "serve", "--config", self.config], env)
        wait_until("certwright's API answers", lambda: accepts_tcp(self.api), 30, self)
        wait_until("certwright's name server answers", lambda: accepts_tcp(self.dns), 30, self)
        wait_until("certwright's edge listens", lambda: accepts_tcp(self.http) and accepts_tcp(self.https), 30, self)
        return self

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
