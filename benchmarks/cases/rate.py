"""How many tickets a second two processes file.

python rate.py SECONDS SEED KIND   one of the two: files (KIND tickets) or inserts bare rows (KIND rows), prints how many
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PROCESSES = 2


def _work(seconds: float, seed: int, kind: str) -> int:
    import lives
    from sqlalchemy import text

    from cases import service
    from common.db import engine, transaction

    chance = random.Random(seed)
    places, _ = lives.places_and_units()

    def once(serial: int) -> None:
        if kind == "rows":
            with engine().begin() as connection:
                connection.execute(text("INSERT INTO bare VALUES (1)"))
            return
        with transaction() as session:
            service.file_ticket(session, lives.matter(chance, serial, places))

    for serial in range(20):
        once(serial)
    print("ready", flush=True)
    sys.stdin.readline()
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        once(done)
        done += 1
    return done


def rate(url: str, seconds: float, kind: str) -> float:
    """Tickets, or rows, that PROCESSES processes together write in a second."""
    environment = {**os.environ, "XIAOGE_DATABASE_URL": url, "PYTHONPATH": str(HERE.parents[1])}
    workers = [
        subprocess.Popen(
            [sys.executable, HERE / "rate.py", str(seconds), str(seed), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for seed in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout and worker.stdout.readline().strip() == "ready"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return sum(int(worker.communicate()[0]) for worker in workers) / seconds


if __name__ == "__main__":
    print(_work(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
