"""The journal tells the whole story: whoever reads its lines alone knows which alarms stand, and the guard agrees, also
after it was killed and read its own memory back."""

import json
import os
import random
import time

import careroom

RULES = """\
      - { id: co2-high, on: air.co2, above: 1500, for_s: 0, deadband: 100, severity: warning }
      - { id: too-warm, on: climate.temperature, above: 30, for_s: 0, deadband: 1, severity: critical }
"""
STEPS = 120
ALARMS = ("smoke-1", "co2-high", "too-warm", "door.trouble")
STANDING = ("unacknowledged", "acknowledged", "returned-unacknowledged", "latched-unacknowledged", "latched-acknowledged")


def replay(events):
    """({alarm: (state, occurrence)} of what stands, {alarm: state} of what is set aside), from the lines alone."""
    standing, aside = {}, {}
    for event in events:
        data = event["data"]
        if event["type"] == "careroom.command.refused" or "alarm" not in data or "state" not in data:
            continue
        room = event["subject"].split("/")[0] if "subject" in event else "gateway"
        name = f"{room}/{data['alarm']}"
        standing.pop(name, None)
        aside.pop(name, None)
        if data["state"] in STANDING:
            standing[name] = (data["state"], data["occurrence"])
        elif data["state"] != "normal":
            aside[name] = data["state"]
    return standing, aside


def compare(world):
    """Until both sides agree: what the core has decided is on the disk a moment later."""
    last = None

    def agree():
        nonlocal last
        with careroom.Control(world) as control:
            answer = control.must("alarms")
        events = [json.loads(line) for _, line in careroom.lines(world)]
        theirs = ({alarm["id"]: (alarm["state"], alarm["occurrence"]) for alarm in answer["alarms"]},
                  {alarm["id"]: alarm["state"] for alarm in answer["set_aside"]})
        last = (replay(events), theirs, [(event["type"], event.get("subject"), event["data"]) for event in events[-20:]])
        return last[0] == theirs

    try:
        careroom.wait_until(agree, "the journal's lines and the guard say the same", limit=10)
    except AssertionError as error:
        raise AssertionError(f"{error}\njournal {last[0]}\nguard {last[1]}\nlast events {last[2]}") from error


def test_the_lines_alone_say_what_stands(make_world):
    seed = int(os.environ.get("CAREROOM_SEED", time.time_ns() % (1 << 32)))
    print(f"CAREROOM_SEED={seed}")
    dice = random.Random(seed)
    world = make_world(rules=RULES)
    guard = careroom.Guard(world)
    done = {}

    def say(op, **fields):
        with careroom.Control(world) as control:
            ok = control.ask(op, **fields)["ok"]
            done[(op, ok)] = done.get((op, ok), 0) + 1

    steps = [
        lambda: world.line("smoke-1", dice.choice(("active", "inactive", "inactive"))),
        lambda: world.set("air", "co2", dice.choice((500, 1450, 2500))),
        lambda: world.set("climate", "temperature", dice.choice((21, 29.5, 35))),
        lambda: world.line("door", dice.choice(("active", "inactive"))),
        lambda: say("ack", alarm="butterfly/" + dice.choice(ALARMS)),
        lambda: say("reset", alarm="butterfly/" + dice.choice(ALARMS)),
        lambda: say("shelve", alarm="butterfly/" + dice.choice(ALARMS), for_ms=dice.choice((300, 600000))),
        lambda: say("unshelve", alarm="butterfly/" + dice.choice(ALARMS)),
        lambda: say("isolate", point="butterfly/" + dice.choice(("air", "smoke-1", "climate")),
                    for_ms=dice.choice((400, 600000)), reason="a test"),
        lambda: say("reinstate", point="butterfly/" + dice.choice(("air", "smoke-1", "climate"))),
        lambda: say("silence", room=dice.choice(("butterfly", "all"))),
    ]
    for step in range(STEPS):
        dice.choice(steps)()
        if step % 10 == 9:
            compare(world)
        if step % 20 == 0:  # polled sensors see what was set
            world.set("climate", "temperature", 35)
            world.wait_value("climate", "temp_mc", 35000)
        if step % 40 == 39:
            guard.kill()
            guard = careroom.Guard(world)
            compare(world)
    assert {op for op, ok in done if ok} >= {"shelve", "isolate"}, f"too little was done: {done}"
    careroom.check_chain(careroom.lines(world))
    world.ctl("verify")
