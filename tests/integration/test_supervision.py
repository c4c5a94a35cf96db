"""What hangs on an output says whether it does as it is told, and a line that never rests takes nothing from the others."""

import pytest

import careroom

SIREN = "- { id: siren, line: GPIO22, role: sounder }"
SUPERVISED = "- { id: siren, line: GPIO22, role: sounder, feedback: GPIO25, feedback_active_low: true, feedback_ms: 100 }"


@pytest.fixture
def room(make_world):
    world = make_world()
    text = world.config.read_text()
    assert SIREN in text
    world.config.write_text(text.replace(SIREN, SUPERVISED))
    careroom.Guard(world)
    world.events = careroom.Events(world)
    return world


def level(room, wanted):
    careroom.wait_until(lambda: room.outputs()["siren"]["level"] == wanted, f"the siren's line has level {wanted}")


def told(room, *types):
    return [event["type"] for event in room.events.all()
            if event.get("subject") == "butterfly/siren" and event["type"].startswith("careroom.point.")]


def put_out(room):
    before = room.events.last()
    room.line("smoke-1", "inactive")
    room.events.wait("alarm.cleared", subject="butterfly/smoke-1", after=before)
    room.ctl("ack", "butterfly/smoke-1")
    room.ctl("reset", "butterfly/smoke-1")


def pulses(room, n):
    for _ in range(n):
        level(room, 1)
        level(room, 0)


def test_a_siren_that_follows_is_no_trouble(room):
    room.line("smoke-1", "active")
    pulses(room, 4)
    put_out(room)
    room.ctl("test", "butterfly/siren", "--for", "1s")
    level(room, 0)
    room.set("air", "co2", 1800)  # something that is recorded after all of it
    room.events.wait("alarm.raised", subject="butterfly/co2-high")
    assert told(room) == []


def test_a_dead_siren_is_told_once_and_until_it_is_heard(room):
    """It is at rest when it should be, which is no proof: the trouble stands through the pauses of the signal."""
    room.fault("siren", "stuck")
    room.line("smoke-1", "active")
    trouble = room.events.wait("point.trouble", subject="butterfly/siren", reason="no-feedback")
    assert trouble["class"] == "fault"
    assert room.outputs()["siren"]["pattern"] == "evacuate"
    pulses(room, 4)
    put_out(room)
    level(room, 0)
    assert room.alarms()["butterfly/siren.trouble"]["reason"] == "no-feedback"
    assert told(room) == ["careroom.point.trouble"]
    room.fault("siren", "none")
    room.ctl("test", "butterfly/siren", "--for", "1s")
    room.events.wait("point.restored", subject="butterfly/siren")


def test_a_welded_relay_is_told_when_it_should_rest(room):
    with careroom.Control(room) as control:
        control.must("test", output="butterfly/siren", for_ms=1000)
    room.fault("siren", "stuck")
    level(room, 0)
    room.events.wait("point.trouble", subject="butterfly/siren", reason="no-feedback")
    room.fault("siren", "none")
    room.events.wait("point.restored", subject="butterfly/siren")
    assert told(room) == ["careroom.point.trouble", "careroom.point.restored"]


def test_a_line_that_never_rests_does_not_delay_smoke(room):
    room.line("door", "chatters")
    room.events.wait("point.trouble", subject="butterfly/door", reason="damaged")
    for _ in range(2):  # a third within a minute would count as chattering
        room.line("smoke-1", "active")
        room.wait_output("siren", on=True)
        put_out(room)
        room.wait_output("siren", on=False)
    assert all(event["type"] != "careroom.point.restored" for event in room.events.all())
    room.line("door", "inactive")
    room.events.wait("point.restored", subject="butterfly/door")


def test_smoke_that_chatters_is_smoke(room):
    room.line("smoke-1", "chatters")
    room.events.wait("alarm.raised", subject="butterfly/smoke-1")
    room.wait_output("siren", on=True)
    room.events.wait("point.trouble", subject="butterfly/smoke-1", reason="damaged")
    room.ctl("ack", "butterfly/smoke-1")
    room.ctl("reset", "butterfly/smoke-1", status=1)  # never long enough at rest to be believed
    room.line("smoke-1", "inactive")
    room.events.wait("point.restored", subject="butterfly/smoke-1")
    room.events.wait("alarm.cleared", subject="butterfly/smoke-1", state="latched-acknowledged")
    room.ctl("reset", "butterfly/smoke-1")
    room.wait_output("siren", on=False)
