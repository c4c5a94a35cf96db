"""The control socket takes what anybody writes to it: a clear error, and a guard that lives."""

import json
import random
import socket

import pytest

import careroom

LINE_MAX = 65536


@pytest.fixture
def guarded(world):
    guard = careroom.Guard(world)
    yield world
    assert guard.alive(), guard.log()
    world.line("smoke-1", "active")  # the proof that it does not merely exist
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    assert guard.stop() == 0, guard.log()
    assert "Sanitizer" not in guard.log() and "runtime error" not in guard.log()


def refused(answer):
    assert answer is not None and answer["ok"] is False
    assert isinstance(answer["error"], str) and len(answer["error"]) > 10
    assert isinstance(answer["code"], str) and answer["code"]
    return answer["code"]


@pytest.mark.parametrize("line", [
    b"", b"hello", b"{", b"[]", b"null", b"42", b'"op"', b"{}", b'{"op":null}', b'{"op":42}', b'{"op":["status"]}',
    b'{"op":"status"} {"op":"status"}', b'{"op":"status","op":"alarms"}', b"\xff\xfe\x00\x01", b'{"op":"\xff"}', b'{"op":"nothing"}',
    b'{"op":"' + b"x" * 5000 + b'"}', b'{"op":"ack"}', b'{"op":"ack","alarm":7}', b'{"op":"ack","alarm":"butterfly"}',
    b'{"op":"ack","alarm":"butterfly/none"}', b'{"op":"ack","alarm":"/"}', b'{"op":"ack","alarm":"' + b"y" * 3000 + b'/z"}',
    b'{"op":"ack","alarm":"butterfly/smoke-1","occurrence":"3"}', b'{"op":"ack","alarm":"butterfly/smoke-1","occurrence":-1}',
    b'{"op":"ack","alarm":"butterfly/smoke-1","occurrence":1e400}',
    b'{"op":"ack","alarm":"butterfly/smoke-1","occurrence":99999999999999999999999}', b'{"op":"ack","alarm":"butterfly/smoke-1"}',
    b'{"op":"reset","alarm":"butterfly/smoke-1"}', b'{"op":"reset"}', b'{"op":"uplink"}', b'{"op":"uplink","state":"perhaps"}',
    b'{"op":"uplink","state":"online","held":"fire"}', b'{"op":"uplink","state":"online","held":[1]}',
    b'{"op":"sim-set"}', b'{"op":"sim-set","point":"butterfly/air","quantity":"co2"}',
    b'{"op":"sim-set","point":"butterfly/air","quantity":"co2","value":"much"}',
    b'{"op":"sim-set","point":"butterfly/air","quantity":"beauty","value":"1"}',
    b'{"op":"sim-set","point":"butterfly/none","quantity":"co2","value":"800"}',
    b'{"op":"sim-line","point":"butterfly/door","state":"ajar"}', b'{"op":"sim-line","point":"butterfly/air","state":"active"}',
    b'{"op":"sim-line","point":"nowhere","state":"active"}', b'{"op":"sim-fault","point":"butterfly/air","fault":"gremlins"}',
    b'{"op":"sim-badge","reader":"butterfly/entry"}', b'{"op":"sim-badge","reader":"butterfly/entry","uid":"x"}',
    b'{"op":"sim-badge","reader":"butterfly/entry","pulses":"0120"}', b'{"op":"sim-badge","reader":"butterfly/none","uid":"1:1"}',
    b'{"a":' * 4000 + b"1" + b"}" * 4000,
], ids=lambda line: line[:48].decode("latin1"))
def test_nonsense_is_refused_and_the_connection_goes_on(guarded, line):
    with careroom.Control(guarded) as control:
        control.send(line + b"\n")
        refused(control.line())
        control.must("status")


def test_every_refusal_in_one_guard_and_random_bytes(guarded):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    dice = random.Random(seed)
    for _ in range(300):
        length = dice.choice((1, 10, 100, 1000))
        noise = bytes(dice.randrange(256) for _ in range(length)).replace(b"\n", b"") or b"x"
        with careroom.Control(guarded) as control:
            control.send(noise + b"\n")
            refused(control.line())


def test_words_with_seq_are_answered_with_it(guarded):
    with careroom.Control(guarded) as control:
        assert control.ask("status", seq=7)["seq"] == 7
        assert control.ask("nothing", seq=8)["seq"] == 8


def test_a_line_over_the_limit_is_refused_and_closed(guarded):
    with careroom.Control(guarded) as control:
        try:
            control.send(b'{"op":"' + b"x" * (2 * LINE_MAX) + b'"}\n')
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed while we still wrote
        answer = control.line()
        if answer is not None:
            refused(answer)
            assert control.line() is None
    with careroom.Control(guarded) as control:
        control.must("status")


def test_half_lines_wait_without_harm(guarded):
    halves = []
    for _ in range(8):
        half = careroom.Control(guarded)
        half.send(b'{"op":"sta')
        halves.append(half)
    with careroom.Control(guarded) as control:
        control.must("status")
    for half in halves[:4]:
        half.close()
    for half in halves[4:]:
        half.send(b'tus"}\n')
        assert half.line()["ok"] is True
        half.close()


def test_a_request_byte_by_byte_and_many_at_once(guarded):
    with careroom.Control(guarded) as control:
        for byte in b'{"op":"alarms"}\n':
            control.send(bytes([byte]))
        assert control.line()["ok"] is True
        control.send(b'{"op":"alarms"}\n' * 500)
        for _ in range(500):
            assert control.line()["ok"] is True


def test_thousands_of_connections_are_bounded(guarded):
    held, answered, refusals = [], 0, 0
    for _ in range(2000):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(careroom.LIMIT)
        connection.connect(str(guarded.run / "control.sock"))
        try:
            connection.sendall(b'{"op":"alarms"}\n')
            answer = connection.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        if answer.startswith(b'{"ok":true') or (answer and json.loads(answer.split(b"\n")[0])["ok"]):
            answered += 1
            held.append(connection)
            continue
        refusals += 1
        if answer:
            refused(json.loads(answer.split(b"\n")[0]))
        connection.close()
    print(answered, "held,", refusals, "refused")
    assert answered >= 8 and refusals > 0, "there must be a bound, and room for the daemons and some people"
    for connection in held:
        connection.close()
    careroom.wait_until(lambda: can_ask(guarded), "places are free again")


def can_ask(world):
    try:
        with careroom.Control(world) as control:
            return control.ask("status")["ok"]
    except (BrokenPipeError, ConnectionResetError, TypeError):
        return False


def test_a_follower_that_does_not_read_is_dropped_or_waited_for_without_harm(guarded):
    with careroom.Control(guarded) as deaf:
        deaf.send(b'{"op":"follow"}\n')
        events = careroom.Events(guarded)
        for state in ("active", "inactive") * 20:
            guarded.line("door", state)
        events.wait("door.opened")


def test_remote_requests_never_answer_fire(guarded):
    events = careroom.Events(guarded)
    guarded.line("smoke-1", "active")
    events.wait("alarm.raised", subject="butterfly/smoke-1")
    with careroom.Control(guarded) as control:
        for op in ("ack", "reset"):
            assert refused(control.ask(op, alarm="butterfly/smoke-1", via="mqtt")) == "remote-fire"
        assert guarded.alarms()["butterfly/smoke-1"]["state"] == "unacknowledged"
        answer = control.must("ack", alarm="butterfly/smoke-1")
        assert int(answer["recorded"]) > 0
        refused(control.ask("ack", alarm="butterfly/smoke-1"))
    events.wait("alarm.acknowledged", subject="butterfly/smoke-1")
