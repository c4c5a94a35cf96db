"""Everything but the alarm latency: journal, uplink, start, memory, CPU, disk, core."""

import json
import os
import sqlite3
import statistics
import subprocess
import threading
import time

from rooms import BUILD, GATEWAY, SITE, TOOLS, Rooms, await_ready, end

DAY_S = 86400


# ---- Core and journal

def core(table):
    table.head("Core: decisions; baseline: copying what one takes and gives")
    with Rooms(rooms=64) as rooms:
        result = tool("bench-core", rooms.config, 40)
    table.row("core_steps_per_s", "/s", result["core"], result["copy"], better="more")


def journal(table):
    table.head("Journal: events on the disk; baseline: write() and fdatasync() of the same bytes")
    for name, commits, batch in (("append_per_s", 1000, 1), ("append_in_batches_per_s", 400, 64)):
        with Rooms(rooms=1) as rooms:
            result = tool("bench-journal", rooms.state, GATEWAY, SITE, commits, batch)
        table.row(name, "/s", result["journal"], result["bare"], better="more")


def tool(name, *arguments):
    done = subprocess.run([str(TOOLS / name), *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


# ---- Uplink

def uplink(table):
    """Round by round, both: from the first message at a subscriber to the last."""
    events, rounds = 100 * 64, 3
    table.head(f"Uplink: {events} events of a journal to a subscriber, QoS 1, at most 20 on their way; "
               "baseline: mosquitto_pub of the same lines")
    rates, raw_rates = [], []
    for _ in range(rounds):
        with Rooms(rooms=1) as rooms:
            broker(rooms)
            tool("bench-journal", rooms.state, GATEWAY, SITE, events // 64, 64)
            topic = f"careroom/v1/{SITE}/{GATEWAY}/room-1/event/access"
            rates.append(events_per_s(rooms, topic, events, rooms.uplink))
            lines = rooms.folder / "lines"
            lines.write_bytes(b"\n".join(journal_lines(rooms)) + b"\n")
            raw_rates.append(events_per_s(rooms, "raw", events, lambda: publish(rooms, "raw", lines)))
    table.row("deliver_per_s", "/s", statistics.median(rates), statistics.median(raw_rates), better="more")


def broker(rooms):
    config = rooms.folder / "mosquitto.conf"
    config.write_text(f"listener {rooms.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                      "max_queued_messages 0\nset_tcp_nodelay true\n")
    process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(config)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    rooms.stack.callback(end, process)
    time.sleep(0.3)
    return process


def subscriber(rooms, topic, count):
    process = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(rooms.port), "-V", "5", "-t", topic,
                                "-C", str(count)], stdout=subprocess.DEVNULL)
    rooms.stack.callback(end, process)
    return process


def publish(rooms, topic, lines):
    """mosquitto_pub has at most 20 messages on their way, too."""
    with open(lines, "rb") as file:
        process = subprocess.Popen(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(rooms.port), "-V", "5", "-q", "1",
                                    "-t", topic, "-l"], stdin=file)
    rooms.stack.callback(end, process)


def journal_lines(rooms):
    with sqlite3.connect(rooms.state / "journal.db") as db:
        return [row[0] if isinstance(row[0], bytes) else row[0].encode()
                for row in db.execute("SELECT line FROM event WHERE class = 'access' ORDER BY sequence")]


def events_per_s(rooms, topic, events, start):
    first, last = subscriber(rooms, topic, 1), subscriber(rooms, topic, events)
    time.sleep(0.3)  # subscribed
    start()
    first.wait(60)
    start_s = time.monotonic()
    last.wait(60)
    return (events - 1) / (time.monotonic() - start_s)


# ---- Start, memory, CPU

def start(table):
    table.head("Start: from exec to READY=1; baseline: a program that does nothing but say it")
    ours, bare = [], []
    with Rooms(rooms=1) as rooms:
        for _ in range(15):
            ours.append(ready_ms(rooms, str(BUILD / "careroomd-sim"), "--config", str(rooms.config)))
            bare.append(ready_ms(rooms, str(TOOLS / "bench-once_a_second")))
    table.row("start_ms", "ms", statistics.median(ours), statistics.median(bare))


def ready_ms(rooms, *command):
    with rooms.notify_socket("start") as (notify, path):
        start_s = time.monotonic()
        process = subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": path}, stderr=subprocess.DEVNULL)
        if not await_ready(notify, process):
            raise SystemExit(f"{command[0]} did not start")
        passed_ms = (time.monotonic() - start_s) * 1000
        end(process)
    return passed_ms


def pss_kib(process):
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def cpu_ns(process):
    """Of all its threads; none of them ends meanwhile."""
    total = 0
    for task in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def idle(table):
    """A room, and 64 rooms, with nothing going on in them but polls of their chips, ticks and an uplink in its session."""
    seconds = 20
    table.head(f"At rest, {seconds} s: guard and uplink, one room and 64; baseline: a program that wakes up once a second")
    with Rooms(rooms=1) as one, Rooms(rooms=64) as many:
        pairs = []
        for rooms in (one, many):
            broker(rooms)
            pairs.append((rooms.guard(), rooms.uplink()))
        bare = one.start("bench/bench-once_a_second")
        groups = [*pairs, (bare,)]
        table.say("    settling…")
        time.sleep(10)  # chips start, the first telemetry has gone
        before = [sum(map(cpu_ns, group)) for group in groups]
        time.sleep(seconds)
        one_pct, many_pct, bare_pct = [(sum(map(cpu_ns, group)) - was) / seconds / 1e7
                                       for group, was in zip(groups, before)]
        sizes = [[pss_kib(process) for process in group] for group in groups]
    table.row("pss_total_kib", "KiB", sum(sizes[0]), sum(sizes[2]))
    table.say(f"      guard {sizes[0][0]:,} KiB, uplink {sizes[0][1]:,} KiB; with 64 rooms {sizes[1][0]:,} and {sizes[1][1]:,}")
    table.row("pss_total_kib_64_rooms", "KiB", sum(sizes[1]), sum(sizes[2]))
    table.row("cpu_idle_pct", "% of one", one_pct, bare_pct)
    table.row("cpu_64_rooms_pct", "% of one", many_pct, bare_pct)


# ---- Disk

class Disk(threading.Thread):
    """Written bytes of a room whose door moves every 20 s, over exactly one period of telemetry's five minutes, as the
    kernel counts them for the guard (/proc/PID/io). Beside everything else, as an ordinary process: it takes five minutes."""

    PERIOD_S, DOOR_S = 300, 20

    def __init__(self):
        super().__init__(daemon=True)
        self.rooms = Rooms(rooms=1)
        ordinary = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"] if os.geteuid() == 0 else []
        self.guard = self.rooms.guard(before=ordinary)
        self.written = self.useful = 0
        self.start()

    def run(self):
        time.sleep(5)
        written, useful = self.count()
        end_s = time.monotonic() + self.PERIOD_S
        moves = 0
        while time.monotonic() < end_s:
            self.rooms.ask("sim-line", point="room-1/door", state="inactive" if moves % 2 else "active")
            moves += 1
            time.sleep(max(0, min(self.DOOR_S, end_s - time.monotonic())))
        now = self.count()
        self.written, self.useful = now[0] - written, now[1] - useful

    def count(self):
        with open(f"/proc/{self.guard.pid}/io", encoding="ascii") as file:
            written = next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))
        with sqlite3.connect(f"file:{self.rooms.state / 'journal.db'}?mode=ro", uri=True) as db:
            events = db.execute("SELECT coalesce(sum(length(line)), 0) FROM event").fetchone()[0]
            # A time, two names, and six numbers of four bytes.
            minutes = db.execute("SELECT coalesce(sum(8 + length(room) + length(point) + 6 * 4), 0) FROM minute").fetchone()[0]
        return written, events + minutes

    def report(self, table):
        table.head("Disk: bytes that the guard has written in five minutes, a door moving every 20 s, as a day has them; "
                   "baseline: the events and minutes themselves")
        if self.is_alive():
            table.say("    five minutes are not over yet…")
        self.join()
        self.rooms.__exit__()
        times = DAY_S / self.PERIOD_S
        table.row("disk_bytes_per_day", "bytes", self.written * times, self.useful * times)
