"""Match made-up wordings against a made-up city of 100,000 dwellings, and print a table.

.venv/bin/python benchmarks/addresses/run.py [--dwellings 100000] [--wordings 2000]
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

FIRST = "金银翠玉龙凤祥瑞华兴永安康福盛丰泰和顺荣锦秀清江湖海山林云星月晨阳春秋景文学书香德仁义信"
SOUND = "今寅粹域拢奉象锐划星咏桉慷伏成风太合瞬容仅绣青将胡嗨衫临芸兴曰晨杨纯邱井闻穴抒乡得人一心"
ENDINGS = ("花园", "家园", "小区", "苑", "新村", "雅居", "里", "公寓", "家属院", "宿舍")
FLOORS, DOORS, STAIRWELLS = 6, 2, 3
STREETS, COMMUNITIES, GRIDS = 10, 10, 5  # 10 streets of 10 communities of 5 grids
HEARD = str.maketrans(FIRST, SOUND)
SPOKEN = str.maketrans("0123456789", "零一二三四五六七八九")
Wording = Callable[[str, int, int, int], str]
Took = tuple[float, float]  # milliseconds by the clock, and of them on the processor
WORDINGS: dict[str, Wording] = {
    "幸福里3号楼2单元501室": lambda e, b, s, d: f"{e}{b}号楼{s}单元{d}室",
    "幸福里3-2-501": lambda e, b, s, d: f"{e}{b}-{s}-{d}",
    "三号楼二单元五零一": lambda e, b, s, d: f"{e}{b}号楼{s}单元{d}".translate(SPOKEN),
    "我家住幸福里3栋2单元": lambda e, b, s, d: f"我家住{e}{b}栋{s}单元",
    "3号楼（幸福里）": lambda e, b, s, d: f"{b}号楼（{e}）",
    "幸福里": lambda e, b, s, d: e,
    "幸福理3号楼2单元501": lambda e, b, s, d: f"{e[:1]}{e[1:2].translate(HEARD)}{e[2:]}{b}号楼{s}单元{d}",
    "not of this city": lambda e, b, s, d: f"南京{e}{b}号楼",
}


def areas() -> Iterator[tuple[str, str, str, str]]:
    """Code, parent, level and name of the city's areas."""
    yield ("C", "", "city", "长宁市")
    yield ("D", "C", "county", "清河县")
    for s in range(STREETS):
        yield (f"S{s}", "D", "street", f"{FIRST[s]}城街道")
        for c in range(COMMUNITIES):
            community = f"S{s}C{c}"
            yield (community, f"S{s}", "community", f"{FIRST[s]}{FIRST[c + 20]}社区")
            for g in range(GRIDS):
                yield (f"{community}G{g}", community, "grid", f"{FIRST[s]}{FIRST[c + 20]}社区第{g + 1}网格")


def dwellings(count: int, chance: random.Random) -> Iterator[tuple[str, str, int, int, int, str]]:
    """Estate, road, building, stairwell, door and grid; names are drawn, so that some are given twice."""
    grids = [code for code, _, level, _ in areas() if level == "grid"]
    made = 0
    while True:
        estate = "".join(chance.sample(FIRST, 2)) + chance.choice(ENDINGS)
        grid, road = chance.choice(grids), f"{chance.choice(FIRST)}{chance.choice(FIRST)}路"
        for building in range(1, chance.randint(3, 20)):
            for stairwell in range(1, STAIRWELLS + 1):
                for floor in range(1, FLOORS + 1):
                    for door in range(1, DOORS + 1):
                        yield estate, road, building, stairwell, floor * 100 + door, grid
                        made += 1
                        if made == count:
                            return


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dwellings", type=int, default=100_000)
    parser.add_argument("--wordings", type=int, default=2_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XIAOGE_VAR"] = folder
        run(Path(folder), arguments.dwellings, arguments.wordings)


def run(folder: Path, count: int, wordings: int) -> None:
    """Make the city, load it, match, print."""
    from cases.model import Area
    from cases.places import import_addresses, match_address
    from common.db import reading, transaction, upgrade

    chance = random.Random(20)
    rows = list(dwellings(count, chance))
    with (folder / "addresses.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("estate", "road", "building", "stairwell", "door", "grid"))
        writer.writerows(rows)
    upgrade()
    with transaction() as session:
        for code, parent, level, name in areas():
            session.add(Area(code=code, parent=parent or None, level=level, name=name, aliases=[]))
            session.flush()
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        with transaction() as session:
            report = import_addresses(session, folder / "addresses.csv")
        seconds.append(time.perf_counter() - start)
    print(f"{count} dwellings in {len({(r[0], r[5]) for r in rows})} estates: imported in {seconds[0]:.1f} s, "
          f"again in {seconds[1]:.1f} s ({report.unchanged} unchanged, {len(report.bad)} bad)")  # fmt: skip
    with reading() as session:
        match_address(session, "热身1号楼")  # dictionaries of words and sounds
    with transaction() as session:
        import_addresses(session, _one_more(folder, rows[0]))
    with reading() as session:
        start = time.perf_counter()
        match_address(session, rows[0][0])
        print(f"names in memory again after a change: {time.perf_counter() - start:.2f} s\n")
        print(
            "| wording | median ms | its CPU ms | 99th percentile ms | to the dwelling | left open | none |\n|---|---:|---:|---:|---:|---:|---:|"
        )
        everything: list[Took] = []
        for name, wording in WORDINGS.items():
            times: list[Took] = []
            reached = {"dwelling": 0, "open": 0, "none": 0}
            for estate, _, building, stairwell, door, _ in chance.sample(rows, wordings // len(WORDINGS)):
                said = wording(estate, building, stairwell, door)
                start, cpu = time.perf_counter(), time.thread_time()
                match = match_address(session, said)
                times.append(((time.perf_counter() - start) * 1000, (time.thread_time() - cpu) * 1000))
                reached["none"] += match is None
                reached["open"] += match is not None and match.grid is None
                reached["dwelling"] += match is not None and match.address is not None
            everything += times
            _line(name, times, [reached[k] / len(times) for k in ("dwelling", "open", "none")])
        _line("all", everything, [])


def _one_more(folder: Path, row: tuple[str, str, int, int, int, str]) -> Path:
    file = folder / "one.csv"
    file.write_text(
        f"estate,road,building,stairwell,door,grid\n{row[0]},{row[1]},99,1,101,{row[5]}\n", encoding="utf-8"
    )
    return file


def _line(name: str, times: list[Took], shares: list[float]) -> None:
    waited, worked = zip(*times, strict=True)
    cells = [f"{share:.0%}" for share in shares] or ["", "", ""]
    figures = (statistics.median(waited), statistics.median(worked), statistics.quantiles(waited, n=100)[98])
    print(f"| {name} | {' | '.join(f'{ms:.2f}' for ms in figures)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
