"""Power cuts: whatever the board said was recorded is there after the next boot, whenever the power goes.

The board sends each line of its journal as soon as it is recorded. Doors move, cards and fires come and go; at a random moment
the emulator and the disk behind it are killed. The disk keeps what was flushed and, in most runs, a random part of what was
not. Then the board boots from what is left.
"""

import json
import random
import time

import board
from board import Failed
from chain import wiegand

FIRE = "butterfly/smoke-1"
BOOT_CUTS = 0.12  # how many cuts fall into the boot
EARLY = (0, 0, 10, 50)  # percent of unflushed sectors that are on the disk all the same


class Lost(Failed):
    """Something that was recorded is gone."""


class Cuts:
    """A board that is cut off again and again. seed decides everything but the speed of this machine."""

    def __init__(self, folder, root, seed, early=EARLY, boot_cuts=BOOT_CUTS):
        self.folder, self.root = folder, root
        self.lies, self.words = False, ()  # of control runs
        self.early, self.share_of_boot_cuts = early, boot_cuts
        self.seed = seed
        self.random = random.Random(seed)
        self.image = folder / "cuts.img"
        board.make_disk(self.image, 32)
        self.told = []  # every line of the journal that is known, as the board told it; the first has sequence 1
        self.boots, self.fires, self.boot_cuts = [], 0, 0
        self.disk = self.board = None

    def close(self):
        if self.board:
            self.board.kill()
        if self.disk:
            self.disk.kill()

    def _take(self):
        """What the board told of since: must go on where the last line ended."""
        for line in self.board.lines:
            event = json.loads(line)
            number = int(event["sequence"])
            if number <= len(self.told):
                if self.told[number - 1] != line:
                    raise Lost(f"event {number} was {self.told[number - 1]!r} and is {line!r}")
            elif number == len(self.told) + 1:
                self.told.append(line)
            else:
                raise Failed(f"event {number} follows {len(self.told)}")
        self.board.lines.clear()

    def _fire_state(self):
        """normal, or the state that the fire alarm is in by the lines that are known."""
        for line in reversed(self.told):
            event = json.loads(line)
            if event.get("subject") == FIRE and event["type"].startswith("careroom.alarm."):
                return event["data"]["state"]
        return "normal"

    def _power_on(self):
        self.disk = board.Disk(self.folder, self.image, seed=self.random.randrange(1 << 30),
                               early=self.random.choice(self.early), lies=self.lies)
        self.board = board.Board(self.folder, self.root, self.disk, words=self.words)

    def _power_off(self):
        # The emulator first: what it has sent by then reached the disk, and may have been flushed. Then the disk's memory.
        self.board.kill()
        self.disk.kill()
        self._take()

    def _recover(self):
        """The board is up again: everything is there, and the fire that was recorded sounds."""
        known = len(self.told)
        self.board.wait_ready()
        self.boots.append(self.board.boot_s)
        status, words = self.board.answer("careroomctl verify")
        if status != 0:
            raise Lost(f"careroomctl verify: {words}")
        start = json.loads(self.board.ask("started"))
        if int(start["sequence"]) <= known:
            raise Lost(f"{known} events were recorded; this boot's first has number {start['sequence']}: "
                       f"{known - int(start['sequence']) + 1} are lost")
        # From the last known line on. It is compared byte by byte; those before it are held by its hashes, as verify found.
        self.board.follow(since=max(1, known))
        self._take_until(int(start["sequence"]) - 1)
        state = self._fire_state()
        sounds, alarms = self._sounds("GPIO22"), self.board.ask("careroomctl alarms --json")
        stands = any(alarm["id"] == FIRE for alarm in json.loads(alarms)["alarms"])
        if (sounds, stands) != (state != "normal", state != "normal"):
            raise Lost(f"the fire was recorded as {state}; now the siren sounds: {sounds}, alarms: {alarms}")
        self.fires += state != "normal"

    def _sounds(self, pin):
        """Whether the line is active, or becomes so within the longest pause of a fire's signal (1.5 s) and more."""
        end = time.monotonic() + 3
        while self.board.value(pin) != "1":
            if time.monotonic() > end:
                return False
        return True

    def _take_until(self, number):
        self.board.wait(lambda: self.board.last() >= number, f"event {number}")
        with self.board.changed:
            self._take()

    def _act(self):
        """Something to be cut in the middle of: doors, until they chatter, cards all the time, and one fire's life or the
        answer to it."""
        self.board.ask(f"behind doors; behind 'cards {wiegand(57, 12345)}'")
        pauses = [self.random.randrange(400000) for _ in range(3)]
        answer = f"careroomctl ack {FIRE}; usleep {pauses[1]}; careroomctl reset {FIRE}"
        if self._fire_state() != "normal":
            deed = f"usleep {pauses[0]}; {answer}"
        else:
            deed = f"usleep {pauses[0]}; pull GPIO17 up; usleep {pauses[1]}; pull GPIO17 down"
            if self.random.random() < 0.5:
                deed += f"; usleep {pauses[2]}; {answer}"
        self.board.ask(f"behind '{deed}'")

    def cut(self):
        """One boot and its end."""
        boot_cut = bool(self.boots) and self.random.random() < self.share_of_boot_cuts
        fraction, events, wait_s = self.random.random(), self.random.randint(1, 50), self.random.random() * 0.05
        self._power_on()
        if boot_cut:
            self.boot_cuts += 1
            time.sleep(fraction * self.boots[-1])  # the moment itself, not a wait for anything
        else:
            self._recover()
            self._act()
            last = len(self.told) + events
            self.board.wait(lambda: self.board.last() >= last, f"event {last}")
            time.sleep(wait_s)
        self._power_off()
        complaints = self.board.complaints()
        if complaints:
            raise Lost("\n".join(complaints))

    def last_boot(self):
        """After the last cut: once more everything there."""
        self._power_on()
        self._recover()
        self._power_off()


def cuts(folder, root, count, seed, say):
    """count power cuts; what they amounted to. Lost where something recorded is gone."""
    run = Cuts(folder, root, seed)
    started = time.monotonic()
    try:
        for number in range(1, count + 1):
            run.cut()
            if number % 10 == 0:
                say(f"{number} cuts, {len(run.told)} events recorded, {time.monotonic() - started:.0f} s")
        run.last_boot()
    finally:
        run.close()
    passed = time.monotonic() - started
    return (f"{count} cuts ({run.boot_cuts} while booting) in {passed:.0f} s, {len(run.told)} events told and all there, "
            f"{run.fires} boots into a latched fire, boot {min(run.boots):.1f} to {max(run.boots):.1f} s, seed {seed}")


def must_be_noticed(folder, root, seed, tries, console="", lies=False, words=()):
    """A control run: one honest boot; from then on, with this fault, the cuts must find a loss. console: what is said there
    when the fault is in."""
    run = Cuts(folder, root, seed, early=(0,), boot_cuts=0)
    try:
        run.cut()
        run.lies, run.words = lies, words
        for _ in range(tries):
            run.cut()
            if console not in run.board.console.read_text():
                raise Failed(f"the fault is not in: no {console!r} on the console")
        run.last_boot()
    except Lost as loss:
        return f"boot {len(run.boots)}: {loss}"
    finally:
        run.close()
    raise Failed(f"{tries} cuts, and nothing was missed: the test is blind to this")
