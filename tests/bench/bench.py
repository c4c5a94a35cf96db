"""`make bench`: figures of careroom, each beside a baseline that was measured in the same run on the same machine, since
machines differ and are shared. BENCH="PART PART" runs these alone (latency, core, journal, uplink, start, idle, disk);
BENCH_SCALE=0.1 a tenth of the alarm latency's edges.

Prints a table and writes build/bench.json: a list of {"name", "unit", "value", "baseline", "ratio"}. Nothing is judged.
"""

import json
import os
import platform
import sys
import time

import figures
import latency
from rooms import BUILD, CORES

PARTS = {
    "latency": lambda table: latency.run(table, float(os.environ.get("BENCH_SCALE", "1"))),
    "core": figures.core,
    "journal": figures.journal,
    "uplink": figures.uplink,
    "start": figures.start,
    "idle": figures.idle,
    "disk": None,  # beside the others, since it takes five minutes
}


def figure(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


class Table:
    def __init__(self):
        self.rows = []

    def say(self, text):
        print(text, flush=True)

    def head(self, text):
        self.say(f"\n{text}")

    def row(self, name, unit, value, baseline, better="less"):
        """ratio: value over baseline, whichever is better."""
        ratio = value / baseline if baseline else None
        self.rows.append({"name": name, "unit": unit, "value": value, "baseline": baseline, "ratio": ratio})
        times = f"{ratio:8.2f}x" if ratio is not None else f"{'-':>9}"
        self.say(f"    {name:<36} {figure(value):>14} {unit:<8} baseline {figure(baseline):>14} {times}  ({better} is better)")


def main():
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise SystemExit(f"bench: no part is called {unknown[0]}; there are {', '.join(PARTS)}")
    table = Table()
    start = time.monotonic()
    table.say(f"careroom bench: {platform.machine()}, {len(CORES)} cores, Linux {platform.release()}, "
              f"load {os.getloadavg()[0]:.2f} before")
    disk = figures.Disk() if "disk" in wanted else None
    for part in wanted:
        if PARTS[part]:
            PARTS[part](table)
    if disk:
        disk.report(table)
    file = BUILD / "bench.json"
    file.write_text(json.dumps(table.rows, indent=1) + "\n")
    table.say(f"\n{len(table.rows)} figures in {time.monotonic() - start:.0f} s; also in {file}")


if __name__ == "__main__":
    main()
