#!/usr/bin/env python3
"""Checks file sizes and links between documents. Prints file:line and the reason; exits 0 or 1.

A source file has at most 500 lines (aim for 300). A file that must be longer has a line in tools/size-exceptions.txt:
its path, its own limit, and the reason.
"""

import re
import subprocess
import sys
from pathlib import Path

LIMIT = 500
SUFFIXES = {".cc", ".h", ".py", ".ts", ".tsx"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^\s*(```|~~~)")


def project_files(root):
    """Files that belong to the project: what git tracks or would track; all but build/ where there is no git."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"],
                            text=True, capture_output=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return sorted(name for name in set(names) if (root / name).is_file())


def is_source(path):
    if path.suffix in SUFFIXES:
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return re.match(rb"#!.*(python|sh)", file.readline()) is not None


def read_exceptions(path):
    exceptions = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(None, 2)
        if len(fields) < 3 or not fields[1].isdigit():
            raise SystemExit(f"{path.name}:{number}: wanted 'path limit reason'")
        exceptions[fields[0]] = int(fields[1])
    return exceptions


def check_sizes(root, files):
    exceptions = read_exceptions(root / "tools" / "size-exceptions.txt")
    for name in sorted(set(exceptions) - set(files)):
        yield f"tools/size-exceptions.txt:1: {name} does not exist"
    for name in files:
        path = root / name
        if not is_source(path):
            continue
        lines = path.read_bytes().count(b"\n")
        limit = exceptions.get(name, LIMIT)
        if lines > limit:
            yield f"{name}:{limit}: {lines} lines; {limit} are allowed: divide it (or tools/size-exceptions.txt)"
        elif name in exceptions and lines <= LIMIT:
            yield f"tools/size-exceptions.txt:1: {name} has {lines} lines and needs no exception"


def anchors(path):
    """Anchors of the headings of a document, as web forges make them."""
    found = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return found


def check_links(root, files):
    for name in files:
        if not name.endswith(".md"):
            continue
        fenced = False
        for number, line in enumerate((root / name).read_text(encoding="utf-8").splitlines(), 1):
            if FENCE.match(line):
                fenced = not fenced
            if fenced:
                continue
            for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
                problem = broken(root, name, match.group(1) or match.group(2))
                if problem:
                    yield f"{name}:{number}: {problem}"


def broken(root, name, target):
    if re.match(r"[a-z]+:", target):
        return None
    file, _, anchor = target.partition("#")
    path = ((root / name).parent / file).resolve() if file else root / name
    if not path.exists():
        return f"link to {target}, which does not exist"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"link to {target}: no such heading"
    return None


def main(arguments):
    root = Path(arguments[0]).resolve() if arguments else Path(__file__).resolve().parent.parent
    files = project_files(root)
    complaints = [*check_sizes(root, files), *check_links(root, files)]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
