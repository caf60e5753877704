#!/usr/bin/env python3
"""Checks the direction of #include arrows between the folders of src/, and that third-party headers stay with their owners.

    tools/check_layers.py [ROOT]      prints file:line and the reason for each arrow that points the wrong way; exits 0 or 1
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

# Lowest first. A folder may include itself and every folder of a lower row; folders of one row do not know each other.
LAYERS = (
    ("base",),
    ("model",),
    ("crypto",),
    ("net",),
    ("http", "dns"),
    ("zones",),
    ("store",),
    ("acme",),
    ("feed",),
    ("feed/server",),
    ("nameserver", "edge"),
    ("responder", "diagnosis", "deploy"),
    ("issuance",),
    ("endpoints",),
    ("zones/stored",),
    ("alerts", "compat", "relay", "fleet"),
    ("simulate",),
    ("cli", "agent", "api"),
    ("app",),
)

# Arrows that the order alone would allow. They hold through other headers too.
NEVER = {
    "acme": {"store": "the ACME client knows no database; issuance joins the two"},
    "feed": {"store": "edges link the feed and no SQL; what reads the store is in feed/server",
             "acme": "the feed carries records, not CA sessions"},
    "feed/server": {"acme": "the feed carries records, not CA sessions"},
    "nameserver": {"store": "name servers follow the feed", "acme": "name servers follow the feed",
                   "feed/server": "name servers are followers; app joins them to the server side"},
    "endpoints": {"acme": "issuance joins endpoints and the CA", "feed": "the feed is read from the store, not written"},
    "edge": {"store": "edges follow the feed", "acme": "edges read snapshots and post wishes",
             "feed/server": "edges are followers; app joins them to the server side"},
    "deploy": {"store": "deploy targets follow the feed, as edges do", "acme": "deploy targets follow the feed",
               "feed/server": "deploy targets are followers on other machines"},
    "cli": {"store": "the CLI is a client of the API", "acme": "the CLI is a client of the API"},
    "relay": {"acme": "a server and its clients are judged by each other, so they share nothing",
              "store": "the server keeps its state behind an interface; app joins it to the store"},
    "agent": {"store": "devices have no database", "acme": "devices never talk to the CA"},
}

# Headers of a library, and the folders that may see them, directly or through another header.
OWNERS = (
    ("openssl/", ("crypto", "net")),
    ("sqlite3.h", ("store",)),
    ("libpq-fe.h", ("store",)),
    ("lmdb.h", ("edge",)),
    ("curl/", ("http",)),
    ("zlib.h", ("http",)),
    ("nghttp2/", ("http",)),
    ("boost/beast", ("http",)),
    ("unbound.h", ("dns",)),
    ("libpsl.h", ("model",)),
    ("idn2.h", ("model",)),
    ("CLI/", ("cli", "app")),
    ("toml++/", ("base", "app")),
    ("spdlog/", ("base",)),
    ("prometheus/", ("base",)),
    ("boost/asio/ssl", ()),
    ("boost/asio/detached", ()),
    ("boost/asio/experimental/awaitable_operators", ()),
)

RANK = {folder: rank for rank, row in enumerate(LAYERS) for folder in row}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TEST_SOURCE = re.compile(r"(_(test|bench|fuzz)(_\w+)?\.(cc|h)$)|/testing/")
TEST_HEADERS = ("support/", "fakes/")


@dataclass(frozen=True)
class Include:
    line: int
    quoted: bool
    path: str


def folder_of(path):
    """The row entry that owns `path` (relative to src): the longest one that is a prefix; None for files beside folders."""
    parts = Path(path).parts[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in RANK:
            return name
    return parts[0] if parts else None


def owners_of(header):
    for prefix, owners in OWNERS:
        if header.startswith(prefix):
            return owners
    return None


def read_includes(file):
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            found.append(Include(number, match.group(1) == '"', match.group(2)))
    return found


class Checker:
    def __init__(self, source):
        self.source = source
        files = sorted(path for path in source.rglob("*") if path.suffix in (".h", ".cc"))
        self.includes = {path.relative_to(source).as_posix(): read_includes(path) for path in files}
        self.complaints = []

    def run(self):
        for file, includes in self.includes.items():
            folder = folder_of(file)
            if folder is None:
                continue
            if folder not in RANK:
                self.complain(file, 1, f"folder '{folder}' has no place in the table of tools/check_layers.py")
                continue
            for include in includes:
                self.check(file, folder, include)
        return self.complaints

    def check(self, file, folder, include):
        is_test = bool(TEST_SOURCE.search(file))
        if include.quoted:
            if include.path in self.includes:
                self.check_arrow(file, folder, include)
                if not is_test:
                    self.check_reach(file, folder, include)
                    if TEST_SOURCE.search(include.path):
                        self.complain(file, include.line, f'"{include.path}" is for tests')
            elif not (is_test and include.path.startswith(TEST_HEADERS)):
                self.complain(file, include.line, f'"{include.path}" is not in src/ (include paths start there)')
        elif not is_test:
            self.check_owner(file, folder, include.line, include.path)

    def check_arrow(self, file, folder, include):
        target = folder_of(include.path)
        if target is None or target == folder:
            return
        reason = self.forbidden(folder, target)
        if reason:
            self.complain(file, include.line, f'{folder} must not include "{include.path}": {reason}')

    def check_reach(self, file, folder, include):
        """What comes with a header counts as included, for third-party headers and for NEVER."""
        for header, trail in self.reachable(include.path):
            through = f"{header} comes in through {' > '.join(trail)}"
            if header in self.includes:
                target = folder_of(header)
                reason = NEVER.get(folder, {}).get(target)
                if reason and target != folder:
                    self.complain(file, include.line, f"{through}: {folder} never includes {target}: {reason}")
            else:
                self.check_owner(file, folder, include.line, header, through)

    def check_owner(self, file, folder, line, header, through=None):
        owners = owners_of(header)
        if owners is None or folder in owners or folder.split("/")[0] in owners:
            return
        allowed = f"only {', '.join(owners)} may see it" if owners else "nobody may use it (CONTRIBUTING.md)"
        self.complain(file, line, f"{through or '<' + header + '>'}: {allowed}")

    def forbidden(self, folder, target):
        reason = NEVER.get(folder, {}).get(target)
        if reason:
            return reason
        if target not in RANK:
            return f"'{target}' has no place in the table of tools/check_layers.py"
        if RANK[target] < RANK[folder]:
            return None
        if RANK[target] == RANK[folder]:
            return "folders of one row do not know each other"
        return f"arrows point down, and {target} is above {folder}"

    def reachable(self, start):
        """Headers that `start` brings in, each with the project headers that lead to it."""
        seen = {start}
        queue = [(start, (start,))]
        while queue:
            header, trail = queue.pop(0)
            for include in self.includes.get(header, ()):
                if include.path in seen:
                    continue
                seen.add(include.path)
                yield include.path, trail
                if include.path in self.includes:
                    queue.append((include.path, trail + (include.path,)))

    def complain(self, file, line, reason):
        self.complaints.append(f"{self.source.name}/{file}:{line}: {reason}")


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    complaints = Checker(root / "src").run()
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
