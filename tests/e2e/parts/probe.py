"""A look from outside: what certificate is served, and what comes back through it."""

import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from .process import LOOPBACK, run


@dataclass(frozen=True)
class Served:
    """A leaf certificate as a client got it; without a handshake, `failure` says why."""
    serial: str = ""
    issuer: str = ""
    names: tuple = ()
    trusted: bool = False  # its chain leads to the root asked for
    failure: str = ""

    def __str__(self):
        return self.failure or f"serial {self.serial[-16:]}, names {' '.join(self.names)}, issuer {self.issuer}"


def _context(root):
    context = ssl.create_default_context(cafile=root)
    context.check_hostname = False
    if root is None:
        context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(address, port, name, context):
    with socket.create_connection((address, port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            return tls.getpeercert(binary_form=True)


def served(port, name, root, address=LOOPBACK):
    """The certificate that a client of `name` gets."""
    trusted = True
    try:
        try:
            der = _handshake(address, port, name, _context(root))
        except ssl.SSLCertVerificationError:
            trusted = False
            der = _handshake(address, port, name, _context(None))
    except OSError as error:
        return Served(failure=f"no TLS handshake for {name}: {error}")
    pem = ssl.DER_cert_to_PEM_cert(der)
    _, out, _ = run(["openssl", "x509", "-noout", "-serial", "-issuer", "-ext", "subjectAltName"], "read a certificate",
                    stdin=pem)
    fields = dict(line.split("=", 1) for line in out.splitlines() if line.startswith(("serial=", "issuer=")))
    names = tuple(part.strip().removeprefix("DNS:") for line in out.splitlines() if "DNS:" in line for part in line.split(","))
    return Served(fields["serial"].lower(), fields["issuer"].replace("CN = ", ""), names, trusted)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: str


class _Https(http.client.HTTPSConnection):
    """A connection to a fixed address that asks for `name`, with its certificate fully verified."""

    def __init__(self, name, port, root, address, source):
        super().__init__(name, port, timeout=10, context=ssl.create_default_context(cafile=root))
        self._to, self._from = (address, port), source

    def connect(self):
        plain = socket.create_connection(self._to, timeout=10, source_address=(self._from, 0) if self._from else None)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def open_https(port, name, root, address=LOOPBACK, source=None):
    """A connection to keep, for get_over(); the certificate is verified for `name` against `root`."""
    return _Https(name, port, root, address, source)


def get_https(port, name, root, path="/", address=LOOPBACK, source=None):
    """One request on a connection of its own."""
    connection = open_https(port, name, root, address, source)
    try:
        return get_over(connection, path)
    finally:
        connection.close()


def get_http(port, name, path="/", address=LOOPBACK):
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        return get_over(connection, path, {"Host": name})
    finally:
        connection.close()


def get_over(connection, path, headers=None):
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)


def curl(port, name, root, path="/"):
    """(exit status, body): what a person would type."""
    status, out, err = run(["curl", "-sS", "--cacert", root, "--resolve", f"{name}:{port}:{LOOPBACK}",
                            f"https://{name}:{port}{path}"], "curl", check=False)
    return status, out or err


@dataclass
class Visitor:
    """Keeps requesting `name` until stopped: every other request on a new connection, the rest on a kept one."""
    port: int
    name: str
    root: str
    address: str = LOOPBACK
    answered: int = 0
    failures: list = field(default_factory=list)

    def start(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join(30)
        return self

    def _run(self):
        kept = _Https(self.name, self.port, self.root, self.address, None)
        fresh = False
        while not self._stop.is_set():
            fresh = not fresh
            try:
                answer = get_https(self.port, self.name, self.root, "/visit", self.address) if fresh else get_over(kept, "/visit")
                if answer.status == 200:
                    self.answered += 1
                else:
                    self.failures.append(f"status {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                kept.close()
            time.sleep(0.01)
        kept.close()
