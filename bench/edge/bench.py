"""The frame of a benchmark of the edge: its folder, its ports, servers that end with it."""

import contextlib
import shutil
import sys

from parts.process import Failed, Ports

from .names import ROOT
from .servers import Origin


class Bench:
    def __init__(self, name):
        self.folder = ROOT / "build" / "bench" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.ports = Ports()
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self._stack.close()

    def keep(self, part):
        """Ends `part` with the benchmark."""
        self._stack.callback(part.stop)
        return part

    def origin(self):
        return self.keep(Origin(self.folder / "origin")).launch()

    def make(self, kind, served, label, *arguments, **options):
        return self.keep(kind(self.folder / label, self.ports.take(), served, *arguments, **options))


def judged(run):
    """The exit status of a program that is `run`."""
    try:
        run()
        return 0
    except Failed as failure:
        print(f"FAIL {failure}", file=sys.stderr)
        for line in failure.part.tail() if failure.part else []:
            print(f"  {line}", file=sys.stderr)
        return 1
