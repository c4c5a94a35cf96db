"""A disk that is full: rules and sounders go on, a trouble stands, and the journal continues its numbers afterwards."""

import json

import careroom

RING = 1024  # events of a class that wait in memory at most


def fill_until_trouble(world, disk):
    """SQLite may still reuse pages that it has; a stream of events finds the end of them."""
    disk.fill()
    opened = 0
    with careroom.Control(world) as control:
        for step in range(6000):
            control.must("sim-line", point="butterfly/door", state="inactive" if step % 2 else "active")
            opened += 1
            if step % 50 == 49:
                disk.fill()
                if "gateway/journal.trouble" in {alarm["id"] for alarm in control.must("alarms")["alarms"]}:
                    return opened
    raise AssertionError("a full disk was never noticed")


def test_a_full_disk_costs_no_sounder_and_no_number(small_disk, make_world):
    world = make_world(state=small_disk.point)
    guard = careroom.Guard(world)
    events = careroom.Events(world)
    world.line("door", "active")
    events.wait("door.opened")
    fill_until_trouble(world, small_disk)
    before = events.last()

    world.line("smoke-1", "active")
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    assert {"butterfly/smoke-1", "gateway/journal.trouble"} <= set(world.alarms())
    with careroom.Control(world) as control:
        answer = control.must("ack", alarm="butterfly/smoke-1")
        assert answer["recorded"] is None and answer["storage"]
        status = control.must("status")["status"]
    assert status["journal"]["state"] == "trouble" and status["journal"]["waiting"] > 0
    assert careroom.Events(world).last() == before, "nothing was written on a full disk"

    small_disk.free()
    raised = events.wait("alarm.raised", subject="butterfly/smoke-1")
    assert int(raised["sequence"]) > before
    events.wait("alarm.acknowledged", subject="butterfly/smoke-1")
    events.wait("point.restored", subject="gateway/journal")
    assert "gateway/journal.trouble" not in world.alarms()
    careroom.check_chain(careroom.lines(world))
    numbers = [int(json.loads(line)["sequence"]) for _, line in careroom.lines(world)]
    assert numbers == list(range(1, len(numbers) + 1))
    world.ctl("verify")
    assert guard.stop() == 0


def test_what_memory_could_not_hold_is_counted(small_disk, make_world):
    world = make_world(state=small_disk.point)
    careroom.Guard(world)
    events = careroom.Events(world)
    fill_until_trouble(world, small_disk)
    world.line("smoke-1", "active")
    world.wait_output("siren", True)
    with careroom.Control(world) as control:
        def flood():
            for _ in range(200):
                assert control.ask("reset", alarm="butterfly/co2-high")["code"] == "not-standing"
            return control.must("status")["status"]["journal"]["waiting"] >= RING
        # Every refusal is an event; the ring's own count says when it is full.
        careroom.wait_until(flood, "the ring is full", 90)
        flood()
    small_disk.free()
    lost = events.wait("gateway.storage", limit=60, lostclass="system")
    assert int(lost["data"]["lost"]) > 0
    events.wait("alarm.raised", subject="butterfly/smoke-1")  # a flood of refusals pushes out no fire
    careroom.check_chain(careroom.lines(world))
    world.ctl("verify")
