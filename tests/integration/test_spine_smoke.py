"""Smoke: the sounder first, whatever else is broken; then the event, to everyone."""

import json
import signal

import careroom


def test_smoke_sounds_and_reaches_the_operator(world):
    careroom.Broker(world)
    operator = careroom.Subscriber(world)
    careroom.Guard(world)
    careroom.Uplink(world)
    assert not world.outputs()["siren"]["on"]

    world.line("smoke-1", "active")
    siren = world.wait_output("siren", True)
    assert siren["pattern"] == "evacuate"
    careroom.wait_until(lambda: world.outputs()["siren"]["level"] == 1, "a pulse of the siren")

    raised = operator.wait_event("alarm.raised", alarm="smoke-1")
    assert raised["class"] == "fire" and raised["subject"] == "butterfly/smoke-1"
    assert raised["source"] == f"/{careroom.SITE}/{careroom.GATEWAY}" and raised["specversion"] == "1.0"
    assert raised["data"]["severity"] == "fire" and raised["data"]["state"] == "unacknowledged"
    standing = operator.wait(lambda messages: [payload for topic, payload in messages
                                               if topic == f"{careroom.PREFIX}/butterfly/alarm/smoke-1" and payload],
                             "the retained alarm")
    assert json.loads(standing[0])


def test_the_whole_life_of_a_fire_alarm(world):
    careroom.Guard(world)
    events = careroom.Events(world)
    world.line("smoke-1", "active")
    events.wait("alarm.raised", subject="butterfly/smoke-1")
    assert world.alarms()["butterfly/smoke-1"]["state"] == "unacknowledged"

    refused = world.ctl("reset", "butterfly/smoke-1", status=1)
    assert "butterfly/smoke-1" in refused
    world.ctl("ack", "butterfly/smoke-1")
    events.wait("alarm.acknowledged", subject="butterfly/smoke-1", state="acknowledged")
    assert world.outputs()["siren"]["on"], "an acknowledgement is no silence"

    world.line("smoke-1", "inactive")
    events.wait("alarm.cleared", subject="butterfly/smoke-1", state="latched-acknowledged")
    assert world.alarms()["butterfly/smoke-1"]["state"] == "latched-acknowledged"
    assert world.outputs()["siren"]["on"], "smoke that has gone leaves the alarm latched"

    world.ctl("reset", "butterfly/smoke-1")
    events.wait("alarm.reset", subject="butterfly/smoke-1", state="normal")
    world.wait_output("siren", False)
    assert "butterfly/smoke-1" not in world.alarms()
    assert "butterfly/smoke-1" in world.ctl("ack", "butterfly/smoke-1", status=1)


def test_a_cut_wire_of_a_normally_closed_detector_alarms(world):
    careroom.Guard(world)
    world.line("smoke-1", "open")
    assert world.wait_output("siren", True)["pattern"] == "evacuate"


def test_smoke_at_start_alarms(world):
    """A condition that is there before the guard is: no edge will ever come."""
    world.config.write_text(world.config.read_text().replace("role: smoke, wiring: normally-closed",
                                                             "role: smoke, wiring: normally-open, bias: pull-up"))
    guard = careroom.Guard(world)
    events = careroom.Events(world)
    world.line("smoke-1", "active")
    events.wait("alarm.raised", subject="butterfly/smoke-1")
    guard.kill()
    careroom.Guard(world)
    assert world.wait_output("siren", True)["pattern"] == "evacuate"


def test_sounds_while_the_uplink_is_stopped(world):
    careroom.Broker(world)
    operator = careroom.Subscriber(world)
    careroom.Guard(world)
    uplink = careroom.Uplink(world)
    uplink.signal(signal.SIGSTOP)
    world.line("smoke-1", "active")
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    careroom.Events(world).wait("alarm.raised", subject="butterfly/smoke-1")
    assert not any("/fire" in topic for topic, _ in operator.messages)
    uplink.signal(signal.SIGCONT)
    operator.wait_event("alarm.raised", alarm="smoke-1")


def test_sounds_on_a_disk_that_was_full_from_the_start(small_disk, make_world):
    small_disk.fill()
    world = make_world(state=small_disk.point)
    careroom.Guard(world)
    world.line("smoke-1", "active")
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    with careroom.Control(world) as control:
        answer = control.must("ack", alarm="butterfly/smoke-1")
        assert answer["recorded"] is None and answer["storage"]
    world.line("smoke-1", "inactive")
    careroom.wait_until(lambda: world.alarms()["butterfly/smoke-1"]["state"] == "latched-acknowledged", "latched")
    with careroom.Control(world) as control:
        control.must("reset", alarm="butterfly/smoke-1")
    world.wait_output("siren", False)

    small_disk.free()
    events = careroom.Events(world)
    events.wait("alarm.reset", subject="butterfly/smoke-1")
    world.ctl("verify")


def test_sounds_without_broker_and_uplink(world):
    careroom.Guard(world)
    world.line("smoke-1", "active")
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    careroom.Broker(world)
    operator = careroom.Subscriber(world)
    careroom.Uplink(world)
    operator.wait_event("alarm.raised", alarm="smoke-1")
