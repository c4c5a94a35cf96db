"""The guard dies and comes back: what stood stands, what was answered is answered."""

import sqlite3

import careroom


def restarted(world, guard):
    guard.kill()
    return careroom.Guard(world)


def test_a_latched_fire_comes_back_with_its_sounder(world):
    guard = careroom.Guard(world)
    events = careroom.Events(world)
    world.line("smoke-1", "active")
    raised = events.wait("alarm.raised", subject="butterfly/smoke-1")
    world.line("smoke-1", "inactive")
    events.wait("alarm.cleared", subject="butterfly/smoke-1", state="latched-unacknowledged")

    guard = restarted(world, guard)  # the simulated line comes back at rest: only memory can hold the alarm
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    alarm = world.alarms()["butterfly/smoke-1"]
    assert alarm["state"] == "latched-unacknowledged"
    assert str(alarm["occurrence"]) == str(raised["data"]["occurrence"]), "the same raise, not a new one"

    world.ctl("ack", "butterfly/smoke-1")
    guard = restarted(world, guard)
    assert world.alarms()["butterfly/smoke-1"]["state"] == "latched-acknowledged"
    assert world.wait_output("siren", True)["pattern"] == "evacuate"

    world.ctl("reset", "butterfly/smoke-1")
    world.wait_output("siren", False)
    restarted(world, guard)
    assert "butterfly/smoke-1" not in world.alarms()
    assert not world.outputs()["siren"]["on"]
    careroom.check_chain(careroom.lines(world))
    world.ctl("verify")


def test_an_acknowledgement_survives_while_the_smoke_lasts(world):
    guard = careroom.Guard(world)
    events = careroom.Events(world)
    world.line("smoke-1", "active")
    events.wait("alarm.raised", subject="butterfly/smoke-1")
    world.ctl("ack", "butterfly/smoke-1")
    restarted(world, guard)
    state = world.alarms()["butterfly/smoke-1"]["state"]
    assert state in ("acknowledged", "latched-acknowledged")
    assert world.wait_output("siren", True)["pattern"] == "evacuate"


def test_the_next_fire_is_a_new_occurrence(world):
    guard = careroom.Guard(world)
    events = careroom.Events(world)
    world.line("smoke-1", "active")
    first = events.wait("alarm.raised", subject="butterfly/smoke-1")
    world.ctl("ack", "butterfly/smoke-1")
    world.line("smoke-1", "inactive")
    events.wait("alarm.cleared", subject="butterfly/smoke-1")
    world.ctl("reset", "butterfly/smoke-1")
    restarted(world, guard)
    events = careroom.Events(world)
    world.line("smoke-1", "active")
    second = events.wait("alarm.raised", subject="butterfly/smoke-1", after=int(first["sequence"]))
    assert int(second["data"]["occurrence"]) == int(first["data"]["occurrence"]) + 1
    answer = world.ctl("ack", f"butterfly/smoke-1#{first['data']['occurrence']}", status=1)
    assert answer.strip(), "an acknowledgement of the earlier occurrence is refused, with a reason"
    assert world.alarms()["butterfly/smoke-1"]["state"] == "unacknowledged"


def test_start_and_stop_are_events(world):
    guard = careroom.Guard(world)
    assert guard.stop(limit=5) == 0
    careroom.Guard(world)
    events = careroom.Events(world)
    stopped = events.wait("gateway.stopped")
    events.wait("gateway.started", after=int(stopped["sequence"]))  # ready comes before the disk has it
    types = [event["type"].removeprefix("careroom.gateway.") for event in events.all()
             if event["type"].startswith("careroom.gateway.st")]
    assert [word for word in types if word != "storage"] == ["started", "stopped", "started"]


def test_a_delay_in_progress_comes_back(make_world):
    """What the guard saves at its stop is what it goes on with: a disk that says that a second is left of an hour's delay
    is believed. The room is too warm from its first reading on."""
    world = make_world(rules="""\
      - { id: too-warm, on: climate.temperature, above: 10, for_s: 3600, deadband: 1, severity: warning }
""")
    guard = careroom.Guard(world)
    careroom.wait_until(lambda: "temp_mc" in world.ctl("status", "--json"), "the first reading")
    assert guard.stop() == 0
    with sqlite3.connect(world.state / "journal.db") as db:
        rest, = db.execute("SELECT rest_ns FROM state WHERE kind = 'delay' AND item = 'too-warm' AND state != 0").fetchone()
        assert 0 < rest < 3600 * 10**9
        db.execute("UPDATE state SET rest_ns = 1000000000 WHERE kind = 'delay'")
    db.close()

    careroom.Guard(world)
    events = careroom.Events(world)
    events.wait("alarm.raised", subject="butterfly/too-warm")
