"""Guard, uplink and broker killed at random, again and again, while cards are shown: nothing that was recorded is lost.

CAREROOM_KILLS and CAREROOM_SEED choose how many kills and which.
"""

import json
import os
import random
import signal
import time

import pytest

import careroom

KILLS = int(os.environ.get("CAREROOM_KILLS", "200"))
SEED = int(os.environ.get("CAREROOM_SEED", random.randrange(1 << 32)))
GONE = (OSError, TypeError)  # what a request ends with when the guard dies under it


class Cards:
    """One step: a card is shown. A guard that is dead just now is no failure."""

    def __init__(self, world):
        self.world = world
        self.control = None
        self.shown = 0

    def __call__(self):
        try:
            if self.control is None:
                self.control = careroom.Control(self.world)
            self.control.must("sim-badge", reader="butterfly/entry", uid=f"57:{self.shown % 60000}")
            self.shown += 1
            time.sleep(0.02)
        except (*GONE, AssertionError):
            self.control = None
            time.sleep(0.01)


class Recorded:
    """One step: what the follow stream says is on the disk, taken down from the disk at that moment."""

    def __init__(self, world):
        self.world = world
        self.control = None
        self.sequence = 0
        self.lines = {}

    def __call__(self):
        try:
            if self.control is None:
                self.control = careroom.Control(self.world, limit=0.2)
                self.control.send(b'{"op":"follow"}\n')
            answer = self.control.line()
            if answer is None:
                raise ConnectionResetError
        except TimeoutError:
            return
        except GONE:
            self.control = None
            time.sleep(0.01)
            return
        self.take(int(answer["recorded"] or 0))

    def take(self, reported):
        with careroom.journal(self.world) as db:
            rows = db.execute("SELECT sequence, line FROM event WHERE sequence > ? AND sequence <= ?",
                              (self.sequence, reported)).fetchall()
        assert len(rows) == max(0, reported - self.sequence), f"{reported} was reported, {len(rows)} rows are there"
        self.lines.update(rows)
        self.sequence = max(self.sequence, reported)


class Kills:
    def __init__(self, world):
        self.world = world
        self.dice = random.Random(SEED)
        self.broker = careroom.Broker(world)
        # QoS 0: this broker forgets when it is killed, so the operator must hold a message before the uplink has its PUBACK.
        # mosquitto writes to subscribers first; at QoS 1 paho could drop what it had not answered yet.
        self.operator = careroom.Subscriber(world, qos=0)
        self.start_guard()
        self.start_uplink()

    def start_guard(self):
        self.guard = careroom.Guard(self.world)

    def start_uplink(self):
        self.uplink = careroom.Uplink(self.world)

    def kill_guard(self):
        self.guard.kill()
        self.start_guard()

    def kill_uplink(self):
        self.uplink.kill()
        self.start_uplink()

    def kill_broker(self):
        """The uplink is held until the operator listens again: a fresh broker takes messages that nobody would get."""
        self.broker.kill()
        self.uplink.signal(signal.SIGSTOP)
        self.operator.wait_lost()
        self.broker.start()
        self.operator.wait_subscribed()
        self.uplink.signal(signal.SIGCONT)

    def one(self):
        time.sleep(self.dice.uniform(0, 0.2))  # the moment of the kill is what is random
        self.dice.choice((self.kill_guard, self.kill_uplink, self.kill_broker))()


@pytest.mark.limit(600)
def test_nothing_recorded_is_lost(world):
    print(f"CAREROOM_SEED={SEED} CAREROOM_KILLS={KILLS}")
    kills = Kills(world)
    cards, recorded = Cards(world), Recorded(world)
    streams = [careroom.Stream(cards), careroom.Stream(recorded)]
    started = time.monotonic()
    for _ in range(KILLS):
        kills.one()
    took = time.monotonic() - started
    for stream in streams:
        stream.stop()

    journal = careroom.lines(world)
    everything = {json.loads(line)["id"] for _, line in journal}
    try:
        kills.operator.wait(lambda messages: everything <= {json.loads(payload)["id"] for topic, payload in messages
                                                            if "/event/" in topic}, "every event of the journal", 60)
    except AssertionError:
        arrived = {json.loads(payload)["id"] for _, payload in kills.operator.events()}
        pytest.fail(f"of {len(everything)} recorded events these never arrived: {sorted(everything - arrived)}")
    events = kills.operator.events()
    arrivals = careroom.first_arrivals(events)
    counts = careroom.check_chain(arrivals)
    by_id = {json.loads(payload)["id"]: payload for _, payload in arrivals}
    for sequence, line in recorded.lines.items():
        assert by_id[f"{careroom.GATEWAY}/{sequence}"] == line.encode(), f"{sequence} arrived with other bytes than recorded"
    print(f"{KILLS} kills in {took:.0f} s, {cards.shown} cards shown, {len(recorded.lines)} events reported as recorded, "
          f"{len(journal)} in the journal, {len(events)} arrivals, {counts}")
    assert len(recorded.lines) > KILLS, "too little happened for this to say anything"
    careroom.check_chain(journal)
    world.ctl("verify")


def test_the_operator_sees_a_fire_before_the_rest_of_an_outage(world):
    """What waited is delivered by class, fire first."""
    careroom.Guard(world)
    events = careroom.Events(world)
    with careroom.Control(world) as control:
        for _ in range(40):  # a refusal is an event
            assert control.ask("reset", alarm="butterfly/co2-high")["code"] == "not-standing"
    world.line("smoke-1", "active")
    events.wait("alarm.raised", subject="butterfly/smoke-1")
    careroom.Broker(world)
    operator = careroom.Subscriber(world)
    careroom.Uplink(world)
    operator.wait_event("alarm.raised", alarm="smoke-1")
    operator.wait(lambda messages: sum("/event/system" in topic for topic, _ in messages) >= 40, "the refusals")
    order = [name for name, _ in operator.events()]
    assert order.index("fire") < order.index("system")
