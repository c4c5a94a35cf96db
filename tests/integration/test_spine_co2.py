"""Measured values: delays, deadbands, and what a broken sensor looks like."""

import pytest

import careroom

# The temperature is asked every second, CO2 every five: the life of a rule is shown with the quicker one too.
FAST = """\
      - { id: co2-high, on: air.co2, above: 1500, for_s: 0, deadband: 100, severity: warning }
      - { id: too-warm, on: climate.temperature, above: 30, for_s: 2, deadband: 1, severity: advisory }
      - { id: dry,      on: climate.humidity, below: 30, for_s: 0, deadband: 5, severity: warning }
"""


def test_co2_raises_runs_the_fan_and_clears(world):
    careroom.Guard(world)
    events = careroom.Events(world)
    world.set("air", "co2", 1800)
    raised = events.wait("alarm.raised", subject="butterfly/co2-high")
    assert raised["class"] == "safety" and raised["data"]["severity"] == "warning"
    assert raised["data"]["co2_ppm"] == 1800 and raised["data"]["threshold"] == 1500
    assert world.wait_output("fan", True)
    assert world.outputs()["siren"]["pattern"] != "evacuate", "bad air is no reason to evacuate"

    world.set("air", "co2", 1450)  # below the threshold, within the deadband
    careroom.wait_until(lambda: co2_of(world) == 1450, "the value arrives")
    assert "butterfly/co2-high" in world.alarms()
    world.set("air", "co2", 700)
    events.wait("alarm.cleared", subject="butterfly/co2-high", state="normal")
    world.wait_output("fan", False)
    assert "butterfly/co2-high" not in world.alarms()


def co2_of(world):
    with careroom.Control(world) as control:
        room = control.must("status")["status"]["rooms"][0]
    return next(point for point in room["points"] if point["id"] == "air")["values"].get("co2_ppm")


def climate(world):
    with careroom.Control(world) as control:
        room = control.must("status")["status"]["rooms"][0]
    return next(point for point in room["points"] if point["id"] == "climate")["values"]


def test_the_deadband_keeps_a_value_at_the_edge_from_chattering(make_world):
    world = make_world(rules=FAST)
    careroom.Guard(world)
    events = careroom.Events(world)
    world.set("climate", "humidity", 28)
    first = events.wait("alarm.raised", subject="butterfly/dry")
    for value in (31, 29, 34, 29, 34):  # around the threshold, never past 30 + 5
        world.set("climate", "humidity", value)
        careroom.wait_until(lambda value=value: abs(climate(world).get("rh_mpct", 0) - value * 1000) < 50, f"{value} %")
    world.set("climate", "humidity", 40)
    cleared = events.wait("alarm.cleared", subject="butterfly/dry")
    between = [event for event in events.all() if event["subject"] == "butterfly/dry"
               and int(first["sequence"]) < int(event["sequence"]) < int(cleared["sequence"])]
    assert between == []


def test_the_delay_runs_whole_before_the_alarm(make_world):
    world = make_world(rules=FAST)
    careroom.Guard(world)
    events = careroom.Events(world)
    world.set("climate", "temperature", 33)
    raised = events.wait("alarm.raised", subject="butterfly/too-warm")
    assert raised["data"]["severity"] == "advisory"
    # A rise that is over before the delay is: no alarm of its own.
    world.set("climate", "temperature", 25)
    events.wait("alarm.cleared", subject="butterfly/too-warm")
    world.set("climate", "temperature", 33)
    careroom.wait_until(lambda: climate(world)["temp_mc"] > 32000, "33 °C")
    world.set("climate", "temperature", 25)
    careroom.wait_until(lambda: climate(world)["temp_mc"] < 26000, "25 °C")
    world.line("door", "active")
    opened = events.wait("door.opened", after=int(raised["sequence"]))
    again = [event for event in events.all() if event["type"] == "careroom.alarm.raised"
             and event["subject"] == "butterfly/too-warm" and int(event["sequence"]) <= int(opened["sequence"])]
    assert len(again) == 1


@pytest.mark.parametrize("fault, reasons", [
    ("nack", {"no-answer"}),
    ("crc", {"bad-crc"}),
    ("hang", {"timed-out"}),
    ("stuck", {"stuck", "stale"}),
])
def test_a_fault_is_a_trouble_of_its_point_alone(world, fault, reasons):
    careroom.Guard(world)
    events = careroom.Events(world)
    careroom.wait_until(lambda: climate(world).get("temp_mc"), "a first value")
    point = "air" if fault == "stuck" else "climate"  # "stuck" is about a sensor that says when a value is new
    world.fault(point, fault)
    trouble = events.wait("point.trouble", subject=f"butterfly/{point}", limit=60)
    assert trouble["class"] == "fault" and trouble["data"]["reason"] in reasons
    assert f"butterfly/{point}.trouble" in world.alarms()
    assert not world.outputs()["siren"]["on"], "a trouble is not a fire"

    world.line("smoke-1", "active")  # the others go on
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    world.line("door", "active")
    events.wait("door.opened", subject="butterfly/door")

    world.fault(point, "none")
    events.wait("point.restored", subject=f"butterfly/{point}", limit=60)
    assert f"butterfly/{point}.trouble" not in world.alarms()
    others = {event["subject"] for event in events.all() if event["type"] == "careroom.point.trouble"}
    if fault == "hang":  # a chip that holds the wires takes its bus with it, and nothing else
        others.discard("butterfly/air")
    assert others == {f"butterfly/{point}"}


def test_a_card_is_an_event_without_its_number(world):
    careroom.Guard(world)
    events = careroom.Events(world)
    world.badge("57:12345")
    presented = events.wait("access.presented", subject="butterfly/entry")
    assert presented["class"] == "access" and presented["data"]["bits"] == 26
    assert not any("12345" in line.decode() for name, line in careroom.lines(world) if name == "access")
