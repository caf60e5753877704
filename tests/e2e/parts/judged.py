"""How a test of this folder begins and ends: its command line, its expectations, its exit status."""

import argparse
import shutil
from pathlib import Path

from .process import Failed


def main(doc, run, **options):
    """The exit status of `run(folder, binary, check, arguments)`, which gets a new folder and tells `check(what, passed, saw)` of
    each expectation. `options`: what the command line takes beside --binary and --folder, by name, as add_argument() has it."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    for name, settings in options.items():
        parser.add_argument(f"--{name}", **settings)
    arguments = parser.parse_args()
    failures = []

    def check(what, passed, saw=""):
        print(f"{'ok  ' if passed else 'FAIL'} {what}: {saw}", flush=True)
        if not passed:
            failures.append(what)

    folder = arguments.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        run(folder, arguments.binary.resolve(), check, arguments)
    except Failed as failure:
        print(f"FAIL {failure}")
        if failure.part:
            print("\n".join(failure.part.tail()))
        return 1
    return 1 if failures else 0
