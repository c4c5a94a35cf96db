"""The journal tells the whole story: whoever reads its lines alone knows which alarms stand, and the guard agrees, also
after it was killed and read its own memory back."""

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
TELLS = ("alarm.raised", "alarm.acknowledged", "alarm.cleared", "alarm.reset", "alarm.shelved", "alarm.unshelved",
         "alarm.suppressed", "alarm.released", "point.trouble", "point.restored")


def replay(events):
    """{alarm: (state, occurrence)} of what stands, and the set of what is set aside, from the lines alone."""
    standing, aside = {}, set()
    for event in events:
        kind, data = event["type"].removeprefix("careroom."), event["data"]
        room = event["subject"].split("/")[0] if "subject" in event else "gateway"
        if kind in ("point.isolated", "point.reinstated"):
            point = event["subject"].split("/", 1)[1]
            names = [f"{room}/{point}", f"{room}/{point}.trouble", f"{room}/{point}.floor"]
            for name in names:
                standing.pop(name, None)
                (aside.add if kind == "point.isolated" else aside.discard)(name)
            own = f"{room}/{point}.isolated"
            standing.pop(own, None)
            if kind == "point.isolated":
                standing[own] = None
            continue
        if kind not in TELLS:
            continue
        name = f"{room}/{data['alarm']}"
        standing.pop(name, None)
        aside.discard(name)
        if data["state"] in STANDING:
            standing[name] = (data["state"], data["occurrence"])
        elif data["state"] != "normal":
            aside.add(name)
    return standing, aside


def compare(world):
    """Both sides between two moments at which nothing happened."""
    def agree():
        with careroom.Control(world) as control:
            before = control.must("status")["status"]
            events = [careroom.json.loads(line) for _, line in careroom.lines(world)]
            answer = control.must("alarms")
            after = control.must("status")["status"]
        if int(before["journal"]["waiting"]) or before["journal"]["sequence"] != after["journal"]["sequence"]:
            return None
        if int(events[-1]["sequence"]) != int(after["journal"]["sequence"]):
            return None
        standing, aside = replay(events)
        theirs = {alarm["id"]: (alarm["state"], alarm["occurrence"]) for alarm in answer["alarms"]}
        ours = {name: value if value else theirs.get(name) for name, value in standing.items()}
        assert ours == theirs
        configured = {alarm["id"] for alarm in answer["set_aside"]}
        assert configured <= aside | {name for name in configured if name.endswith(".floor")}
        assert {name for name in aside if not name.endswith(".floor") and name in configured} == \
            {name for name in configured if not name.endswith(".floor")}
        return theirs is not None

    careroom.wait_until(agree, "the journal holds still for a moment")


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
        if step % 40 == 39:
            guard.kill()
            guard = careroom.Guard(world)
            compare(world)
    assert {op for op, ok in done if ok} >= {"ack", "isolate"}, f"too little was done: {done}"
    careroom.check_chain(careroom.lines(world))
    world.ctl("verify")
