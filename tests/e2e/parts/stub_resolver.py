"""A client's side of DNS: addresses of a name from a resolver, kept for their TTL as operating systems do."""

import os
import socket
import struct
import time

from .process import LOOPBACK

A, AAAA = 1, 28
FAMILIES = {A: socket.AF_INET, AAAA: socket.AF_INET6}


def _query(number, name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def _skip_name(message, at):
    while message[at] and message[at] < 0xC0:
        at += message[at] + 1
    return at + (2 if message[at] else 1)


def _addresses(message, kind):
    """(addresses, the shortest TTL on the way to them)."""
    answers = struct.unpack_from(">H", message, 6)[0]
    at = _skip_name(message, 12) + 4
    found, ttls = [], []
    for _ in range(answers):
        at = _skip_name(message, at)
        seen, _, ttl, size = struct.unpack_from(">HHIH", message, at)
        at += 10
        ttls.append(ttl)
        if seen == kind:
            found.append(socket.inet_ntop(FAMILIES[kind], message[at:at + size]))
        at += size
    return found, min(ttls, default=0)


class StubResolver:
    """Not safe for several threads: one for each client. `at_least`: seconds for which an answer is kept in any case."""

    def __init__(self, port, kinds=(A,), at_least=0.0):
        self._server, self._kinds, self._at_least = (LOOPBACK, port), kinds, at_least
        self._kept, self._until = [], 0.0

    def address(self, name):
        """The first address, of the kinds in order; OSError when there is none."""
        if time.monotonic() >= self._until:
            for kind in self._kinds:
                self._kept, ttl = self._ask(name, kind)
                self._until = time.monotonic() + max(ttl, self._at_least)
                if self._kept:
                    break
        if not self._kept:
            raise OSError(f"no address of {name}")
        return self._kept[0]

    def _ask(self, name, kind):
        number = int.from_bytes(os.urandom(2))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(5)
            asking.connect(self._server)
            asking.send(_query(number, name, kind))
            while True:
                message = asking.recv(4096)
                if struct.unpack_from(">H", message)[0] == number:
                    return _addresses(message, kind)
