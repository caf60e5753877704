"""systemd as the first process of namespaces of its own, and what the units of packaging/systemd do there."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from .load import Client, Site
from .network import SKIPPED
from .peers import make_leaf, make_tls_root
from .process import LOOPBACK, Part, accepts_tcp, run, wait_until
from .product import DOMAIN, Server, toml
from .stage import Stage

NAME = "shop.customer.test"
SYSTEMD = Path("/lib/systemd/systemd")
PACKAGED = Path(__file__).resolve().parents[3] / "packaging" / "systemd"
# What `systemd-analyze security` may find at most, in tenths; "OK" ends at 49.
EXPOSURE = {"certwright.service": 20, "certwright-edge.service": 20, "certwright-deploy.service": 35}
NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts", "--cgroup", "--propagation", "private"]


def _own_group():
    """Our folder in the unified hierarchy of control groups, or None."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, where, kind = line.split()[:3]
        if kind == "cgroup2":
            entries = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
            path = next((entry.split(":", 2)[2] for entry in entries if entry.startswith("0::")), "/")
            return Path(where) / path.lstrip("/")
    return None


def skip_without_systemd():
    """Ends with 77 and the reason where this machine cannot run a second systemd."""
    reason = ""
    group = _own_group()
    if not SYSTEMD.exists() or not shutil.which("systemd-analyze"):
        reason = "systemd is not installed"
    elif os.geteuid() != 0:
        reason = "only root can start one"
    elif group is None or not os.access(group, os.W_OK):
        reason = "control groups cannot be written"
    elif subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, timeout=20, check=False).returncode != 0:
        reason = "this kernel makes no namespaces for it"
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)


class Systemd(Part):
    """The first process of its namespaces, with the units of one folder and nothing of the machine's."""

    # What services see of the outside, as its own place may be hidden from them.
    STORY, PROGRAM = "/run/story", "/run/certwright-under-test"

    def __init__(self, folder, story, program):
        super().__init__("systemd", folder)
        self._story, self._program = story, program
        self.units = folder / "units"
        self.units.mkdir()
        self._group = _own_group() / f"certwright-test-{os.getpid()}"
        self._first = None

    def launch(self):
        (self.units / "all.target").write_text("[Unit]\nDefaultDependencies=no\n", encoding="utf-8")
        for target in ("basic", "sysinit", "sockets", "shutdown", "umount", "network-online", "multi-user"):
            shutil.copy(SYSTEMD.parent / "system" / f"{target}.target", self.units)
        (self.folder / "console").touch()
        self._group.mkdir()
        boot = f"""set -e
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,ro,bind /proc/sys
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir {self.STORY}
touch {self.PROGRAM}
mount --bind {self._story} {self.STORY}
mount --bind {self._program} {self.PROGRAM}
mount -t cgroup2 none /sys/fs/cgroup
mount --bind {self.folder}/console /dev/console
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other SYSTEMD_UNIT_PATH={self.units} \
    {SYSTEMD} --system --unit=all.target --log-target=console --log-color=0 --show-status=0"""
        enter = f"echo $$ > {self._group}/cgroup.procs; exec \"$@\""
        self.start(["sh", "-c", enter, "sh", "unshare", *NAMESPACES, "sh", "-c", boot])
        wait_until("systemd runs", self._booted, 30, self)
        return self

    def _booted(self):
        with contextlib.suppress(OSError, ValueError):
            self._first = int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="utf-8"))
        return self._first is not None and self.control("is-active", "all.target", check=False) == "active"

    def control(self, *arguments, check=True, seconds=90):
        command = ["nsenter", "-t", str(self._first), "--mount", "--pid", "--cgroup", "systemctl", "--no-pager", *arguments]
        return run(command, "systemctl " + " ".join(arguments), seconds, check=check)[1].strip()

    def show(self, unit, field):
        return self.control("show", "--value", "--property", field, unit)

    def main_pid(self, unit):
        """As this side of the namespaces numbers it; 0: none."""
        inner = self.show(unit, "MainPID")
        if inner == "0":
            return 0
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                numbers = re.search(r"^NSpid:\s+(\d+)\s+(\d+)$", status.read_text(encoding="utf-8"), re.M)
                if numbers and numbers[2] == inner and self._same_namespace(numbers[1]):
                    return int(numbers[1])
        return 0

    def _same_namespace(self, pid):
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{self._first}/ns/pid")

    def path(self, inside):
        """A file of the services, from outside."""
        return Path(f"/proc/{self._first}/root{inside}")

    def stop(self, seconds=10):
        if self._first is not None and self.running():
            os.kill(self._first, signal.SIGKILL)  # The kernel ends all that is inside.
            self._process.wait(seconds)
        for folder in sorted(self._group.glob("**"), reverse=True):
            wait_until("the control group is empty", lambda folder=folder: self._removed(folder), 10)
        return True

    @staticmethod
    def _removed(folder):
        with contextlib.suppress(OSError):
            folder.rmdir()
        return not folder.exists()


class UnitServer(Server):
    """`certwright serve` as certwright.service, on the ports of a machine of its own."""

    def __init__(self, folder, ports, binary, systemd):
        super().__init__(folder, ports, binary)
        self.http, self.https, self.dns = 80, 443, 53
        self.systemd = systemd

    @property
    def token_file(self):
        return self.systemd.path("/var/lib/private/certwright/operator.token")


class Units:
    """The story; `check(what, passed, saw)` is told of each expectation."""

    def __init__(self, folder, binary, check):
        self.binary, self.check = binary, check
        self._stage = stage = Stage(folder, binary)
        self._systemd = Systemd(folder / "systemd", folder, binary)
        self._server = stage.server = UnitServer(folder / "serve", stage.ports, binary, self._systemd)
        stage.cli.use(self._server)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stage.__exit__()

    def run_all(self):
        self._verify()
        self._secure()
        self._boot()
        self._activate()
        self._reload()
        self._restart()
        self._crash()
        self._end()

    def _verify(self):
        """As packaged, but for the program's place."""
        folder = self._stage.folder / "verified"
        folder.mkdir()
        for unit in PACKAGED.iterdir():
            text = unit.read_text(encoding="utf-8").replace("/usr/bin/certwright", str(self.binary))
            (folder / unit.name).write_text(text, encoding="utf-8")
        status, out, err = run(["systemd-analyze", "verify", *folder.iterdir()], "verify", check=False)
        self.check("systemd-analyze verify has nothing to say of the units", status == 0 and not (out + err).strip(),
                   (out + err).strip()[:300] or f"{len(list(folder.iterdir()))} units")

    def _secure(self):
        for unit, most in EXPOSURE.items():
            _, out, _ = run(["systemd-analyze", "security", "--offline=true", "--no-pager", PACKAGED / unit], "security")
            found = re.search(r"exposure level for \S+: (\d+)\.(\d)", out)
            level = int(found[1] + found[2]) if found else 100
            self.check(f"systemd-analyze security: {unit}", level <= most, f"{level / 10} of at most {most / 10}")

    def _boot(self):
        server, stage = self._server, self._stage
        stage.keep(stage.app).launch()
        for unit in PACKAGED.iterdir():
            shutil.copy(unit, self._systemd.units)
        for place in (stage.folder, server.folder):
            place.chmod(0o755)
        server.config.write_text(toml({
            "domain": DOMAIN, "addresses": [LOOPBACK], "api": {"listen": [f"{LOOPBACK}:{server.api}"]},
            "dns": {"listen": [f"{LOOPBACK}:53"]}, "ca": {"directory": f"https://{LOOPBACK}:1/directory"},
            "resolver": {"forward": f"{LOOPBACK}@1"}}), encoding="utf-8")
        drop_in = self._systemd.units / "certwright.service.d"
        drop_in.mkdir()
        (drop_in / "test.conf").write_text(
            "[Service]\nSockets=certwright.socket certwright-http.socket\n"
            f"ExecStart=\nExecStart={Systemd.PROGRAM} serve --config {Systemd.STORY}/serve/{server.config.name}\n"
            f"StandardOutput=append:{server.log}\nStandardError=append:{server.log}\n", encoding="utf-8")
        stage.keep(self._systemd).launch()

    def _activate(self):
        """The first visitor starts the service, and waits in the queue of its socket until it serves."""
        systemd, server = self._systemd, self._server
        systemd.control("start", "certwright.socket", "certwright-http.socket")
        states = [systemd.show(f"certwright{each}", "ActiveState") for each in (".socket", "-http.socket", ".service")]
        self.check("the sockets are open, the service does not run", states == ["active", "active", "inactive"], " ".join(states))
        status = self._plain_status()
        self.check("the first request starts it and is answered", status == 404, f"status {status}")
        wait_until("the unit is active", lambda: systemd.show("certwright.service", "ActiveState") == "active", 60, systemd)
        pid = systemd.main_pid("certwright.service")
        held = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        user = re.search(r"^Uid:\s+(\d+)", held, re.M)[1]
        capabilities = int(re.search(r"^CapEff:\s+(\w+)", held, re.M)[1], 16)
        self.check("it is no root, with the one capability for low ports", user != "0" and capabilities == 1 << 10,
                   f"user {user}, capabilities {capabilities:x}")
        wait_until("the API answers", lambda: accepts_tcp(server.api), 30, systemd)
        root = make_tls_root(self._stage.folder, "old-ca", "The customer's CA")
        chain, key = make_leaf(self._stage.folder, "leaf", f"DNS:{NAME}", root)
        self._stage.cli.text("endpoint", "add", NAME, "--to", self._stage.app.url)
        self._stage.cli.text("certificate", "upload", NAME, "--chain", chain, "--key", key, "--keep")
        self._site = Site(NAME, 80, 443, root[0])
        wait_until("the name is served", lambda: self._serves(self._site), 30, systemd)

    @staticmethod
    def _plain_status():
        with contextlib.closing(http.client.HTTPConnection(LOOPBACK, 80, timeout=60)) as connection:
            connection.request("GET", "/", headers={"Host": NAME})
            return connection.getresponse().status

    @staticmethod
    def _serves(site):
        with contextlib.suppress(OSError, AssertionError):
            return site.fresh()
        return False

    def _under_load(self, what, change, clients, allowed=lambda failure: False):
        """`change` while clients ask without a pause: none of them may fail but in an `allowed` way."""
        running = [Client(name, ask).start() for name, ask in clients.items()]
        try:
            wait_until("every client has answers", lambda: all(c.answered or c.failures for c in running), 60)
            change()
            seen = [c.answered for c in running]
            wait_until("every client goes on", lambda: all(c.answered > s or c.failures for c, s in zip(running, seen)), 60)
        finally:
            for client in running:
                client.stop()
        for client in running:
            failed = [failure for failure in client.failures if not allowed(failure)]
            self.check(f"{what}: {client.name}", client.answered > 0 and not failed,
                       f"{client.answered} answered, {len(client.failures)} failed"
                       + (f", first: {(failed or client.failures)[0]}" if client.failures else ""))

    def _new_connections(self):
        return {"a connection each": self._site.fresh, "plain HTTP": self._site.plain}

    def _reload(self):
        systemd, unit = self._systemd, "certwright.service"
        clients = self._new_connections() | {"a kept connection": self._site.kept(0), "uploads": self._site.upload,
                                             "HTTP/2": self._site.http2}

        def twice():
            for number in (1, 2):
                before = systemd.main_pid(unit)
                systemd.control("reload", unit)
                wait_until("another process is the main one", lambda: systemd.main_pid(unit) not in (0, before), 60, systemd)
                wait_until("the unit is active", lambda: systemd.show(unit, "ActiveState") == "active", 60, systemd)
                wait_until("the process before has ended", lambda: not Path(f"/proc/{before}").exists(), 60)
                self.check(f"systemctl reload, {number}: another main process", True,
                           f"{before} -> {systemd.main_pid(unit)}, {systemd.show(unit, 'SubState')}")

        self._under_load("systemctl reload", twice, clients)
        restarts = systemd.show(unit, "NRestarts")
        self.check("systemd has restarted nothing meanwhile", restarts == "0", restarts)

    def _restart(self):
        """New visitors wait in the sockets that systemd holds: nobody is refused. Who had come without a request is cut off."""
        self._under_load("systemctl restart", lambda: self._systemd.control("restart", "certwright.service"),
                         self._new_connections(), lambda failure: "EOF" in failure or "reset" in failure or "closed" in failure)

    def _crash(self):
        systemd, unit = self._systemd, "certwright.service"
        os.kill(systemd.main_pid(unit), signal.SIGKILL)
        wait_until("systemd has started it again",
                   lambda: systemd.show(unit, "NRestarts") == "1" and systemd.show(unit, "ActiveState") == "active", 60, systemd)
        self.check("after a crash it is started again", self._serves(self._site), systemd.show(unit, "NRestarts"))

    def _end(self):
        systemd = self._systemd
        systemd.control("stop", "certwright.socket", "certwright-http.socket", "certwright.service")
        result = systemd.show("certwright.service", "Result")
        self.check("systemctl stop ends it in good order, and nothing listens any more",
                   result == "success" and not accepts_tcp(443), result)
