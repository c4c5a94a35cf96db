"""Everything that is tested on the emulated board. The last line is "N passed, N failed".

    run.py [chain|power]        one part; BOARD_CUTS=N power cuts (100), BOARD_SEED=N what decides their moments

What a kernel lacks is skipped, and said so; BOARD_WHOLE=1: it lacks nothing, and whatever would be skipped fails.
"""

import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import board
import chain
import power

CUTS = int(os.environ.get("BOARD_CUTS", "100"))
SEED = int(os.environ.get("BOARD_SEED") or int.from_bytes(os.urandom(4), "big"))
CONTROL_CUTS = 6
WHOLE = os.environ.get("BOARD_WHOLE") == "1"

passed = failed = skipped = 0


def say(text):
    print(text, flush=True)


def check(name, function, *arguments, **options):
    """One line a check, with what it measured. True where it passed."""
    global passed, failed, skipped
    started = time.monotonic()
    try:
        figures = function(*arguments, **options)
    except board.Skipped as why:
        if WHOLE:
            failed += 1
        else:
            skipped += 1
        say(f"{'not ok' if WHOLE else 'SKIPPED'} - {name}: {why}")
        return False
    except Exception as failure:  # pylint: disable=broad-except  # whatever it is, the others go on
        failed += 1
        say(f"not ok - {name}")
        text = str(failure) if isinstance(failure, AssertionError) else traceback.format_exc()
        say("".join(f"#   {line}\n" for line in text.splitlines()).rstrip())
        return False
    passed += 1
    say(f"ok - {name} ({figures + '; ' if figures else ''}{time.monotonic() - started:.1f} s)")
    return True


def last_words(folder):
    for log in (folder / "console.log", folder / "disk.log"):
        if log.exists():
            say("".join(f"#   {log.stem} | {line}\n" for line in log.read_text(errors="replace").splitlines()[-40:]).rstrip())


def part_chain(folder, root):
    room = chain.Chain(folder, root)
    failed_before = failed
    try:
        for step in chain.Chain.CHECKS:
            if not check(step.__doc__, step, room) and step is chain.Chain.boots:
                break
    finally:
        room.close()
    if failed > failed_before:
        last_words(folder)


def part_power(folder, root):
    say(f"# {CUTS} power cuts, BOARD_SEED={SEED}")
    if not check("what was recorded before a power cut is there after it, chained, and the fire still sounds",
                 power.cuts, folder, root, CUTS, SEED, lambda text: say(f"#   {text}")):
        last_words(folder)
    for level in ("OFF", "NORMAL"):
        check(f"control: with synchronous={level} the same cuts lose what was recorded, and that is noticed",
              power.must_be_noticed, folder, root, SEED, CONTROL_CUTS, words=[f"BOARD_SYNCHRONOUS={level}"],
              console=f"synchronous={level}")
    check("control: on a disk that lies about flushes as well", power.must_be_noticed, folder, root, SEED, CONTROL_CUTS,
          lies=True)


PARTS = {"chain": part_chain, "power": part_power}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    if any(part not in PARTS for part in wanted):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="careroom-board-"))
    try:
        say(f"# kernel {board.KERNEL}, {board.ACCELERATOR}")
        root = board.make_root(folder)
        for part in wanted:
            PARTS[part](folder, root)
    finally:
        shutil.rmtree(folder)
    if skipped:
        say(f"# {skipped} SKIPPED: this kernel lacks what they need; one that scripts/board.sh builds has it")
    say(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
