"""The case backend under load: see README.md.

.venv/bin/python benchmarks/cases/run.py [--tickets 100000] [--times 1000] [--seconds 10]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]
# As docs/operating.md advises for a machine of 16 GB or more.
SERVER = (
    "shared_buffers=2GB",
    "wal_compression=on",
    "max_wal_size=8GB",
    "maintenance_work_mem=512MB",
    "work_mem=32MB",
)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _prepared(url: str) -> None:
    """A migrated database with the sample city, as this process's own."""
    from sqlalchemy import text

    from cases import city
    from common import db
    from common.settings import settings

    os.environ["XIAOGE_DATABASE_URL"] = url
    settings.cache_clear()
    db.upgrade()
    with db.transaction() as session:
        city.load(session, city.SAMPLE)
    with db.engine().begin() as connection:
        connection.execute(text("CREATE TABLE bare (n int)"))


def _rates(url: str, name: str, seconds: float) -> str:
    import rate

    rows, tickets = rate.rate(url, seconds, "rows"), rate.rate(url, seconds, "tickets")
    return f"| {name} | {tickets:.0f} | {rows:.0f} | {tickets / rows:.3f} |"


def main() -> None:
    """Run it all and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000, help="in the database before measuring")
    parser.add_argument("--times", type=int, default=1000, help="each operation is measured so often")
    parser.add_argument("--seconds", type=float, default=10, help="of filing as fast as possible")
    given = parser.parse_args()
    from databases import Postgres

    server = Postgres(durable=True, settings=SERVER)
    try:
        url = server.url(server.create())
        _prepared(url)
        import lives
        import multiply
        import speed

        begin = time.monotonic()
        lives.live()
        _say(f"{lives.LIVES} lives lived after {time.monotonic() - begin:.0f} s; multiplying to {given.tickets} ...")
        multiply.multiply(url, given.tickets)
        _say(f"loaded after {time.monotonic() - begin:.0f} s; measuring ...")
        measured = speed.measure(given.times)
        print(f"{given.tickets} tickets in PostgreSQL, each operation {given.times} times\n")
        print("| operation | median ms | p99 ms | p99 beside one row's |\n|---|---:|---:|---:|")
        for timed in measured:
            ratio = timed.p99 / measured[0].p99
            print(f"| {timed.name} | {timed.median:.1f} | {timed.p99:.1f} | {ratio:.1f} |")
        print(f"\n| two processes for {given.seconds:g} s | tickets/s | bare rows/s | ratio |\n|---|---:|---:|---:|")
        print(_rates(url, "PostgreSQL", given.seconds))
        with tempfile.TemporaryDirectory() as folder:
            file = f"sqlite:///{folder}/cases.db"
            _prepared(file)
            print(_rates(file, "SQLite", given.seconds))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
