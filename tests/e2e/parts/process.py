"""Programs that a test starts and stops: each with a log file of its own, and every wait bounded."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

LOOPBACK = "127.0.0.1"
LOOPBACK6 = "::1"


class Failed(Exception):
    """A step that did not come to its end; `part` is the program whose log says why."""

    def __init__(self, text, part=None):
        super().__init__(text)
        self.part = part


def have_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK6, 0))
        return True
    return False


class Ports:
    """Ports that are free on 127.0.0.1 and ::1, for TCP and UDP, each handed out once.

    They lie below the range from which the system takes ports for outgoing connections, so that nothing else takes one
    between its choice and its use.
    """

    def __init__(self, first=20000, last=32000):
        self._next = first + os.getpid() * 37 % (last - first - 500)
        self._last = last
        self._families = [(socket.AF_INET, LOOPBACK)] + ([(socket.AF_INET6, LOOPBACK6)] if have_ipv6() else [])

    def take(self):
        while self._next < self._last:
            self._next += 1
            if self._free(self._next):
                return self._next
        raise Failed("no free port on loopback")

    def _free(self, port):
        for family, address in self._families:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(family, kind) as probe:
                    try:
                        probe.bind((address, port))
                    except OSError:
                        return False
        return True


def wait_until(what, ask, seconds, part=None, every=0.1):
    """The first true answer of `ask`; Failed after `seconds`, or at once when `part` has ended."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if part is not None and not part.running():
            raise Failed(f"{part.name} ended (status {part.status()}) while waiting until {what}", part)
        if time.monotonic() > deadline:
            raise Failed(f"after {seconds} s still not: {what}", part)
        time.sleep(every)


def accepts_tcp(port, address=LOOPBACK):
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def run(command, what, seconds=30, env=None, stdin=None, check=True):
    """Runs a short command; returns (status, standard output, standard error)."""
    try:
        done = subprocess.run([str(part) for part in command], text=True, capture_output=True, timeout=seconds,
                              check=False, input=stdin, env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{what}: no end after {seconds} s") from late
    except FileNotFoundError as absent:
        raise Failed(f"{what}: {command[0]} is not installed (tools/install-deps)") from absent
    if check and done.returncode != 0:
        raise Failed(f"{what}: status {done.returncode}\n{done.stderr.strip() or done.stdout.strip()}")
    return done.returncode, done.stdout, done.stderr


def _end_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Part:
    """One running program. Start it once; stop() is safe to call at any time."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._process = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, command, env=None):
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    [str(part) for part in command], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, start_new_session=True,
                    preexec_fn=_end_with_parent)
            except FileNotFoundError as absent:
                raise Failed(f"{self.name}: {command[0]} is not installed (tools/install-deps)") from absent
        return self

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process is not None and self._process.poll() is None

    def status(self):
        return None if self._process is None else self._process.poll()

    def tail(self, lines=25):
        if not self.log.exists():
            return []
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]

    def logged(self, text):
        return self.log.exists() and text in self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self):
        """As a crash ends it."""
        self._process.kill()
        self._process.wait(10)

    def stop(self, seconds=10):
        """Asks it to end, then ends it. True when it ended by itself."""
        if not self.running():
            return True
        self._process.terminate()
        try:
            self._process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(seconds)
            return False
