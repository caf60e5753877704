"""The world around a browser at the dashboard: what it asks for by name happens here."""

import os
import time

from .many import fill
from .peers import make_leaf, make_tls_root
from .process import LOOPBACK, Part, accepts_tcp, wait_until
from .product import with_port

NAME = "shop.customer.test"
MANY = 100_000


class JoinedEdge(Part):
    """`certwright edge` that joins with an invitation."""

    def __init__(self, folder, ports, binary):
        super().__init__("edge-2", folder)
        self.binary = binary
        self.http, self.https = ports.take(), ports.take()

    def launch(self, feed_port, invitation):
        self.start([self.binary, "edge", "--data", self.folder / "data", "--name", self.name, "--join", f"https://{LOOPBACK}:{feed_port}",
                    "--token", invitation, "--http-listen", with_port(LOOPBACK, self.http), "--https-listen", with_port(LOOPBACK, self.https)])
        wait_until("the second edge listens", lambda: accepts_tcp(self.https), 30, self)
        return self


class World:
    """Answers the steps of tests/e2e/browser: `step` is the JSON of one, the answer a line of text."""

    def __init__(self, stage, folder, check):
        self.stage, self.folder, self.check = stage, folder, check
        self.feed = stage.ports.take()
        self.joined = JoinedEdge(stage.folder / "edge-2", stage.ports, stage.server.binary)

    def launch_server(self):
        environment = {"CERTWRIGHT_ALERTS_GATHER": "1s", "CERTWRIGHT_FEED_LISTEN": with_port(LOOPBACK, self.feed)}
        self.stage.server.launch(self.stage.ca, self.stage.unbound.port, self.stage.knot.port, environment)

    def change(self, step):
        answer = "go"
        for what in ("wrong", "records", "broken", "mended", "certificates", "edge", "edge_gone", "receiver", "secret", "stop", "start", "suspend", "fill"):
            if what in step:
                answer = getattr(self, what)(step[what]) or answer
        return answer

    def record(self, purpose):
        return next(each for each in self.stage.cli.endpoint(NAME).records() if each["purpose"] == purpose)

    def wrong(self, _):
        """The certificate's record is there, with another value."""
        self.stage.knot.update(f"add {self.record('challenge')['name']}. 5 CNAME elsewhere.customer.test.")

    def records(self, _):
        self.stage.knot.update(f"del {self.record('challenge')['name']}. CNAME")
        self.stage.knot.update(*self.stage.cli.endpoint(NAME).nsupdate_lines())

    def broken(self, _):
        """Visitors are led elsewhere."""
        name = self.record("routing")["name"]
        self.stage.knot.update(f"del {name}. CNAME", f"add {name}. 5 CNAME elsewhere.customer.test.", "add elsewhere.customer.test. 5 A 192.0.2.77")
        self.stage.cli.text("endpoint", "check", NAME, check=False)

    def mended(self, _):
        record = self.record("routing")
        self.stage.knot.update(f"del {record['name']}. CNAME", f"add {record['name']}. 5 CNAME {record['value']}.")
        self.stage.cli.text("endpoint", "check", NAME, check=False)

    def certificates(self, name):
        """good.pem and good.key for the name, other.pem and other.key for another."""
        root = make_tls_root(self.folder, "root", "A root from elsewhere")
        make_leaf(self.folder, "good", f"DNS:{name}", root)
        make_leaf(self.folder, "other", "DNS:other.example", root)

    def edge(self, invitation):
        self.stage.keep(self.joined).launch(self.feed, invitation)

    def edge_gone(self, _):
        self.joined.stop()

    def receiver(self, _):
        return self.stage.receiver.url

    def secret(self, secret):
        self.stage.keep(self.stage.receiver).launch(secret)

    def stop(self, _):
        self.stage.server.stop()

    def start(self, _):
        self.launch_server()

    def suspend(self, name):
        self.stage.cli.text("endpoint", "suspend", name)

    def fill(self, _):
        size = int(os.environ.get("DASHBOARD_NAMES", MANY))
        self.stage.server.stop()
        seconds = fill(self.stage.server.data / "certwright.db", size)
        begun = time.monotonic()
        self.launch_server()
        wait_until("all of them are found", lambda: self.stage.cli.text("endpoint", "list", "--search", f"shop{size - 2}.").count("shop"), 180, self.stage.server)
        self.check(f"{size} names were added", True, f"{seconds:.1f} s, and {time.monotonic() - begun:.1f} s until all are counted and found")
        return str(size)
