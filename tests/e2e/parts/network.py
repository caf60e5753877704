"""Machines on one machine: network namespaces joined by a bridge. They have no names, so they end with their processes."""

import os
import subprocess
import sys

from .process import Failed, Part, run, wait_until

BLOCK, HUB = "10.77.0.0/24", "10.77.0.1"
SKIPPED = 77
_MARK = "CERTWRIGHT_TEST_NETWORK"


def enter_own_network():
    """Starts this script again inside a network namespace; ends with 77 and the reason where the kernel refuses one."""
    if os.environ.get(_MARK):
        run(["ip", "link", "set", "lo", "up"], "bring loopback up")
        run(["ip", "link", "add", "hub", "type", "bridge"], "make a bridge")
        run(["ip", "addr", "add", f"{HUB}/24", "dev", "hub"], "give the bridge an address")
        run(["ip", "link", "set", "hub", "up"], "bring the bridge up")
        return
    unshare = ["unshare", "--net"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    tried = subprocess.run([*unshare, "ip", "link", "add", "probe", "type", "bridge"], text=True, capture_output=True, timeout=20,
                           check=False)
    if tried.returncode != 0:
        print(f"skipped: this kernel lets no test make networks of its own ({tried.stderr.strip()})")
        sys.exit(SKIPPED)
    os.execvpe("unshare", [*unshare, sys.executable, *sys.argv], {**os.environ, _MARK: "1"})


class Machine(Part):
    """A network namespace with one address, linked to the bridge."""

    def __init__(self, folder, name, number):
        super().__init__(f"{name}-network", folder)
        self.host, self.address = name, f"10.77.0.{number}"
        self._link = f"to-{name}"[:15]

    def launch(self):
        self.start(["unshare", "--net", "sleep", "infinity"])
        wait_until(f"{self.host} has a network", self._apart, 10, self)
        run(["ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", str(self.pid)], "lay a cable")
        run(["ip", "link", "set", self._link, "master", "hub"], "plug it in")
        self.connect()
        for command in (["addr", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                        ["link", "set", "lo", "up"]):
            run([*self.inside(), "ip", *command], f"set up {self.host}")
        return self

    def inside(self):
        """What stands before a command that runs on this machine."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net"]

    def disconnect(self):
        run(["ip", "link", "set", self._link, "down"], f"cut {self.host} off")

    def connect(self):
        run(["ip", "link", "set", self._link, "up"], f"connect {self.host}")

    def curl(self, name, port, root, path="/"):
        """(exit status, body) of a request from this machine to itself."""
        status, out, err = run([*self.inside(), "curl", "-sS", "--max-time", "10", "--cacert", root, "--resolve",
                                f"{name}:{port}:{self.address}", f"https://{name}:{port}{path}"], "curl", check=False)
        return status, out or err

    def _apart(self):
        try:
            return os.readlink(f"/proc/{self.pid}/ns/net") != os.readlink("/proc/self/ns/net")
        except OSError as gone:
            raise Failed(f"{self.host} has no network") from gone
