"""Alarm latency: from the edge's time stamp to the change of the siren's line (edges.c says what is measured and how)."""

import json
import sqlite3
import statistics
import subprocess
import time

from rooms import CORES, TOOLS, Feed, Rooms, full_disk, load

QUANTILES = ("p50", "p99", "p999", "max")


def start_bare(rooms, feed):
    process = subprocess.Popen([str(TOOLS / "bench-bare")], pass_fds=feed.options()["fds"],
                               env=feed.options()["env"])
    rooms.stack.callback(process.wait)
    rooms.stack.callback(process.kill)
    return process


def scheduling(process):
    """The class of a process's main thread, as the kernel has it."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return {0: "ordinary", 1: f"FIFO {fields[37]}"}.get(int(fields[38]), "other")


def drive(rooms, guard, bare, n_rooms, edges, fires):
    done = subprocess.run([str(TOOLS / "bench-edges"), guard.driver(), bare.driver(), str(rooms.run / "control.sock"),
                           str(n_rooms), str(edges), str(fires)], stdout=subprocess.PIPE, text=True, check=True,
                          pass_fds=(guard.page, guard.writer, bare.page, bare.writer))
    return json.loads(done.stdout)


def recorded(rooms):
    """How many alarms the journal has raised and cleared, once the guard has ended."""
    with sqlite3.connect(rooms.state / "journal.db") as journal:
        return dict(journal.execute("SELECT type, count(*) FROM event GROUP BY type"))


def measure(table, where, edges, fires, n_rooms=1, state=None, uplink=False, loaded=False):
    with Rooms(contacts=n_rooms, state=state) as rooms:
        feeds = Feed(rooms.stack), Feed(rooms.stack)
        guard = rooms.guard(**feeds[0].options())
        bare = start_bare(rooms, feeds[1])
        if uplink:
            rooms.uplink(ready=False)
        if loaded:
            rooms.stack.enter_context(load())
        result = drive(rooms, *feeds, n_rooms, edges, fires)
        classes = scheduling(guard), scheduling(bare)
        guard.terminate()
        guard.wait()
        if not state:
            check_journal(table, recorded(rooms), edges, fires)
    table.say(f"  {where}: {len(CORES)} cores, guard {classes[0]}, bare wake-up {classes[1]}; "
              f"over 1 ms: {result['edges']['guard']['over_1ms']} of {edges} edges of the guard, "
              f"{result['edges']['bare']['over_1ms']} bare")
    tell(table, "edge_to_sounder", where, result["edges"]["guard"], result["edges"]["bare"])
    tell(table, "fire_to_sounder", where, result["fires"]["guard"], result["fires"]["bare"])
    if n_rooms > 1:
        tell(table, "fire_to_last_sounder", where, result["fires"]["guard_last"], result["fires"]["bare"])


def measure_first(table, starts):
    """The first fire that a guard sees in its life, and the first edge of a bare process: pages and caches are touched there
    that were not touched before, by the guard first."""
    firsts, bare_firsts, faults = [], [], []
    for _ in range(starts):
        with Rooms(contacts=1) as rooms:
            feeds = Feed(rooms.stack), Feed(rooms.stack)
            guard = rooms.guard(**feeds[0].options())
            start_bare(rooms, feeds[1])
            time.sleep(0.3)
            before = page_faults(guard)
            result = drive(rooms, *feeds, 1, 0, 1)["fires"]
            faults.append(page_faults(guard) - before)
            firsts.append(result["guard"]["max"] / 1000)
            bare_firsts.append(result["bare"]["max"] / 1000)
    table.say(f"  first: {starts} starts, one fire each; page faults of the main thread until the reset: "
              f"{statistics.median(faults):g}")
    table.row("first_fire_to_sounder_p50", "us", statistics.median(firsts), statistics.median(bare_firsts))
    table.row("first_fire_to_sounder_max", "us", max(firsts), max(bare_firsts))


def page_faults(process):
    """Of the main thread, minor and major."""
    with open(f"/proc/{process.pid}/task/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[7]) + int(fields[9])


def check_journal(table, types, edges, fires):
    """What was measured is what careroom does: every alarm is in the journal, or counted as lost there."""
    raised, lost = types.get("careroom.alarm.raised", 0), types.get("careroom.gateway.storage", 0)
    if raised != edges // 2 + fires and not lost:
        raise SystemExit(f"{edges // 2} alarms and {fires} fires were raised, the journal has {raised}: {types}")
    if lost:
        table.say(f"  (the disk was too slow: {edges // 2 + fires - raised} alarms are in the journal only as a count)")


def tell(table, name, where, guard, bare):
    for quantile in QUANTILES:
        table.row(f"{name}_{quantile}_{where}", "us", guard[quantile] / 1000, bare[quantile] / 1000)


def run(table, scale):
    """scale 1: 100,000 edges idle and as many loaded."""
    def some(n):
        return max(100, int(n * scale) // 2 * 2)

    table.head("Alarm latency: edge's time stamp to the sounder's line; baseline: a bare epoll wake-up in turns with it")
    measure_first(table, 20)
    measure(table, "idle", some(100000), some(3000))
    measure(table, "loaded", some(100000), some(3000), loaded=True)
    measure(table, "64_rooms", some(20000), some(1000), n_rooms=64, loaded=True)
    measure(table, "no_broker", some(20000), some(1000), uplink=True, loaded=True)
    with full_disk() as state:
        if state:
            measure(table, "full_disk", some(20000), some(1000), state=state, loaded=True)
        else:
            table.say("  full_disk: not measured, no small file system can be mounted here (are you root?)")
