"""What a server has used, and how it is said."""

import json
import os
from pathlib import Path


def _children(pid):
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _children(int(child))
    return found


def cpu_seconds(pid):
    """CPU time of a process and its children so far, of all threads that live, in nanosecond steps."""
    total = 0
    for one in _children(pid):
        for task in Path(f"/proc/{one}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _kilobytes(text, field):
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(field + ":")), 0)


def anonymous_megabytes(pid):
    """Memory that no file backs: what a machine really has to have for a process and its children."""
    return sum(_kilobytes(Path(f"/proc/{one}/status").read_text(), "RssAnon") for one in _children(pid)) / 1024


def proportional_megabytes(pid):
    """With the memory that processes share counted once."""
    return sum(_kilobytes(Path(f"/proc/{one}/smaps_rollup").read_text(), "Pss") for one in _children(pid)) / 1024


def result(figure, unit, ours, peer=None, theirs=None):
    line = {"figure": figure, "unit": unit, "better": "lower", "ours": round(ours, 3)}
    if peer:
        line |= {"peer": peer, "theirs": round(theirs, 3), "ratio": round(ours / theirs, 3) if theirs else None}
    print("RESULT " + json.dumps(line), flush=True)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def cores():
    """(the server's core, the cores of all others): apart where there are two."""
    last = (os.cpu_count() or 1) - 1
    return ("0", "0") if last == 0 else ("0", f"1-{last}")
