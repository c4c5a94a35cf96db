"""Taps, fire and drills: the roll-call on the command line, what the journal has of it, and a guard that is killed amid it."""

import json

import pytest

import careroom

PEOPLE = """\
kind,id,name,room,card
child,c1,李小明,butterfly,57:10001
child,c2,Ann Smith,butterfly,57:10002
staff,s1,王老师,butterfly,57:20001
guardian,g1,Mr Smith,,57:30001
"""


@pytest.fixture
def room(make_world):
    world = make_world()
    world.guard = careroom.Guard(world)
    world.events = careroom.Events(world)
    return world


def take_in(room, *cards):
    """The register, and these cards tapped one after the other."""
    file = room.folder / "people.csv"
    file.write_text(PEOPLE)
    room.ctl("people", "import", str(file))
    after = 0
    for card in cards:
        room.badge(f"57:{card}")
        after = int(room.events.wait("attendance.arrived", subject="butterfly/entry", after=after)["sequence"])


def roll(room, name="butterfly"):
    answer = json.loads(room.ctl("rollcall", name, "--json"))
    return answer, {person["id"]: person["mark"] for person in answer["people"]}


def put_out(room, events):
    room.line("smoke-1", "inactive")
    events.wait("alarm.cleared", subject="butterfly/smoke-1")
    room.ctl("ack", "butterfly/smoke-1")
    room.ctl("reset", "butterfly/smoke-1")


def test_from_the_tap_to_the_end_of_an_evacuation(room):
    take_in(room, 10001, 10002, 20001)
    status = json.loads(room.ctl("status", "--json"))["rooms"][0]
    assert status["present"] == {"children": 2, "staff": 1, "guardians": 0} and "rollcall" not in status
    assert "no drill" in room.ctl("rollcall", "butterfly", status=1)
    room.line("smoke-1", "active")
    started = room.events.wait("evacuation.started", subject="butterfly")
    assert started["class"] == "fire" and "feed" in started
    assert (started["data"]["children"], started["data"]["staff"]) == (2, 1)
    answer, marks = roll(room)
    assert answer["of"] == "fire" and marks == {"c1": "unmarked", "c2": "unmarked", "s1": "unmarked"}
    assert "EVACUATION" in room.ctl("status")
    room.ctl("rollcall", "butterfly", "mark", "c1", "missing")
    marked = room.events.wait("evacuation.marked", subject="butterfly", mark="missing")
    assert marked["class"] == "attendance" and marked["data"]["actor"].startswith("uid ")
    pseudonym = marked["data"]["person"]
    assert pseudonym.startswith("p-")
    room.ctl("rollcall", "butterfly", "mark", pseudonym, "safe")
    room.ctl("rollcall", "butterfly", "mark", "c2", "safe")
    assert "not in the house" in room.ctl("rollcall", "butterfly", "mark", "g1", "safe", status=1)
    assert "nobody called" in room.ctl("rollcall", "butterfly", "mark", "c9", "safe", status=1)
    room.ctl("rollcall", "butterfly", "mark", "s1", "safe")
    assert "3 safe, 0 missing, 0 unmarked" in room.ctl("rollcall", "butterfly")
    put_out(room, room.events)
    ended = room.events.wait("evacuation.ended", subject="butterfly")
    assert ended["class"] == "fire" and "person" not in ended["data"]
    assert {key: ended["data"][key] for key in ("children", "staff", "guardians", "safe", "missing", "unmarked")} == {
        "children": 2, "staff": 1, "guardians": 0, "safe": 3, "missing": 0, "unmarked": 0}
    assert 0 <= ended["data"]["evacuated_s"] <= ended["data"]["duration_s"]
    room.ctl("verify")


def test_no_name_and_no_card_leaves_the_register(room):
    take_in(room, 10001)
    room.line("smoke-1", "active")
    room.events.wait("evacuation.started", subject="butterfly")
    room.ctl("rollcall", "butterfly", "mark", "c1", "safe")
    room.events.wait("evacuation.marked", subject="butterfly")
    room.guard.stop()
    secrets = ["李小明", "Ann Smith", "10001", "57:10001"]
    kept = [file for file in room.state.iterdir() if file.name.startswith("journal")] + list(room.folder.glob("*.log"))
    assert kept
    for file in kept:
        text = file.read_bytes()
        for secret in secrets:
            assert secret.encode() not in text, f"{secret} stands in {file}"


def test_cards_that_nobody_has_and_guardians_are_presented_alone(room):
    take_in(room, 10001)
    after = 0
    for card in (4711, 30001, 10002):
        room.badge(f"57:{card}")
        after = int(room.events.wait("access.presented", subject="butterfly/entry", after=after)["sequence"])
    room.events.wait("attendance.arrived", subject="butterfly/entry", after=after)
    types = [event["type"] for event in room.events.all()]
    assert types.count("careroom.access.presented") == 4
    assert types.count("careroom.attendance.arrived") == 2


def test_a_forgotten_tap_is_corrected(room):
    take_in(room, 10001)
    room.ctl("people", "out", "butterfly", "c1", "--reason", "picked up at the gate")
    corrected = room.events.wait("attendance.corrected", subject="butterfly", direction="out", kind="child")
    assert len(corrected["data"]["note"]) == 64 and corrected["data"]["actor"].startswith("uid ")
    room.ctl("people", "in", "butterfly", "s1")
    room.ctl("people", "in", "butterfly", "c9", status=1)
    assert json.loads(room.ctl("status", "--json"))["rooms"][0]["present"] == {"children": 0, "staff": 1, "guardians": 0}
    with careroom.Control(room) as control:
        assert control.ask("presence", room="butterfly", person="c1", present=True, via="mqtt")["code"] == "not-allowed"
        assert control.ask("presence", room="butterfly", person="c1")["code"] == "bad-request"


def test_nobody_registered_counts_nobody(room):
    room.badge()
    room.events.wait("access.presented", subject="butterfly/entry")
    room.line("smoke-1", "active")
    assert room.events.wait("evacuation.started", subject="butterfly")["data"] == {"children": 0, "guardians": 0, "staff": 0}
    assert roll(room)[1] == {}
    put_out(room, room.events)
    ended = room.events.wait("evacuation.ended", subject="butterfly")["data"]
    assert (ended["safe"], ended["missing"], ended["unmarked"]) == (0, 0, 0) and "evacuated_s" not in ended


def test_a_drill_that_smoke_ends(room):
    take_in(room, 10001, 20001)
    assert "for 10 min" in room.ctl("drill", "start", "all", "--for", "10m")
    started = room.events.wait("drill.started", subject="butterfly")
    assert started["data"]["children"] == 1
    assert room.outputs()["siren"]["pattern"] == "drill"
    assert "DRILL" in room.ctl("status")
    room.ctl("rollcall", "butterfly", "mark", "c1", "safe")
    assert "under way" in room.ctl("drill", "start", "butterfly", status=1)
    room.line("smoke-1", "active")
    ended = room.events.wait("drill.ended", subject="butterfly", reason="fire")
    assert (ended["data"]["safe"], ended["data"]["unmarked"]) == (1, 1)
    room.events.wait("evacuation.started", subject="butterfly")
    assert room.outputs()["siren"]["pattern"] == "evacuate"
    assert roll(room)[1] == {"c1": "unmarked", "s1": "unmarked"}
    assert "fire alarm stands" in room.ctl("drill", "start", "butterfly", status=1)
    assert "no drill" in room.ctl("drill", "stop", "butterfly", status=1)


def test_a_drill_is_stopped(room):
    take_in(room, 10001)
    assert "for 30 min" in room.ctl("drill", "start", "butterfly")
    room.ctl("rollcall", "butterfly", "mark", "c1", "safe")
    room.ctl("drill", "stop", "butterfly")
    ended = room.events.wait("drill.ended", subject="butterfly", reason="ended")
    assert ended["data"]["safe"] == 1 and "evacuated_s" in ended["data"] and ended["data"]["actor"].startswith("uid ")
    assert room.outputs()["siren"]["pattern"] == "off"


def test_a_guard_killed_amid_a_roll_call(room):
    take_in(room, 10001, 10002, 20001)
    room.guard.kill()  # who is there is known again, and nobody has tapped a moment ago
    room.guard = careroom.Guard(room)
    room.events = careroom.Events(room)
    room.line("smoke-1", "active")
    room.events.wait("evacuation.started", subject="butterfly")
    room.ctl("rollcall", "butterfly", "mark", "c1", "safe")
    room.badge("57:10002")  # taps on the way out: stays on the roll
    room.events.wait("attendance.left", subject="butterfly/entry")
    room.guard.kill()
    room.guard = careroom.Guard(room)
    events = careroom.Events(room)
    events.wait("alarm.cleared", subject="butterfly/smoke-1")  # the world began anew
    answer, marks = roll(room)
    assert answer["of"] == "fire" and marks == {"c1": "safe", "c2": "unmarked", "s1": "unmarked"}
    room.ctl("rollcall", "butterfly", "mark", "c2", "safe")
    room.ctl("rollcall", "butterfly", "mark", "s1", "missing")
    room.ctl("ack", "butterfly/smoke-1")
    room.ctl("reset", "butterfly/smoke-1")
    ended = events.wait("evacuation.ended", subject="butterfly")["data"]
    assert (ended["safe"], ended["missing"], ended["unmarked"]) == (2, 1, 0)


def test_a_guard_killed_amid_a_drill(room):
    take_in(room, 10001)
    room.ctl("drill", "start", "butterfly")
    room.guard.kill()
    room.guard = careroom.Guard(room)
    events = careroom.Events(room)
    assert roll(room)[0]["of"] == "drill"
    assert room.outputs()["siren"]["pattern"] == "drill"
    room.ctl("drill", "stop", "all")
    events.wait("drill.ended", subject="butterfly", reason="ended", unmarked=1)


def test_the_file_of_people(room):
    file = room.folder / "people.csv"
    file.write_text(PEOPLE)
    assert "4 added" in room.ctl("people", "import", str(file), "--dry-run")
    assert "4 added" in room.ctl("people", "import", str(file))
    assert json.loads(room.ctl("people", "import", str(file), "--json"))["unchanged"] == 4
    file.write_text(PEOPLE.replace("child,c2", "dog,c2"))
    said = room.ctl("people", "import", str(file), status=1)
    assert "line 3" in said and "nothing was changed" in said
    file.write_text("kind,id,name,card\n" + "".join(f"child,x{n},Name {n},{n + 1}\n" for n in range(3000)))  # in several pieces
    assert "3000 added" in room.ctl("people", "import", str(file))
    assert "No such file" in room.ctl("people", "import", str(room.folder / "none.csv"), status=1)


def test_what_is_not_for_the_uplink(room):
    take_in(room, 10001)
    room.line("smoke-1", "active")
    room.events.wait("evacuation.started", subject="butterfly")
    with careroom.Control(room) as control:
        assert control.ask("rollcall", room="butterfly", via="mqtt")["code"] == "not-allowed"
        assert control.ask("people-import", end=True, via="mqtt")["code"] == "not-allowed"
        assert control.ask("mark", room="butterfly", person="c1", mark="safe", via="mqtt")["code"] == "remote-fire"
        assert control.ask("mark", room="butterfly", person="c1", mark="lost")["code"] == "bad-request"
        assert control.ask("rollcall", room="all")["code"] == "bad-request"
        assert control.ask("people-import", data="?")["code"] == "bad-request"
    assert roll(room)[1] == {"c1": "unmarked"}
