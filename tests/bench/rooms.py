"""What the benchmarks stand on: rooms in folders of their own, the daemons in them, and the load beside them.

Python's standard library alone. Whatever is started here is ended with the `with` that it was started in.
"""

import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
TOOLS = BUILD / "bench"
SITE, GATEWAY = "sunshine", "bench-001"
PAGE_BYTES = 4096
CORES = sorted(os.sched_getaffinity(0))

HEAD = """\
gateway:   {{ id: {gateway}, site: {site}, timezone: Asia/Shanghai, language: en }}
state_dir: {state}
run_dir:   {run}
{buses}mqtt:      {{ host: 127.0.0.1, port: {port}, window: 20 }}
rooms:
"""
# Contacts alone: what is measured is the alarm path.
CONTACTS = """\
  - id: room-{n}
    sensors:
      - {{ id: smoke, driver: contact, line: S{n}, role: smoke, debounce_ms: 0 }}
      - {{ id: mains, driver: contact, line: M{n}, role: mains, debounce_ms: 0 }}
    outputs:
      - {{ id: siren, line: O{n}, role: sounder }}
"""
# As rooms are: air, climate, smoke, a door, a card reader, a siren, a fan. Four rooms share a bus, of which there may be 16;
# an SCD41 has one address, so that one of the four has it.
ROOM = """\
  - id: room-{n}
    sensors:
      - {{ id: climate, driver: {climate}, bus: bus-{bus}, every_ms: 10000 }}
      - {{ id: smoke,   driver: contact, line: S{n}, role: smoke, wiring: normally-closed }}
      - {{ id: door,    driver: contact, line: D{n}, role: door }}
"""
AIR = """\
      - {{ id: air,     driver: scd41, bus: bus-{bus}, every_ms: 5000 }}
    rules:
      - {{ id: co2-high, on: air.co2, above: 1500, for_s: 60, deadband: 100, severity: warning }}
"""
ROOM_END = """\
    readers:
      - {{ id: entry, driver: wiegand, d0: A{n}, d1: B{n}, direction: both }}
    outputs:
      - {{ id: siren, line: O{n}, role: sounder }}
      - {{ id: fan,   line: F{n}, role: ventilation }}
"""
CLIMATES = ("sht4x, address: 0x44", "sht4x, address: 0x45", "bme280", "mcp9808")


def room(n):
    bus, of_bus = divmod(n - 1, 4)
    text = ROOM + (AIR if of_bus == 0 else "") + ROOM_END
    return text.format(n=n, bus=bus, climate=CLIMATES[of_bus])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Rooms:
    """A configuration in a folder of its own; a context manager that ends every process and removes the folder."""

    def __init__(self, contacts=0, rooms=0, state=None):
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(scratch()))
        # The journal lies where the build is: /tmp may be memory.
        self.state = Path(state) if state else Path(self.stack.enter_context(scratch(BUILD)))
        self.run = self.folder / "run"
        self.run.mkdir()
        self.port = free_port()
        self.config = self.folder / "careroom.yaml"
        buses = "".join(f"  - {{ id: bus-{n}, i2c: /dev/i2c-{n} }}\n" for n in range((rooms + 3) // 4))
        text = HEAD.format(gateway=GATEWAY, site=SITE, state=self.state, run=self.run, port=self.port,
                           buses=f"buses:\n{buses}" if buses else "")
        text += "".join(CONTACTS.format(n=n) for n in range(1, contacts + 1))
        text += "".join(room(n) for n in range(1, rooms + 1))
        self.config.write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self, name, *arguments, env=None, ready=True, fds=(), before=()):
        """A program of the build folder. Returns its Popen, once it has said READY=1 where it says so."""
        file = self.folder / f"{Path(name).name}.log"
        with self.notify_socket(Path(name).name) as (notify, path), open(file, "ab") as log:
            process = subprocess.Popen([*before, str(BUILD / name), *arguments], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, pass_fds=fds, cwd=self.folder,
                                       env={**os.environ, **(env or {}), "NOTIFY_SOCKET": path})
            self.stack.callback(end, process)
            if ready and not await_ready(notify, process):
                raise SystemExit(f"{name} did not start:\n{file.read_text()[-2000:]}")
        return process

    @contextmanager
    def notify_socket(self, name):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = self.folder / f"{name}.notify"
            path.unlink(missing_ok=True)
            notify.bind(str(path))
            yield notify, str(path)

    def guard(self, **options):
        return self.start("careroomd-sim", "--config", str(self.config), **options)

    def uplink(self, **options):
        return self.start("careroom-uplink", "--config", str(self.config), **options)

    def ask(self, op, **fields):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(30)
            control.connect(str(self.run / "control.sock"))
            control.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")
            with control.makefile() as answers:
                return json.loads(answers.readline())


def await_ready(notify, process, limit=30):
    end_s = time.monotonic() + limit
    while time.monotonic() < end_s and process.poll() is None:
        if select.select([notify], [], [], 0.2)[0] and b"READY=1" in notify.recv(4096):
            return True
    return False


def end(process):
    """Ask, then insist."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Feed:
    """The two descriptors of sensors/sim/feed.h: for the process under test, and for the one that drives it."""

    def __init__(self, stack):
        self.page = os.memfd_create("feed", 0)
        os.ftruncate(self.page, PAGE_BYTES)
        self.orders, self.writer = os.pipe()
        for fd in (self.page, self.orders, self.writer):
            stack.callback(os.close, fd)

    def options(self):
        return {"fds": (self.page, self.orders), "env": {"CAREROOM_SIM_FEED": f"{self.page}:{self.orders}"}}

    def driver(self):
        return f"{self.page}:{self.writer}"


@contextmanager
def scratch(where=None):
    folder = tempfile.mkdtemp(prefix="careroom-bench-", dir=where)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def load():
    """One busy loop on each core, of the ordinary class."""
    loops = [subprocess.Popen(["taskset", "-c", str(core), "sh", "-c", "while :; do :; done"]) for core in CORES]
    try:
        yield
    finally:
        for process in loops:
            process.kill()
            process.wait()


@contextmanager
def full_disk():
    """A small file system that holds not one byte more; None where none can be mounted here."""
    with scratch() as folder:
        image, point = Path(folder) / "image", Path(folder) / "disk"
        point.mkdir()
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        ext4 = [["mkfs.ext4", "-q", "-F", "-m", "0", "-b", "1024", "-J", "size=1", str(image)],
                ["mount", "-o", "loop", str(image), str(point)]]
        tmpfs = [["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(point)]]
        if not any(all(subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in way)
                   for way in (ext4, tmpfs)):
            yield None
            return
        try:
            with open(point / "filler", "ab", buffering=0) as filler:
                for block in (b"\0" * 65536, b"\0" * 1024, b"\0"):
                    try:
                        while filler.write(block) == len(block):
                            pass
                    except OSError:
                        pass
            yield point
        finally:
            subprocess.run(["umount", "-l", str(point)], check=False)
