"""The emulated board: a root disk made here, a kernel and qemu; and one serial line on which the board obeys the test.

Every wait is for a line that the board sends, with a limit. Nothing is killed but what was started here, by its pidfd.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("CAREROOM_BUILD", ROOT / "build")).resolve()
KERNEL = Path(os.environ.get("BOARD_KERNEL", ""))
LIMIT = float(os.environ.get("CAREROOM_WAIT", "60"))  # seconds that anything awaited may take; emulated and without KVM
PROGRAMS = [BUILD / name for name in ("careroomd", "careroom-uplink", "careroomctl")]
TOOLS = [BUILD / "board" / f"board-{name}" for name in ("i2c-chips", "keyboards", "pulses", "serial-modules", "stopwatch")]
NO_SYNC = BUILD / "board" / "no_sync.so"
DISK_PLUGIN = BUILD / "board" / "powerless_disk.so"
ACCELERATOR = "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg"
# What must never be on the console, whatever is done to the board.
NEVER = ("Kernel panic", "EXT4-fs error", "JBD2: ", "BUG: ", "Oops", "general protection fault", "refcount_t", "soft lockup",
         "board-i2c-chips:", "board-keyboards:", "board-serial-modules:", "no state disk", "no chips", "no modules",
         "no keyboards", "no guard", "Segmentation fault", "/init:")


class Failed(AssertionError):
    """Something that should hold does not."""


class Skipped(Exception):
    """What is to be checked is not to be had with this kernel."""


def check(condition, what):
    if not condition:
        raise Failed(what)


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


# ---- Disks

def libraries(files):
    """The shared libraries and the loader that these programs need, where they are here."""
    found = set()
    for file in files:
        for word in run("ldd", file).split():
            if word.startswith("/"):
                found.add(word)
    return sorted(found)


def make_root(folder):
    """The root disk: busybox, the programs under test, mosquitto, their libraries, and nothing else. No root rights needed."""
    tree = folder / "root"
    for name in ("bin", "usr/bin", "usr/sbin", "usr/lib", "etc/careroom", "proc", "sys", "dev", "run", "tmp",
                 "var/lib/careroom"):
        (tree / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", tree / "bin/busybox")
    for applet in run("/bin/busybox", "--list").split():
        if applet != "busybox":
            (tree / "bin" / applet).symlink_to("busybox")
    files = [*PROGRAMS, *TOOLS, Path("/usr/sbin/mosquitto")]
    for file in files:
        run("strip", "-o", tree / "usr/bin" / file.name, file)
    shutil.copy(NO_SYNC, tree / "usr/lib")
    for library in libraries([*files, NO_SYNC]):
        target = tree / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    shutil.copy(HERE / "init", tree / "init")
    shutil.copy(HERE / "careroom.yaml", tree / "etc/careroom")
    (tree / "etc/mosquitto.conf").write_text("listener 1883\nallow_anonymous true\npersistence false\nuser root\n"
                                             "log_dest none\n")
    (tree / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    image = folder / "root.img"
    size = sum(file.stat().st_size for file in tree.rglob("*") if not file.is_symlink())
    make_disk(image, (size >> 20) + 16, tree)
    return image


def make_disk(image, mib, tree=None):
    with open(image, "wb") as file:
        file.truncate(mib << 20)
    run("/sbin/mke2fs", "-q", "-F", "-t", "ext4", *(["-d", tree] if tree else []), image)


class Child:
    """A process of ours."""

    def __init__(self, command, **options):
        self.popen = subprocess.Popen([str(word) for word in command], **options)
        self.pidfd = os.pidfd_open(self.popen.pid)

    def kill(self):
        if self.popen.poll() is None:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            self.popen.wait()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


class Disk:
    """The disk server in front of an image: what was not flushed is lost when it is killed."""

    def __init__(self, folder, image, seed=1, early=0, lies=False):
        self.socket = folder / "disk.sock"
        self.socket.unlink(missing_ok=True)
        pid_file = folder / "disk.pid"
        pid_file.unlink(missing_ok=True)
        with open(folder / "disk.log", "wb") as log:  # it complains when the emulator is killed, as it should
            self.child = Child(["nbdkit", "--foreground", "--unix", self.socket, "--pidfile", pid_file, DISK_PLUGIN,
                                f"file={image}", f"seed={seed}", f"early={early}", f"lies={'true' if lies else 'false'}"],
                               stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + LIMIT
        while not pid_file.exists():  # written when the socket takes connections
            if self.child.popen.poll() is not None or time.monotonic() > end:
                raise Failed("nbdkit does not serve the state disk")
            time.sleep(0.002)

    def kill(self):
        self.child.kill()


# ---- The board

class Board:
    """One run from power on to power off.

    lines: the journal's lines that the board told of, in order, as bytes. port: of this machine, to the board's broker.
    """

    def __init__(self, folder, root, disk, cores=1, port=None, words=()):
        self.console = folder / "console.log"
        self.lines = []
        self.answers = {}  # by number: (status, lines)
        self.ready = None  # seconds of the board's own clock
        self.ended = False
        self.wrong = None
        self.changed = threading.Condition()
        self.number = 0
        self.started = time.monotonic()
        network = ["-nic", "none"] if port is None else [
            "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:1883",
            "-device", "virtio-net-pci,netdev=net,romfile="]
        words = ["console=ttyS0", "quiet", "panic=1", "root=/dev/vda", "ro", "init=/init", "i8042.noaux",
                 "i8042.nokbd", *words]
        self.qemu = Child([
            "qemu-system-x86_64", "-machine", f"q35,accel={ACCELERATOR}", "-cpu", "max", "-m", "256", "-smp", cores, "-display", "none",
            "-nodefaults", "-no-user-config", "-no-reboot", "-kernel", KERNEL, "-append", " ".join(words),
            "-serial", f"file:{self.console}", "-chardev", "stdio,id=agent,signal=off", "-serial", "chardev:agent",
            "-drive", f"file={root},format=raw,if=virtio,readonly=on", "-drive",
            f"driver=raw,file.driver=nbd,file.server.type=unix,file.server.path={disk.socket},if=virtio,cache=writeback",
            "-device", "virtio-rng-pci", *network], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        partial = b""
        while True:
            data = os.read(self.qemu.popen.stdout.fileno(), 65536)
            if not data:
                break
            *lines, partial = (partial + data).split(b"\n")
            with self.changed:
                for line in lines:
                    self._take(line)
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _take(self, line):
        kind, _, rest = line.partition(b" ")
        if line.startswith(b"{") and line.endswith(b"}"):
            self.lines.append(line)
        elif kind == b"ready":
            self.ready = float(rest)
            self.boot_s = time.monotonic() - self.started
        elif kind in (b"<", b">") and rest.split(b" ")[0].isdigit():
            number, _, text = rest.decode(errors="replace").partition(" ")
            answer = self.answers.setdefault(int(number), [None, []])
            if kind == b">":
                answer[1].append(text)
            else:
                answer[0] = int(text)
        else:
            self.wrong = f"not understood: {line!r}"

    def wait(self, condition, what, limit=LIMIT):
        """Until condition() gives something true, looked at after each line that comes; that is returned."""
        result = None

        def holds():
            nonlocal result
            if self.wrong is not None:
                raise Failed(self.wrong)
            result = condition()
            return result or self.ended

        with self.changed:
            self.changed.wait_for(holds, limit)
        if not result:
            raise Failed(f"{'the board ended before' if self.ended else f'not within {limit:g} s'}: {what}")
        return result

    def wait_ready(self, limit=2 * LIMIT):
        self.wait(lambda: self.ready is not None, "the board is ready", limit)

    def send(self, command):
        """Begin a command; its number."""
        self.number += 1
        self.qemu.popen.stdin.write(f"{self.number} {command}\n".encode())
        self.qemu.popen.stdin.flush()
        return self.number

    def answer(self, command, limit=LIMIT):
        """Carry out a command; its exit status and what it prints."""
        number = self.send(command)
        try:
            self.wait(lambda: self.answers.get(number, (None,))[0] is not None, f"an answer to: {command}", limit)
        except Failed as failure:  # it obeys one command after the other: the next would wait as well
            self.wrong = self.wrong or str(failure)
            raise
        status, lines = self.answers.pop(number)
        return status, "\n".join(lines)

    def ask(self, command, limit=LIMIT):
        """The same for a command that must succeed; what it prints."""
        status, text = self.answer(command, limit)
        if status != 0:
            raise Failed(f"{command}: exit status {status}\n{text}")
        return text

    def events(self, type_=None, subject=None, after=0, **data):
        """The events told of so far that match."""
        return [event for event in map(json.loads, list(self.lines))
                if int(event["sequence"]) > after and (type_ is None or event["type"] == "careroom." + type_)
                and (subject is None or event.get("subject") == subject)
                and all(event["data"].get(key) == value for key, value in data.items())]

    def event(self, type_, subject=None, after=0, limit=LIMIT, **data):
        """Wait for the first event that matches."""
        seen = 0

        def look():
            nonlocal seen
            fresh, seen = self.lines[seen:], len(self.lines)
            for event in map(json.loads, fresh):
                if int(event["sequence"]) > after and event["type"] == "careroom." + type_ and \
                   (subject is None or event.get("subject") == subject) and \
                   all(event["data"].get(key) == value for key, value in data.items()):
                    return event
            return None

        return self.wait(look, f"{type_} {subject or ''} {data or ''}", limit)

    def last(self):
        return int(json.loads(self.lines[-1])["sequence"]) if self.lines else 0

    def value(self, pin):
        return self.ask(f"value {pin}").strip()

    def follow(self, since=1):
        """From now on every line that is recorded, and those from number `since` on that are there already."""
        self.ask(f"careroomctl events --json --follow --since '#{since}' >&3 2>/dev/console & echo $! >/run/follow.pid")

    def complaints(self):
        text = self.console.read_text(errors="replace")
        return [line for line in text.splitlines() if any(word in line for word in NEVER)]

    def kill(self):
        """The power is cut: at this moment, whatever is under way."""
        self.qemu.kill()
        self.thread.join()
        self.qemu.popen.stdin.close()
        self.qemu.popen.stdout.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
