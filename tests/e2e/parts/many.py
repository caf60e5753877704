"""Very many endpoints, put into the database of a certwright that is stopped, as copies of one that it made itself."""

import sqlite3
import time

PARENTS = 5000
NAME = f"'shop' || n || '.c' || (n % {PARENTS}) || '.example'"
IDENTITY = "'ep_many' || printf('%012d', n)"
# Columns of which each copy has a value of its own; of each hundred one is parked and one degraded.
OWN = {
    "id": IDENTITY, "names": f"'[\"' || {NAME} || '\"]'", "label": "'many' || printf('%08d', n)",
    "alias": "'many' || printf('%08d', n) || substr(alias, instr(alias, '.'))",
    "state": "CASE n % 100 WHEN 95 THEN 'parked' WHEN 96 THEN 'degraded' ELSE 'active' END",
    "state_since": ":now", "created_at": ":now - 3600000 + n % 3000000", "next_check_at": ":now + 86400000", "reason": "''", "on_demand": "0",
}
SERIES = "WITH RECURSIVE series (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < :size)"


def fill(database, size):
    """Copies the endpoint of which there is one already; returns how long that took, in seconds. Search and counts are made at the
    next start."""
    begun = time.monotonic()
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -200000")
    columns = [row[1] for row in db.execute("PRAGMA table_info(endpoints)")]
    values = ", ".join(OWN.get(column, column) for column in columns)
    terms = {"size": size, "now": int(time.time() * 1000)}
    db.execute("BEGIN")
    db.execute(f"{SERIES} INSERT INTO endpoints ({', '.join(columns)}) SELECT {values} FROM series,"
               " (SELECT * FROM endpoints WHERE deleted_at IS NULL LIMIT 1)", terms)
    db.execute(f"{SERIES} INSERT INTO endpoint_names (endpoint, name, live, tenant, registrable) SELECT {IDENTITY}, {NAME}, 1, tenant,"
               f" 'c' || (n % {PARENTS}) || '.example' FROM series, (SELECT tenant FROM endpoints WHERE deleted_at IS NULL LIMIT 1)", terms)
    db.execute("COMMIT")
    db.close()
    return time.monotonic() - begun
