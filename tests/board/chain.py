"""From the contact to the operator on a real kernel: lines, chips, rules, journal, broker; and what is unplugged on the way."""

import itertools
import json
import statistics
import sys
import time

import board
import ports
from board import Failed, check

sys.path.insert(0, str(board.ROOT / "tests/integration"))
import careroom  # noqa: E402  (the operator's side, and the chain's independent check)

PREFIX = "careroom/v1/sunshine/board-001"
SOUNDER_LIMIT_US = 2_000_000  # an emulated board beside other work: this notices a hang, the figure itself is printed
CARD_TRIES = 30
DETECTORS = {"smoke-1": "GPIO17", "smoke-2": "expander:0",
             "smoke-3": "GPIO7", "smoke-4": "GPIO8", "smoke-5": "GPIO9",
             "smoke-6": "GPIO10", "smoke-7": "GPIO11", "smoke-8": "GPIO12"}


def ones(bits):
    return sum(bit == "1" for bit in bits)


def wiegand(facility, card):
    """A frame of 26 bits: even parity over its first half, odd over its second."""
    data = f"{facility:08b}{card:016b}"
    return str(ones(data[:12]) % 2) + data + str(1 - ones(data[12:]) % 2)


class Chain:
    """One board with its broker and uplink, and the checks in the order in which they are run."""

    def __init__(self, folder, root):
        self.image = folder / "state.img"
        board.make_disk(self.image, 64)
        self.disk = board.Disk(folder, self.image)
        self.port = board.free_port()
        self.processes, self.closers = [], []  # what careroom.Subscriber wants of its world
        self.board = board.Board(folder, root, self.disk, cores=2, port=self.port, words=["BOARD_PORTS=1"])
        self.operator = None
        self.detectors = itertools.cycle(sorted(set(DETECTORS) - {"smoke-1", "smoke-2"}))
        self.adapter_went = 0  # the last event before
        self.silent_after = 0  # the same: modules on serial ports fell silent
        self.taps = {"back-door": [], "desk": []}  # at which try each card was read

    def close(self):
        for closer in self.closers:
            closer()
        self.board.kill()
        self.disk.kill()

    # -- helpers

    def pull(self, pin, way):
        self.board.ask(f"pull {pin} {way}")

    def chip(self, words):
        self.board.ask(f"chip {words}")

    def wait_value(self, pin, wanted):
        """Until the level on a line is this. Nobody announces it: it is looked at again."""
        end = time.monotonic() + board.LIMIT
        while self.board.value(pin) != wanted:
            check(time.monotonic() < end, f"{pin} does not become {wanted}")

    def wait_pulses(self, pin):
        """The siren's signal of a fire: a pulse ends and another one comes."""
        self.wait_value(pin, "1")
        self.wait_value(pin, "0")
        self.wait_value(pin, "1")

    def trouble(self, point, reason, after):
        event = self.board.event("point.trouble", f"butterfly/{point}", after)
        check(event["data"].get("reason") == reason, f"{point}: {event['data']} instead of {reason}")
        return int(event["sequence"])

    def restored(self, point, after):
        return int(self.board.event("point.restored", f"butterfly/{point}", after)["sequence"])

    def status(self, point):
        status = json.loads(self.board.ask("careroomctl status --json"))
        return next(entry for room in status["rooms"] for entry in room["points"] if entry["id"] == point)

    def quench(self, point):
        """The end of a fire: smoke gone, acknowledged, reset, silent."""
        after = self.board.last()
        self.pull(DETECTORS[point], "down")
        self.board.event("alarm.cleared", f"butterfly/{point}", after)
        self.board.ask(f"careroomctl ack butterfly/{point} && careroomctl reset butterfly/{point}")
        self.wait_value("GPIO22", "0")

    def ignite(self):
        """Smoke at the next detector. That, and the microseconds from the edge to the siren's line."""
        point = next(self.detectors)
        return point, int(self.board.ask(f"stopwatch {DETECTORS[point]} up GPIO22 1"))

    def sounds(self):
        """A fire, at its end silent again; the siren must have sounded soon."""
        point, passed = self.ignite()
        self.quench(point)
        check(passed < SOUNDER_LIMIT_US, f"{passed} us")

    # -- checks

    def boots(self):
        """the board boots and the guard takes questions"""
        self.board.wait_ready()
        self.board.follow()
        self.board.event("gateway.started")
        return f"{self.board.boot_s:.1f} s from power on, {self.board.ready:.1f} s on its own clock"

    def configuration(self):
        """careroomd --check is content, and the lines are where the kernel has them"""
        self.board.ask("careroomd --config $CAREROOM_CONFIG --check")
        lines = self.board.ask("careroomctl scan")
        for word in ("GPIO17", "GPIO22", "expander"):
            check(word in lines, f"careroomctl scan does not show {word}:\n{lines}")

    def outputs_at_rest(self):
        """outputs are off: low, and high where they are active low; the pull-up that was asked for is on"""
        check(self.board.value("GPIO22") == "0", "the siren's line is high")
        check(self.board.value("GPIO23") == "1", "the fan is active low: its line is low")
        check(self.board.value("GPIO24") == "1", "the bias of the help button did not reach the chip")

    def operator_joins(self):
        """broker and uplink start; the operator sees the gateway online"""
        self.board.ask("ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up && "
                       "start broker mosquitto -c /etc/mosquitto.conf")
        self.board.ask("start uplink careroom-uplink --config $CAREROOM_CONFIG")
        self._join()
        self.operator.wait(lambda messages: [text for topic, text in messages if topic == f"{PREFIX}/status"
                                             and json.loads(text)["state"] == "online"], "online", board.LIMIT)

    def _join(self):
        end = time.monotonic() + board.LIMIT
        while self.operator is None:  # the emulator takes the connection before the broker does
            try:
                self.operator = careroom.Subscriber(self, PREFIX + "/#")
            except (OSError, AssertionError):
                check(time.monotonic() < end, "the board's broker takes no connection")

    def smoke(self):
        """smoke: siren, journal, broker, operator, byte for byte the same"""
        self.pull("GPIO17", "up")
        self.wait_value("GPIO22", "1")
        raised = self.board.event("alarm.raised", "butterfly/smoke-1", severity="fire")
        line = next(line for line in self.board.lines if json.loads(line)["sequence"] == raised["sequence"])
        self.operator.wait(lambda messages: [text for topic, text in messages
                                             if topic == f"{PREFIX}/butterfly/event/fire" and text == line],
                           "the line of the fire", board.LIMIT)
        self.operator.wait(lambda messages: [text for topic, text in messages
                                             if topic == f"{PREFIX}/butterfly/alarm/smoke-1" and text],
                           "the standing alarm", board.LIMIT)
        self.wait_value("expander:2", "1")

    def latched(self):
        """smoke that has gone leaves the fire latched; acknowledged it still sounds; reset it is silent"""
        after = self.board.last()
        self.pull("GPIO17", "down")
        self.board.event("alarm.cleared", "butterfly/smoke-1", after, state="latched-unacknowledged")
        self.wait_pulses("GPIO22")  # it did not fall silent with the smoke
        self.board.ask("careroomctl ack butterfly/smoke-1")
        self.wait_pulses("GPIO22")  # an acknowledgement is no silence
        self.board.ask("careroomctl reset butterfly/smoke-1")
        self.wait_value("GPIO22", "0")

    def quick(self):
        """the edge of a smoke contact to the level of the siren's line, ten times"""
        passed = []
        for _ in range(10):
            point, us = self.ignite()
            passed.append(us)
            self.quench(point)
        check(max(passed) < SOUNDER_LIMIT_US, f"{max(passed)} us")
        return f"median {statistics.median(passed) / 1000:.1f} ms, worst {max(passed) / 1000:.1f} ms"

    def label(self):
        """a detector named by chip label and offset sounds as well"""
        after = self.board.last()
        self.pull("expander:0", "up")
        self.wait_value("GPIO22", "1")
        self.board.event("alarm.raised", "butterfly/smoke-2", after)
        self.quench("smoke-2")

    def door(self):
        """doors and windows are recorded both ways"""
        for pin, subject in (("GPIO27", "butterfly/door"), ("expander:1", "butterfly/window")):
            for way, type_ in (("up", "door.opened"), ("down", "door.closed")):
                after = self.board.last()
                self.pull(pin, way)
                self.board.event(type_, subject, after)

    def present(self, command, happened):
        """Show a card, until happened(). An emulated board may stop for longer than the silence that ends a frame: then the
        child presents the card again, as at a door."""
        for attempt in range(1, CARD_TRIES + 1):
            self.board.ask(command)
            try:
                return attempt, happened()
            except Failed:
                check(attempt < CARD_TRIES, f"not read in {CARD_TRIES} tries")

    def card(self):
        """a card's 26 pulses are one access event, without its number"""
        after = self.board.last()
        attempt, event = self.present(f"card {wiegand(57, 12345)}",
                                      lambda: self.board.event("access.presented", "butterfly/entry", after, limit=2))
        check(event["data"].get("bits") == 26 and "12345" not in json.dumps(event), f"{event}")
        return f"try {attempt}"

    def damaged_card(self):
        """frames with one pulse wrong are no card but, again and again, a trouble; a good one ends it"""
        good, after = wiegand(57, 12345), self.board.last()
        bad = good[:5] + str(1 - int(good[5])) + good[6:]
        for _ in range(2):
            self.board.ask(f"card {bad}")
        self.present(f"card {bad}",
                     lambda: self.board.event("point.trouble", "butterfly/entry", after, limit=2, reason="unreadable"))
        check(not self.board.events("access.presented", after=after), "a damaged frame was taken for a card")
        self.present(f"card {good}", lambda: self.board.event("point.restored", "butterfly/entry", after, limit=2))

    def readings(self):
        """what the chips measure is what the guard shows"""
        self.chip("set butterfly/air co2 612")
        self.chip("set butterfly/climate temperature 21.5")
        end = time.monotonic() + board.LIMIT
        while True:
            air, climate = self.status("air"), self.status("climate")
            if air.get("values", {}).get("co2_ppm") == 612 and \
               abs(climate.get("values", {}).get("temp_mc", 0) - 21500) <= 10:
                return
            check(time.monotonic() < end, f"air {air}, climate {climate}")
            time.sleep(0.2)

    def co2(self):
        """CO2 over its limit: alarm, ventilation and a warning from the siren; and back"""
        after = self.board.last()
        self.chip("set butterfly/air co2 1800")
        self.board.event("alarm.raised", "butterfly/co2-high", after)
        self.wait_value("GPIO23", "0")
        self.board.ask("until [ $(value GPIO22) = 1 ]; do usleep 1000; done")
        after = self.board.last()
        self.chip("set butterfly/air co2 900")
        self.board.event("alarm.cleared", "butterfly/co2-high", after)
        self.wait_value("GPIO23", "1")
        self.wait_value("GPIO22", "0")

    def fault(self, point, fault, reason):
        after = self.board.last()
        self.chip(f"fault butterfly/{point} {fault}")
        after = self.trouble(point, reason, after)
        self.chip(f"fault butterfly/{point} none")
        self.restored(point, after)

    def air_nack(self):
        """the CO2 chip does not acknowledge: trouble and restoration"""
        self.fault("air", "nack", "no-answer")

    def hall_crc(self):
        """a chip's checksums are wrong: trouble and restoration"""
        self.fault("hall", "crc", "bad-crc")  # not the CO2 chip's: its third trouble in a minute would be held as chatter

    def climate_nack(self):
        """the climate chip does not acknowledge: trouble and restoration, the chip beside it undisturbed"""
        after = self.board.last()
        self.fault("climate", "nack", "no-answer")
        check(not self.board.events("point.trouble", "butterfly/air", after), "the chip beside it was disturbed")

    def hang(self):
        """a chip holds the bus: trouble of both points on it, smoke undisturbed, restoration"""
        after = self.board.last()
        self.chip("fault butterfly/climate hang")
        for point in ("climate", "air"):
            self.trouble(point, "timed-out", after)
        fire, passed = self.ignite()
        self.chip("fault butterfly/climate none")
        for point in ("climate", "air"):
            self.restored(point, after)
        self.quench(fire)
        check(passed < SOUNDER_LIMIT_US, f"{passed} us")
        return f"siren {passed / 1000:.1f} ms after the edge while the bus hangs"

    def adapter_gone(self):
        """the I2C adapter goes: trouble of its points, smoke undisturbed"""
        self.adapter_went = after = self.board.last()
        self.chip("gone")
        for point in ("climate", "air"):
            self.trouble(point, "gone", after)
        self.board.ask("end chips KILL")
        self.sounds()
        self.board.ask("chips")

    def chip_gone(self):
        """a GPIO chip is unplugged: its points are gone, the guard lives, smoke on the other chip sounds"""
        after = self.board.last()
        self.board.ask("unplug expander")
        for point in ("smoke-2", "window"):
            self.trouble(point, "gone", after)
        self.board.event("point.trouble", "butterfly/beacon", after)
        self.board.ask("alive guard")
        self.sounds()

    def chip_back(self):
        """plugged in again, the points of chip and adapter are restored by a start of the guard"""
        after = self.board.last()
        self.board.ask("plug expander")
        self.board.ask("end guard TERM && while alive guard; do usleep 10000; done")
        self.board.event("gateway.stopped", after=after)
        self.board.ask("guard")
        for point in ("smoke-2", "window", "beacon"):
            self.restored(point, after)
        for point in ("climate", "air"):
            self.restored(point, self.adapter_went)
        self.pull("expander:0", "up")
        self.wait_value("GPIO22", "1")
        self.board.event("alarm.raised", "butterfly/smoke-2", after)

    def killed(self):
        """the guard is killed in the middle of a fire: it comes back with the fire and the siren"""
        after = self.board.last()
        self.pull("expander:0", "down")
        self.board.event("alarm.cleared", "butterfly/smoke-2", after)
        self.board.ask("end guard KILL && while alive guard; do usleep 10000; done; guard")
        self.wait_value("GPIO22", "1")
        alarms = json.loads(self.board.ask("careroomctl alarms --json"))["alarms"]
        check([alarm for alarm in alarms if alarm["id"] == "butterfly/smoke-2"], f"the fire is forgotten: {alarms}")
        self.board.ask("careroomctl ack butterfly/smoke-2 && careroomctl reset butterfly/smoke-2")
        self.wait_value("GPIO22", "0")

    def delivered(self):
        """everything that was recorded reached the operator, chained; the journal's own check is content"""
        self.board.event("alarm.reset", "butterfly/smoke-2",
                         int(self.board.events("gateway.started")[-1]["sequence"]))
        lines = {json.loads(line)["id"]: line for line in self.board.lines}
        self.operator.wait(lambda _messages: set(lines) <= {json.loads(text)["id"] for _, text in self._events()},
                           "every event", board.LIMIT)
        arrived = careroom.first_arrivals(self._events())
        counts = careroom.check_chain(arrived)
        for _, text in arrived:
            number = json.loads(text)["id"]
            check(lines.get(number, text) == text, f"{number} was delivered with other bytes")
        self.board.ask("careroomctl verify")
        return f"{sum(counts.values())} events"

    def _events(self):
        return [(topic.rsplit("/", 1)[1], payload) for topic, payload in list(self.operator.messages)
                if "/event/" in topic]

    def quiet_kernel(self):
        """nothing went wrong in the kernel or in what belongs to the test"""
        self.board.ask("alive guard && alive uplink && alive broker && alive chips")
        check(not self.board.complaints(), "\n".join(self.board.complaints()))

    CHECKS = (boots, configuration, outputs_at_rest, operator_joins, smoke, latched, quick, label, door, card, damaged_card,
              ports.silent, ports.typed, ports.grabbed, ports.keyboard_gone, ports.serial_card, ports.damaged_cards,
              readings, co2, air_nack, hall_crc, climate_nack, hang,
              ports.values, ports.damaged_answers, ports.damaged_stream, ports.serial_gone,
              adapter_gone, chip_gone, chip_back, killed, delivered, ports.once, quiet_kernel)
