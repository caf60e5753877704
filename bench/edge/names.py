"""Names with certificates: an edge's cache with all of them, and PEM files of the first ones for other servers."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from parts.process import run

ROOT = Path(__file__).resolve().parents[2]
# BENCH_PRESET=dev tries a benchmark out with another build; its figures mean nothing.
BUILD = ROOT / "build" / os.environ.get("BENCH_PRESET", "release")
BINARY = BUILD / "src" / "app" / "certwright"
# Where every name is proxied to; written into the caches that are kept between runs.
ORIGIN = ("127.1.2.3", 20999)


def tool(name):
    return BUILD / "bench" / name


@dataclass(frozen=True)
class Names:
    count: int
    pems: int
    folder: Path

    def first(self, count):
        """The same, as if there were only `count`."""
        return replace(self, count=count, pems=min(count, self.pems))

    @property
    def root(self):
        return self.folder / "root.pem"

    def pem(self, number=0):
        return self.folder / "pem" / f"n{number}.bench.test.pem"


def names(count, pems=1):
    """Made once and kept in build/bench: a million take minutes."""
    pems = min(pems, count)
    folder = ROOT / "build" / "bench" / f"names-{count}-{pems}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"making {count} names in {folder} ...", flush=True)
        run([tool("edge_fill"), count, "http://{}:{}".format(*ORIGIN), folder, pems], "edge_fill", 3600)
        (folder / "complete").touch()
    return Names(count, pems, folder)
