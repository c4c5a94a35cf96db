"""Shelve, isolate, silence, acknowledge: what staff do about alarms, from the command line to the journal, and what of it
survives a kill."""

import json

import pytest

import careroom

RULES = """\
      - { id: co2-high, on: air.co2, above: 1500, for_s: 0, deadband: 100, severity: warning }
      - { id: too-warm, on: climate.temperature, above: 30, for_s: 0, deadband: 1, severity: critical }
"""


@pytest.fixture
def room(make_world):
    world = make_world(rules=RULES)
    world.guard = careroom.Guard(world)
    world.events = careroom.Events(world)
    return world


def restart(room):
    room.guard.kill()
    room.guard = careroom.Guard(room)
    room.events = careroom.Events(room)


def aside(room):
    return {alarm["id"]: alarm for alarm in json.loads(room.ctl("alarms", "--json"))["set_aside"]}


def state(room, alarm):
    return room.alarms().get("butterfly/" + alarm, {}).get("state", "normal")


def test_a_shelved_alarm_is_listed_and_comes_back_by_itself(room):
    room.set("air", "co2", 2500)
    room.events.wait("alarm.raised", subject="butterfly/co2-high")
    assert "shelved butterfly/co2-high" in room.ctl("shelve", "butterfly/co2-high", "--for", "2s", "--reason", "painters")
    shelved = room.events.wait("alarm.shelved", subject="butterfly/co2-high", state="shelved", via="local")
    assert shelved["data"]["actor"].startswith("uid ") and len(shelved["data"]["note"]) == 64
    assert "painters" not in json.dumps(room.events.all()), "what a person wrote is in no line"
    assert state(room, "co2-high") == "normal" and aside(room)["butterfly/co2-high"]["state"] == "shelved"
    assert "set aside: butterfly/co2-high shelved" in room.ctl("alarms")
    room.events.wait("alarm.unshelved", subject="butterfly/co2-high", reason="expired")
    again = room.events.wait("alarm.raised", subject="butterfly/co2-high", after=int(shelved["sequence"]))
    assert again["data"]["occurrence"] == shelved["data"]["occurrence"] + 1, "a condition that holds then is a new one"


def test_a_shelf_survives_a_kill_and_a_person_ends_it(room):
    room.ctl("shelve", "butterfly/co2-high", "--for", "1h")
    restart(room)
    rest = aside(room)["butterfly/co2-high"]
    assert rest["state"] == "shelved" and 3_500_000 < rest["rest_ms"] <= 3_600_000
    room.set("air", "co2", 2500)
    room.wait_value("air", "co2_ppm", 2500)
    assert state(room, "co2-high") == "normal"
    room.ctl("unshelve", "butterfly/co2-high")
    room.events.wait("alarm.unshelved", subject="butterfly/co2-high", reason="ended")
    room.events.wait("alarm.raised", subject="butterfly/co2-high")


@pytest.mark.parametrize("alarm", ["smoke-1", "smoke-1.trouble"])
def test_fire_cannot_be_shelved(room, alarm):
    said = room.ctl("shelve", "butterfly/" + alarm, "--for", "1h", status=1)
    assert "isolate the point" in said
    refused = room.events.wait("command.refused", reason="latches")
    assert refused["data"]["command"] == "shelve"
    room.line("smoke-1", "active")
    assert room.wait_output("siren", True)["pattern"] == "evacuate"


def test_an_isolated_detector_stands_as_such_and_comes_back(room):
    assert "needs --reason" in room.ctl("isolate", "butterfly/smoke-1", "--for", "1h", status=2)
    room.ctl("isolate", "butterfly/smoke-1", "--for", "1h", "--reason", "welding in the room")
    isolated = room.events.wait("point.isolated", subject="butterfly/smoke-1", via="local")
    assert isolated["feed"], "the fire authority is told"
    assert state(room, "smoke-1.isolated") == "unacknowledged"
    assert aside(room)["butterfly/smoke-1"]["state"] == "out-of-service"
    restart(room)
    assert aside(room)["butterfly/smoke-1"]["state"] == "out-of-service"
    room.line("smoke-1", "active")
    assert room.outputs()["siren"]["pattern"] == "off"
    room.ctl("reinstate", "butterfly/smoke-1")
    room.events.wait("point.reinstated", subject="butterfly/smoke-1", reason="ended")
    room.events.wait("alarm.raised", subject="butterfly/smoke-1")
    assert room.wait_output("siren", True)["pattern"] == "evacuate"
    assert state(room, "smoke-1.isolated") == "normal"


def test_a_standing_fire_is_answered_before_its_detector_is_isolated(room):
    room.line("smoke-1", "active")
    room.events.wait("alarm.raised", subject="butterfly/smoke-1")
    assert "acknowledge it" in room.ctl("isolate", "butterfly/smoke-1", "--for", "1h", "--reason", "dust", status=1)
    assert state(room, "smoke-1") == "unacknowledged"
    room.ctl("ack", "butterfly/smoke-1")
    room.ctl("isolate", "butterfly/smoke-1", "--for", "1h", "--reason", "dust")
    assert state(room, "smoke-1") == "latched-acknowledged", "it stands until it is reset"
    assert room.outputs()["siren"]["pattern"] == "evacuate"
    room.ctl("reset", "butterfly/smoke-1")
    room.wait_output("siren", False)
    assert aside(room)["butterfly/smoke-1"]["state"] == "out-of-service"


def test_what_is_too_long_or_not_there_is_refused(room):
    assert "longer than may be asked for" in room.ctl("shelve", "butterfly/co2-high", "--for", "25h", status=1)
    assert "longer than may be asked for" in room.ctl("isolate", "butterfly/air", "--for", "8d", "--reason", "x", status=1)
    assert "no point butterfly/none" in room.ctl("isolate", "butterfly/none", "--for", "1h", "--reason", "x", status=1)
    assert "in service" in room.ctl("reinstate", "butterfly/air", status=1)
    assert "not shelved" in room.ctl("unshelve", "butterfly/co2-high", status=1)
    assert "no room none" in room.ctl("silence", "none", status=1)


def test_remote_hands_never_set_fire_aside(room):
    with careroom.Control(room) as control:
        for op, fields in (("isolate", {"point": "butterfly/smoke-1", "for_ms": 60000, "reason": "x"}),
                           ("shelve", {"alarm": "butterfly/smoke-1", "for_ms": 60000})):
            answer = control.ask(op, via="mqtt", **fields)
            assert answer["ok"] is False, (op, answer)
        room.line("smoke-1", "active")
        room.wait_output("siren", True)
        for op, fields in (("silence", {"room": "all"}), ("ack", {"alarm": "butterfly/smoke-1"})):
            assert control.ask(op, via="mqtt", **fields)["code"] == "remote-fire"
    assert state(room, "smoke-1") == "unacknowledged"


def test_the_first_of_a_flood_is_marked_and_gravest_comes_first(room):
    room.set("air", "co2", 2500)
    first = room.events.wait("alarm.raised", subject="butterfly/co2-high")
    assert first["data"]["firstout"] == 1
    room.set("climate", "temperature", 35)
    room.line("smoke-1", "active")
    later = room.events.wait("alarm.raised", subject="butterfly/smoke-1")
    assert "firstout" not in later["data"]
    room.events.wait("alarm.raised", subject="butterfly/too-warm")
    with careroom.Control(room) as control:
        listed = control.must("alarms")["alarms"]
    assert [alarm["id"] for alarm in listed] == ["butterfly/smoke-1", "butterfly/too-warm", "butterfly/co2-high"]
    assert [alarm["firstout"] for alarm in listed] == [False, False, True]
    assert all(alarm["instruction"] for alarm in listed)


def test_the_house_is_told_in_its_language(make_world):
    world = make_world(rules=RULES)
    text = world.config.read_text()
    world.config.write_text(text.replace("language: en", "language: zh").replace(
        "name: 蝴蝶班", "name: 蝴蝶班\n    instruction: 走南侧楼梯，在操场集合"))
    careroom.Guard(world)
    world.line("smoke-1", "active")
    world.wait_output("siren", True)
    alarm = world.alarms()["butterfly/smoke-1"]
    assert alarm["instruction"].startswith("立即疏散儿童") and alarm["site_instruction"] == "走南侧楼梯，在操场集合"
    assert "立即疏散儿童" in world.ctl("alarms")
