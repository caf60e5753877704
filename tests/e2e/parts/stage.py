"""Everything that runs while the story is told, in one folder, started in order and stopped in reverse."""

import fcntl
import shutil

from .peers import HookReceiver, Knot, Pebble, PostgreSql, Unbound, WebApp
from .process import Failed, Ports
from .product import CHALLENGE_ZONE, DOMAIN, Cli, Edge, Server

CUSTOMER_ZONE = "customer.test"


class Stage:
    """Context manager: parts that were started are stopped at the end, whatever happened."""

    def __init__(self, folder, binary, pebble="pebble", ca_environment=None, postgresql=False):
        self.folder = folder
        self._ca_environment = ca_environment
        self._lock = None
        self._running = []
        self._claim()
        ports = self.ports = Ports()
        self.knot = Knot(folder / "knot", ports, CUSTOMER_ZONE)
        self.unbound = Unbound(folder / "unbound", ports)
        self.app = WebApp(folder / "web-app", ports, "the customer's shop")
        self.ca = Pebble(folder / "pebble", ports, pebble)
        self.server = Server(folder / "serve", ports, binary)
        self.edge = Edge(folder / "edge", ports, binary)
        self.receiver = HookReceiver(folder / "receiver", ports)
        self.database = PostgreSql(folder / "postgresql") if postgresql else None
        self.cli = Cli(self.server)
        self.root = None  # the CA's issuing root, once it runs

    def _claim(self):
        """A fresh folder that no other stage uses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self.folder.with_name(self.folder.name + ".lock")
        self._lock = lock.open("w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as busy:
            raise Failed(f"another demo is running in {self.folder}; stop it first") from busy
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for part in reversed(self._running):
            part.stop()
        self._running.clear()
        self._lock.close()

    def keep(self, part):
        """Stops `part` at the end."""
        self._running.append(part)
        return part

    def zones(self):
        """Where the CA's resolver finds each zone: name -> port."""
        return {DOMAIN: self.server.dns, CHALLENGE_ZONE: self.server.dns, self.knot.zone: self.knot.port}

    def start_surroundings(self):
        """All but certwright: the customer's DNS server, the CA with its resolver, the customer's app."""
        self.keep(self.knot).launch()
        self.keep(self.unbound).launch(self.zones())
        self.keep(self.app).launch()
        self.keep(self.ca).launch(self.unbound.port, self.server.http, self.server.https, self._ca_environment)
        self.root = self.ca.issuing_root()

    def start_server(self, env=None):
        env = dict(env or {})
        if self.database:
            env["CERTWRIGHT_STORE"] = self.keep(self.database).launch().url
        self.keep(self.server).launch(self.ca, self.unbound.port, self.knot.port, env)

    def start_edge(self):
        self.keep(self.edge).launch(self.server, self.cli.edge_token())

    def edges(self):
        """Both edges: (name, HTTP port, HTTPS port)."""
        return (("control's edge", self.server.http, self.server.https), ("remote edge", self.edge.http, self.edge.https))

    def parts(self):
        return (self.knot, self.unbound, self.app, self.ca, self.server, self.edge, self.receiver)
