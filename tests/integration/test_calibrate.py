"""An installer tells a CO2 sensor what fresh air is: it answers when that stands in the journal, and guards on meanwhile.

The three minutes for which a chip must have measured pass in no time: the guard's CLOCK_BOOTTIME is moved ahead while it runs
(tests/tools/ahead.c), as if the board had slept. Nothing in the guard or in the simulated chips knows of it.
"""

import json
import struct
import subprocess
import threading

import pytest

import careroom

CONFIG = """\
gateway:   { id: test-001, site: sunshine, timezone: Asia/Shanghai }
state_dir: STATE
run_dir:   RUN
buses:     [ { id: main, i2c: /dev/i2c-1 }, { id: other, i2c: /dev/i2c-2 } ]
rooms:
  - id: butterfly
    name: Butterfly
    sensors:
      - { id: air,     driver: scd41, bus: main, every_ms: 5000 }
      - { id: climate, driver: sht4x, bus: main, every_ms: 1000 }
      - { id: nap,     driver: scd30, bus: other, every_ms: 2000 }
      - { id: window,  driver: sht4x, bus: other, every_ms: 1000 }
      - { id: door,    driver: contact, line: GPIO27, role: door, debounce_ms: 0 }
    rules:
      - { id: stuffy, on: air.co2, above: 1500, for_s: 0, deadband: 100, severity: warning }
      - { id: too-warm, on: window.temperature, above: 30, for_s: 0, deadband: 1, severity: advisory }
"""
AHEAD_S = 200


@pytest.fixture(scope="module")
def ahead(tmp_path_factory):
    library = tmp_path_factory.mktemp("ahead") / "ahead.so"
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
                    str(library), str(careroom.ROOT / "tests/tools/ahead.c")], check=True)
    return library


class Room:
    """The room, its guard, and the guard's clock."""

    def __init__(self, world, library):
        self.world = world
        world.config.write_text(CONFIG.replace("STATE", str(world.state)).replace("RUN", str(world.run)))
        self.clock = world.folder / "ahead"
        self.clock.write_bytes(struct.pack("=q", 0))
        preload = str(library)
        if "asan" in careroom.BUILD.name:  # its runtime wants to be the first
            asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
            preload = f"{asan.stdout.strip()} {preload}"
        self.env = {"LD_PRELOAD": preload, "AHEAD_FILE": str(self.clock)}
        self.start()

    def start(self):
        self.guard = careroom.Guard(self.world, env=self.env)
        self.events = careroom.Events(self.world)

    def point(self, name):
        with careroom.Control(self.world) as control:
            rooms = control.must("status")["status"]["rooms"]
        return next(point for room in rooms for point in room["points"] if point["id"] == name)

    def value(self, name, key):
        return self.point(name).get("values", {}).get(key)

    def measuring(self, name):
        careroom.wait_until(lambda: self.point(name)["state"] == "ok" and self.value(name, "co2_ppm"), f"{name} measures")

    def sleep_and_wake(self, *names):
        """Three minutes and more pass at once; then the sensors are heard again."""
        with open(self.clock, "r+b", buffering=0) as clock:
            passed = struct.unpack("=q", clock.read(8))[0]
            clock.seek(0)
            clock.write(struct.pack("=q", passed + AHEAD_S * 10**9))
        for name in names:
            self.measuring(name)

    @staticmethod
    def under_way(control):
        """Until one is: then even what could never be calibrated is told to wait."""
        careroom.wait_until(lambda: control.ask("calibrate", sensor="butterfly/door", co2_ppm=420)["code"] == "busy",
                            "a calibration is under way")

    def calibrate(self, name, ppm, status=0):
        return self.world.ctl("calibrate", f"butterfly/{name}", str(ppm), status=status)


@pytest.fixture
def room(make_world, ahead):
    return Room(make_world(), ahead)


@pytest.mark.parametrize("name", ["air", "nap"])
def test_accepted_with_its_correction(room, name):
    room.measuring(name)
    room.world.set(name, "co2", 455)  # fresh air, as a sensor that has drifted by 35 ppm sees it
    careroom.wait_until(lambda: room.value(name, "co2_ppm") == 455, "the drifted value")
    room.sleep_and_wake(name)
    said = json.loads(room.world.ctl("calibrate", f"butterfly/{name}", "420", "--json"))
    assert said == {"sensor": f"butterfly/{name}", "co2_ppm": 420, "correction_ppm": -35, "recorded": said["recorded"]}
    on_disk, = (event for event in room.events.all() if event["sequence"] == said["recorded"])  # already
    assert on_disk["type"] == "careroom.command.accepted" and on_disk["subject"] == f"butterfly/{name}"
    actor = on_disk["data"].pop("actor")
    assert actor.startswith("uid ")
    assert on_disk["data"] == {"command": "calibrate", "co2_ppm": 420, "correction_ppm": -35, "via": "local"}
    careroom.wait_until(lambda: room.value(name, "co2_ppm") == 420, "the calibrated value")
    assert room.point(name)["state"] == "ok"
    assert "calibrate, CO2 420 ppm, readings change by -35 ppm".lower() in room.world.ctl("events", "--limit", "20").lower()
    assert room.world.ctl("verify")


def test_again_at_once_is_too_early(room):
    """A calibrated SCD41 starts anew, and so do its three minutes."""
    room.measuring("air")
    room.sleep_and_wake("air")
    assert "is calibrated to 420 ppm: its readings change by -180 ppm (event " in room.calibrate("air", 420)
    assert "in 3 minutes" in room.calibrate("air", 420, status=1)
    room.measuring("air")
    assert "in 3 minutes" in room.calibrate("air", 420, status=1)


def test_too_early(room):
    room.measuring("air")
    assert "butterfly/air: it has not measured for 3 minutes" in room.calibrate("air", 420, status=1)
    event = room.events.wait("command.refused", subject="butterfly/air", command="calibrate", reason="too-early")
    assert event["data"]["co2_ppm"] == 420 and event["data"]["via"] == "local" and "correction_ppm" not in event["data"]
    assert room.point("air")["state"] == "ok" and room.value("air", "co2_ppm") == 600


@pytest.mark.parametrize("ppm", [399, 2001])
def test_no_reference(room, ppm):
    room.measuring("air")
    assert "400 to 2000 ppm" in room.calibrate("air", ppm, status=1)
    room.events.wait("command.refused", subject="butterfly/air", command="calibrate", reason="bad-reference", co2_ppm=ppm)


@pytest.mark.parametrize("name", ["climate", "door"])
def test_a_part_that_can_not_be_told(room, name):
    assert "an SCD40, SCD41 or SCD30 can" in room.calibrate(name, 420, status=1)
    room.events.wait("command.refused", subject=f"butterfly/{name}", command="calibrate", reason="no-calibration")


def test_in_trouble(room):
    room.measuring("air")
    room.world.fault("air", "nack")
    room.events.wait("point.trouble", subject="butterfly/air")
    assert "careroomctl status" in room.calibrate("air", 420, status=1)
    room.events.wait("command.refused", subject="butterfly/air", command="calibrate", reason="in-trouble")


def test_requests_that_are_refused(room):
    with careroom.Control(room.world) as control:
        for fields, code in (({}, "bad-request"), ({"sensor": 7, "co2_ppm": 420}, "bad-request"),
                             ({"sensor": "butterfly/air"}, "bad-request"),
                             ({"sensor": "butterfly/air", "co2_ppm": "420"}, "bad-request"),
                             ({"sensor": "butterfly/air", "co2_ppm": 0}, "bad-request"),
                             ({"sensor": "butterfly/air", "co2_ppm": 40001}, "bad-request"),
                             ({"sensor": "butterfly/none", "co2_ppm": 420}, "not-found"),
                             ({"sensor": "butterfly", "co2_ppm": 420}, "not-found"),
                             ({"sensor": "butterfly/air", "co2_ppm": 420, "via": "mqtt", "seq": 7}, "remote")):
            answer = control.ask("calibrate", **fields)
            assert answer["ok"] is False and answer["code"] == code, (fields, answer)
        assert answer["seq"] == 7 and answer["recorded"]
    event = room.events.wait("command.refused", subject="butterfly/air", command="calibrate", reason="remote")
    assert event["data"]["via"] == "mqtt" and event["sequence"] == answer["recorded"]
    for words in (("butterfly/air", "fresh"), ("butterfly/air", "-420"), ("butterfly/air", "0"), ("air", "420")):
        room.world.ctl("calibrate", *words, status=2)


def test_others_go_on_meanwhile(room):
    """The bus hangs in the middle of it: the caller waits, others are answered, the other bus alarms, a second one is told."""
    room.measuring("air")
    room.measuring("nap")
    room.sleep_and_wake("air", "nap")
    room.world.fault("climate", "hang")  # holds the wires that the SCD41 is on
    with careroom.Control(room.world) as waiting, careroom.Control(room.world) as asking:
        waiting.send(b'{"op":"calibrate","sensor":"butterfly/air","co2_ppm":420,"seq":1}\n')
        room.under_way(asking)
        assert asking.ask("calibrate", sensor="butterfly/nap", co2_ppm=420)["code"] == "busy"
        room.world.set("window", "temperature", 31)
        raised = room.events.wait("alarm.raised", subject="butterfly/too-warm")
        assert asking.must("status")
        answer = waiting.line()
    assert answer["ok"] is False and answer["code"] == "timed-out" and answer["seq"] == 1
    refused = room.events.wait("command.refused", subject="butterfly/air", command="calibrate", reason="timed-out")
    assert refused["sequence"] == answer["recorded"] and int(raised["sequence"]) < int(refused["sequence"])
    busy = room.events.wait("command.refused", subject="butterfly/nap", command="calibrate", reason="busy")
    assert int(busy["sequence"]) < int(refused["sequence"])
    room.world.fault("climate", "none")
    assert "readings change by" in room.calibrate("nap", 420)


def test_a_lost_client(room):
    """Nobody waits any more: it is done and recorded all the same, and the next one is answered."""
    room.measuring("air")
    room.measuring("nap")
    room.sleep_and_wake("air", "nap")
    with careroom.Control(room.world) as lost:
        lost.send(b'{"op":"calibrate","sensor":"butterfly/air","co2_ppm":420}\n')
    room.events.wait("command.accepted", subject="butterfly/air", command="calibrate", correction_ppm=-180)
    assert "readings change by" in room.calibrate("nap", 420)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_the_guard_ends_meanwhile(room, how):
    room.measuring("air")
    room.sleep_and_wake("air")
    room.world.fault("climate", "hang")  # so that it can't be over before the guard is
    said = {}
    caller = threading.Thread(target=lambda: said.update(text=room.calibrate("air", 420, status=3)))
    caller.start()
    with careroom.Control(room.world) as control:
        room.under_way(control)
    if how == "kill":
        room.guard.kill()
    else:
        assert room.guard.stop() == 0
    caller.join(careroom.LIMIT)
    assert "whether the request was carried out is not known" in said["text"]
    ends = [event for event in room.events.all() if event["subject"] == "butterfly/air" and
            event["type"] == "careroom.command.refused"] if how == "stop" else []
    assert [event["data"]["reason"] for event in ends] == (["stopping"] if how == "stop" else [])
    room.start()
    room.measuring("air")
    assert "in 3 minutes" in room.calibrate("air", 420, status=1)
