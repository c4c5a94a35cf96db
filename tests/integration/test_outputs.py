"""An installer tries the sounders and relays: they are driven for a moment, and whatever guards the room comes first."""

import json

import pytest

import careroom

RULES = """\
      - { id: co2-high, on: air.co2, above: 1500, for_s: 0, deadband: 100, severity: warning }
      - { id: too-warm, on: climate.temperature, above: 30, for_s: 0, deadband: 1, severity: advisory }
"""


@pytest.fixture
def room(make_world):
    world = make_world(rules=RULES)
    careroom.Guard(world)
    world.events = careroom.Events(world)
    return world


def lit(room, name, level=True):
    """The line's level, not the pattern: what a relay would do."""
    return careroom.wait_until(lambda: room.outputs()[name]["level"] == int(level) and room.outputs()[name],
                               f"{name} has level {level}")


def test_an_output_is_driven_and_goes_back(room):
    said = json.loads(room.ctl("test", "butterfly/siren", "--for", "1s", "--json"))
    assert said["output"] == "butterfly/siren" and said["for_ms"] == 1000
    on = room.outputs()["siren"]
    off = lit(room, "siren", False)
    assert on["level"] == 1 and on["pattern"] == "off"
    assert off["changed_ns"] - on["changed_ns"] >= 1_000_000_000
    event = room.events.wait("command.accepted", subject="butterfly/siren", command="test", via="local")
    assert event["class"] == "system" and event["data"]["actor"].startswith("uid ") and event["sequence"] == said["recorded"]
    assert room.outputs()["fan"]["changed_ns"] == 0
    assert "driven for 2 s (event " in room.ctl("test", "butterfly/fan")
    lit(room, "fan")
    lit(room, "fan", False)


def test_smoke_during_a_test(room):
    """The siren sounds on without a gap until the first pulse of the evacuation is over, and the fan, of which the core
    has nothing new to say, stops."""
    with careroom.Control(room) as control:
        control.must("test", output="butterfly/siren", for_ms=10000)
        control.must("test", output="butterfly/fan", for_ms=10000)
    siren, fan = lit(room, "siren"), lit(room, "fan")
    room.line("smoke-1", "active")
    fire = room.events.wait("alarm.raised", subject="butterfly/smoke-1")
    after = room.outputs()
    assert after["siren"]["pattern"] == "evacuate" and after["siren"]["on"]
    changed_ns = after["siren"]["changed_ns"]
    assert changed_ns == siren["changed_ns"] or changed_ns - int(fire["boottimens"]) >= 450_000_000
    assert after["fan"]["level"] == 0
    assert after["fan"]["changed_ns"] - fan["changed_ns"] < 10_000_000_000
    refused = room.events.last()
    assert "fire alarm stands" in room.ctl("test", "butterfly/fan", status=1)
    event = room.events.wait("command.refused", subject="butterfly/fan", after=refused, command="test")
    assert event["data"]["reason"] == "fire-stands"
    assert room.outputs()["fan"] == after["fan"]
    room.ctl("ack", "butterfly/smoke-1")
    assert "fire alarm stands" in room.ctl("test", "butterfly/siren", status=1)
    room.line("smoke-1", "inactive")
    room.events.wait("alarm.cleared", subject="butterfly/smoke-1")
    room.ctl("reset", "butterfly/smoke-1")
    lit(room, "siren", False)
    room.ctl("test", "butterfly/fan")
    lit(room, "fan")


def test_a_pattern_of_the_core_ends_a_test(room):
    """The warning's chirp is heard, instead of the ten seconds of the test."""
    with careroom.Control(room) as control:
        control.must("test", output="butterfly/siren", for_ms=10000)
    begun = lit(room, "siren")["changed_ns"]
    room.set("air", "co2", 1800)
    room.events.wait("alarm.raised", subject="butterfly/co2-high")
    chirp = careroom.wait_until(lambda: room.outputs()["siren"]["level"] == 0 and room.outputs()["siren"], "the chirp ends")
    assert chirp["pattern"] == "warning" and chirp["changed_ns"] - begun < 10_000_000_000


def test_a_chirp_goes_on_after_the_test(room):
    room.set("air", "co2", 1800)
    room.events.wait("alarm.raised", subject="butterfly/co2-high")
    lit(room, "siren", False)
    with careroom.Control(room) as control:
        control.must("test", output="butterfly/siren", for_ms=2000)
    on = lit(room, "siren")
    off = lit(room, "siren", False)
    assert off["changed_ns"] - on["changed_ns"] >= 1_900_000_000  # a chirp is 0.2 s
    again = lit(room, "siren")
    ended = lit(room, "siren", False)
    assert ended["changed_ns"] - again["changed_ns"] < 1_900_000_000 and ended["pattern"] == "warning"


def test_requests_that_are_refused(room):
    with careroom.Control(room) as control:
        for fields, code in (({}, "bad-request"), ({"output": 7}, "bad-request"), ({"output": "butterfly/none"}, "not-found"),
                             ({"output": "butterfly"}, "not-found"), ({"output": "butterfly/smoke-1"}, "not-found"),
                             ({"output": "butterfly/siren", "for_ms": 999}, "bad-request"),
                             ({"output": "butterfly/siren", "for_ms": 10001}, "bad-request"),
                             ({"output": "butterfly/siren", "for_ms": "2000"}, "bad-request"),
                             ({"output": "butterfly/siren", "via": "mqtt"}, "remote")):
            answer = control.ask("test", **fields)
            assert answer["ok"] is False and answer["code"] == code, (fields, answer)
    event = room.events.wait("command.refused", subject="butterfly/siren", command="test", reason="remote")
    assert event["data"]["via"] == "mqtt"
    assert all(output["changed_ns"] == 0 for output in room.outputs().values())
    for length in ("11s", "0s", "1m", "2", "fast"):
        assert "--for wants 1s to 10s" in room.ctl("test", "butterfly/siren", "--for", length, status=2)
