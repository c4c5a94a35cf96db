"""What has a port to itself: modules and a card reader on serial ports, a card reader that types; unplugged, silent, damaged.

Checks of the chain (chain.py). A module that was silent for long counts as new, and is believed after half a minute or one: that
passes while other checks are run.
"""

import json
import time

import board
from board import Skipped, check

DESK, OTHER = "/dev/input/by-id/desk", "/dev/input/by-id/other"
CO2, CARDS = "/dev/serial/by-id/co2", "/dev/serial/by-id/cards"
MINE = ("fresh", "dust", "back-door", "desk")


def needs(chain, feature, what):
    if chain.board.answer(f"has {feature}")[0] != 0:
        raise Skipped(f"this kernel has no {what}")


def needs_serial(chain):
    needs(chain, "serial", "pseudo terminals")


def needs_input(chain):
    needs(chain, "input", "uinput")


def presented(chain, reader, command, number):
    """A card is read by this reader, and its number is nowhere."""
    after = chain.board.last()
    attempt, event = chain.present(
        command, lambda: chain.board.event("access.presented", f"butterfly/{reader}", after, limit=3))
    chain.taps[reader].append(attempt)
    check(number not in json.dumps(event), f"{event}")
    check(not [other for other in chain.board.events("access.presented", after=after)
               if other["subject"] != f"butterfly/{reader}"], "another reader told of it")
    return attempt


def nothing_else(chain, after, *points):
    """Nobody but these points got into trouble since."""
    others = [event for event in chain.board.events("point.trouble", after=after)
              if event["subject"] not in [f"butterfly/{point}" for point in points]]
    check(not others, f"others were disturbed: {others}")


def shows(chain, point, **values):
    """Until the guard shows these values."""
    end = time.monotonic() + board.LIMIT
    while True:
        status = chain.status(point)
        if all(status.get("values", {}).get(name) == value for name, value in values.items()):
            return
        check(time.monotonic() < end, f"{status} instead of {values}")
        time.sleep(0.2)


def silent(chain):
    """modules on serial ports fall silent: no answer from either, and the other ports go on"""
    needs_serial(chain)
    after = chain.board.last()
    check(not [event for event in chain.board.events("point.trouble") if event["subject"].split("/")[1] in MINE],
          "a port is in trouble from the start")
    for point in ("fresh", "dust"):
        chain.board.ask(f"module fault butterfly/{point} nack")
    for point in ("fresh", "dust"):
        chain.trouble(point, "no-answer", after)
    presented(chain, "back-door", "module show butterfly/back-door 0B00ABCDEF", "ABCDEF")
    for point in ("fresh", "dust"):
        chain.board.ask(f"module fault butterfly/{point} none")
    nothing_else(chain, after, "fresh", "dust")
    chain.silent_after = after


def typed(chain):
    """a card reader that types: its card is one access event, without its number"""
    needs_input(chain)
    return f"try {presented(chain, 'desk', 'keyboard type desk 0006547886', '6547886')}"


def grabbed(chain):
    """another program that reads the same keyboard sees no key of it, but those of a keyboard that is nobody's"""
    needs_input(chain)
    chain.board.ask(f"keyboard plug other; until [ -e {OTHER} ]; do usleep 5000; done; ears {DESK} {OTHER}")
    presented(chain, "desk", "keyboard type desk 0006547887", "6547887")
    chain.board.ask("keyboard type other 12")
    heard = chain.board.ask("heard").splitlines()
    check(heard == [f"{DESK}: taken", f"{OTHER}: free", f"{DESK}: 0 keys", f"{OTHER}: 3 keys"], f"{heard}")
    chain.board.ask("keyboard unplug other")


def keyboard_gone(chain):
    """the reader is unplugged: gone, and nothing else; plugged in again it reads a card, and has it to itself again"""
    needs_input(chain)
    after = chain.board.last()
    chain.board.ask("keyboard unplug desk")
    chain.trouble("desk", "gone", after)
    nothing_else(chain, after, "desk")
    chain.board.ask("keyboard plug desk")
    chain.restored("desk", after)
    presented(chain, "desk", "keyboard type desk 0006547888", "6547888")
    chain.board.ask(f"keyboard plug other; until [ -e {OTHER} ]; do usleep 5000; done; ears {DESK} {OTHER}")
    chain.board.ask("keyboard type other 1")
    heard = chain.board.ask("heard")
    check(f"{DESK}: taken" in heard, heard)


def serial_card(chain):
    """a card at a serial port is an access event, without its number; so is the next"""
    needs_serial(chain)
    for number in ("ABCDE0", "ABCDE1"):
        presented(chain, "back-door", f"module show butterfly/back-door 0B00{number}", number)


def damaged_cards(chain):
    """card frames with a wrong checksum are no card but, again and again, a trouble; good ones end it"""
    needs_serial(chain)
    after = chain.board.last()
    chain.board.ask("module fault butterfly/back-door crc")
    chain.board.ask("module show butterfly/back-door 0B00ABCDE2")
    chain.trouble("back-door", "unreadable", after)
    check(not chain.board.events("access.presented", after=after), "a damaged frame was taken for a card")
    nothing_else(chain, after, "back-door")
    # The next card takes the damaged one's place before frames are whole again, or that would be read as well.
    presented(chain, "back-door", "module show butterfly/back-door 0B00ABCDE3; module fault butterfly/back-door none", "ABCDE3")
    chain.restored("back-door", after)


def values(chain):
    """modules that were silent are believed again once they are warm; what they measure is what the guard shows"""
    needs_serial(chain)
    chain.board.ask("module set butterfly/fresh co2 1234")
    for quantity, value in (("pm1", 11), ("pm25", 22), ("pm10", 33)):
        chain.board.ask(f"module set butterfly/dust {quantity} {value}")
    for point in ("dust", "fresh"):
        chain.restored(point, chain.silent_after)
    shows(chain, "dust", pm1_ngm3=11000, pm25_ngm3=22000, pm10_ngm3=33000)
    shows(chain, "fresh", co2_ppm=1234)


def damaged(chain, point):
    after = chain.board.last()
    chain.board.ask(f"module fault butterfly/{point} crc")
    chain.trouble(point, "bad-crc", after)
    nothing_else(chain, after, point)
    chain.board.ask(f"module fault butterfly/{point} none")
    chain.restored(point, after)


def damaged_answers(chain):
    """the CO2 module's answers have wrong checksums: bad-crc, the other ports go on; and back"""
    needs_serial(chain)
    damaged(chain, "fresh")


def damaged_stream(chain):
    """the particle module's frames have wrong checksums: bad-crc, the other ports go on; and back"""
    needs_serial(chain)
    damaged(chain, "dust")


def serial_gone(chain):
    """serial ports are unplugged: gone, and nothing else; plugged in again the reader reads a card"""
    needs_serial(chain)
    after = chain.board.last()
    for path in (CO2, CARDS):
        chain.board.ask(f"module unplug {path}")
    for point in ("fresh", "back-door"):
        chain.trouble(point, "gone", after)
    nothing_else(chain, after, "fresh", "back-door")
    for path in (CO2, CARDS):
        chain.board.ask(f"module plug {path}")
    chain.restored("back-door", after)
    presented(chain, "back-door", "module show butterfly/back-door 0B00ABCDE4", "ABCDE4")


def once(chain):
    """each card that was read is one event, however many frames its reader sent; what is behind the ports still runs"""
    needs_serial(chain)
    needs_input(chain)
    for reader, tries in chain.taps.items():
        count = len(chain.board.events("access.presented", f"butterfly/{reader}"))
        check(len(tries) <= count <= sum(tries), f"{reader}: {count} events of cards read at try {tries}")
    chain.board.ask("alive modules && alive keyboards")
    return ", ".join(f"{len(tries)} at {reader}" for reader, tries in chain.taps.items())
