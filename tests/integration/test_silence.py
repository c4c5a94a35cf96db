"""Silence: the sounders rest for a while, and nobody forgets why they sounded."""

import pytest

import careroom


@pytest.fixture
def room(make_world):
    world = make_world()
    world.guard = careroom.Guard(world)
    world.events = careroom.Events(world)
    return world


def fire(room):
    room.line("smoke-1", "active")
    room.events.wait("alarm.raised", subject="butterfly/smoke-1")
    assert room.outputs()["siren"]["pattern"] == "evacuate"


def rests(room):
    siren = room.outputs()["siren"]
    return siren["pattern"] == "off" and siren["level"] == 0


def test_a_fire_is_silenced_for_a_while_and_stays_a_fire(room):
    fire(room)
    room.ctl("silence", "butterfly", "--for", "1s")
    silenced = room.events.wait("alarm.silenced", subject="butterfly", via="local")
    assert silenced["class"] == "fire" and silenced["data"]["actor"].startswith("uid ")
    assert room.alarms()["butterfly/smoke-1"]["state"] == "unacknowledged"
    resounded = room.events.wait("alarm.resounded", subject="butterfly", reason="expired")
    assert resounded["class"] == "fire"
    took_ns = int(resounded["boottimens"]) - int(silenced["boottimens"])
    assert took_ns >= 1_000_000_000
    assert silenced["data"]["until_ms"] > 0
    assert room.outputs()["siren"]["pattern"] == "evacuate"


def test_what_is_refused(room):
    room.ctl("silence", "butterfly", status=1)
    room.events.wait("command.refused", subject="butterfly", command="silence", reason="nothing-sounds")
    fire(room)
    room.ctl("silence", "butterfly", "--for", "6m", status=1)
    room.events.wait("command.refused", command="silence", reason="too-long")
    with careroom.Control(room) as control:
        answer = control.ask("silence", room="butterfly", for_ms=60000, via="mqtt")
    assert answer["ok"] is False
    room.events.wait("command.refused", command="silence", reason="remote-fire", via="mqtt")
    assert not rests(room)


def test_it_outlives_the_guard(room):
    fire(room)
    room.ctl("silence", "butterfly", "--for", "5m")
    assert rests(room)
    room.guard.kill()
    careroom.Guard(room)
    events = careroom.Events(room)
    events.wait("alarm.cleared", subject="butterfly/smoke-1", state="latched-unacknowledged")  # the world began anew
    assert rests(room)
    room.line("smoke-1", "active")
    events.wait("alarm.resounded", subject="butterfly", reason="new-alarm")
    assert room.outputs()["siren"]["pattern"] == "evacuate"
