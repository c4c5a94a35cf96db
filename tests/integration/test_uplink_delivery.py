"""careroom-uplink between a journal, a broker and a guard: what is delivered, in which order, and what happens when
anything of it breaks."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest
from uplink_tools import (BUILD, CLASSES, GATEWAY, LIMIT, PREFIX, SITE, Authority, Broker, Guard, Listener, OddBroker, Site,
                          Uplink, build_journal_fill, wait_for, without_repeats)

RAISED = "fire 1 alarm.raised butterfly smoke-1 smoke-1 unacknowledged fire {n}"
ACKNOWLEDGED = "fire 1 alarm.acknowledged butterfly smoke-1 smoke-1 acknowledged fire {n}"
RESET = "fire 1 alarm.reset butterfly smoke-1 smoke-1 normal fire {n}"


@pytest.fixture(scope="session")
def fill_program(tmp_path_factory):
    return build_journal_fill(tmp_path_factory.mktemp("fill"))


@pytest.fixture
def site(tmp_path, fill_program):
    site = Site(tmp_path, fill_program)
    yield site
    site.close()


def delivered_all(site, listener, repeats=False):
    """Wait until every line has arrived; then bytes and order are the journal's, class by class."""
    expected = site.lines()
    wait_for(lambda: len(listener.seen) >= len(expected), f"{len(expected)} events")
    for name in CLASSES:
        came = listener.events(name)
        if not repeats:
            assert len(came) == len(set(came)), f"{name}: repeated without a reason"
        assert without_repeats(came) == site.lines(name), name


# ---- What is delivered


def test_bytes_topics_properties_and_order(site):
    site.fill("access 30 access.presented butterfly entry - - - 0", "system 2 gateway.started - - - - - 0",
              "fault 3 point.trouble butterfly air - - - 0", RAISED.format(n=1), "safety 4 door.opened butterfly door - - - 0",
              "access 30 access.presented butterfly entry - - - 0")
    Broker(site)
    listener = Listener(site)
    Uplink(site)
    delivered_all(site, listener)
    order = [m.topic.rsplit("/", 1)[1] for m in listener.messages if "/event/" in m.topic]
    assert order == sorted(order, key=CLASSES.index), "fire first, class by class"
    for message in listener.messages:
        if "/event/" not in message.topic:
            continue
        event = json.loads(message.payload)
        room = "butterfly" if "subject" in event and event["subject"].startswith("butterfly") else "gateway"
        assert message.topic == f"{PREFIX}/{room}/event/{event['class']}"
        assert dict(message.properties.UserProperty) == {k: event[k] for k in ("id", "class", "clock")}
        assert message.properties.ContentType == "application/cloudevents+json"
        assert message.qos == 1 and not message.retain


def test_nothing_is_repeated_after_a_clean_stop(site):
    site.access(300)
    Broker(site)
    listener = Listener(site)
    first = Uplink(site)
    delivered_all(site, listener)
    assert first.stop()[0] == 0
    site.access(5)
    Uplink(site)
    delivered_all(site, listener)
    assert listener.status()[:3] == ["online", "offline", "online"]


def test_a_new_event_goes_out_when_the_guard_says_so(site):
    guard = Guard(site)
    Broker(site)
    listener = Listener(site)
    site.access(1)
    Uplink(site)
    wait_for(lambda: guard.followers, "the uplink follows")
    delivered_all(site, listener)
    guard.committed(site.fill(RAISED.format(n=1)))
    delivered_all(site, listener)
    wait_for(lambda: guard.reports and guard.reports[-1]["state"] == "online" and guard.reports[-1]["delivered"] == "2", "a report",
             limit=LIMIT + 15)
    assert guard.reports[-1]["held"] == [] and guard.reports[-1]["parked"] == 0


def test_fire_overtakes_a_backlog(site):
    site.access(20000)
    Broker(site)
    listener = Listener(site)
    guard = Guard(site)
    uplink = Uplink(site)
    wait_for(lambda: len(listener.seen) > 500, "the backlog flows")
    guard.committed(site.fill(RAISED.format(n=1)))
    wait_for(lambda: any(m.topic.endswith("/event/fire") for m in listener.messages[500:]), "fire")
    position = [b'"class":"fire"' in p for p in listener.events()].index(True)
    assert position < 19000, "fire waited for the backlog"
    begun = time.monotonic(), len(listener.events())
    delivered_all(site, listener)
    rate = (20001 - begun[1]) / max(time.monotonic() - begun[0], 1e-3)
    print(f"fire as message {position} of 20001; rest at {rate:.0f} events/s through a Python listener")
    assert uplink.stop()[0] == 0


# ---- Broken connections


def test_broker_absent_at_start(site):
    site.access(10)
    broker = Broker(site, running=False)
    uplink = Uplink(site)
    uplink.says("offline: 127.0.0.1")
    broker.start()
    listener = Listener(site)
    uplink.says("online: 127.0.0.1")
    delivered_all(site, listener)
    assert uplink.log().count("offline:") == 1, "only changes are said"


def test_broker_killed_in_the_middle(site):
    broker = Broker(site)
    listener = Listener(site)
    uplink = Uplink(site)
    for _ in range(2):
        before = len(listener.seen)
        site.access(2000)
        wait_for(lambda before=before: len(listener.seen) > before + 300, "a part of it")
        listener.subscribed.clear()
        broker.kill()
        uplink.process.send_signal(signal.SIGSTOP)  # until somebody listens again; the broker forgets by configuration
        broker.start()
        assert listener.subscribed.wait(LIMIT)
        uplink.process.send_signal(signal.SIGCONT)
    site.access(100)
    last = site.lines()[-1]
    wait_for(lambda: last in listener.seen, lambda: f"the last event; {len(listener.seen)} came; log:\n{uplink.log()}")
    came = without_repeats(listener.events())
    assert came == [line for line in site.lines() if line in listener.seen], "order"
    # What the broker had taken and not yet handed on when it was killed is its loss: at most one run for each kill.
    missing = [n for n, line in enumerate(site.lines()) if line not in listener.seen]
    runs = [n for n in missing if n - 1 not in missing]
    assert len(runs) <= 2


def test_connection_lost_in_the_middle(site):
    """Again without a broker's own losses: whatever was not acknowledged comes again, in order, without a gap."""
    site.access(500)
    broker = OddBroker(site, puback=lambda topic, payload, n: ("disconnect", 0x8B) if n in (100, 250, 251) else 0)
    Uplink(site)
    wait_for(lambda: broker.events() and broker.events()[-1] == site.lines()[-1], "the last event")
    assert without_repeats(broker.events()) == site.lines()


def test_uplink_killed_in_the_middle(site):
    site.access(4000)
    Broker(site)
    listener = Listener(site)
    uplink = Uplink(site)
    for part in (300, 1200, 2500):
        wait_for(lambda part=part: len(listener.seen) > part, f"{part} events")
        uplink.kill()
        uplink.start()
    delivered_all(site, listener, repeats=True)


def test_will_after_a_kill(site):
    Broker(site)
    listener = Listener(site)
    uplink = Uplink(site)
    wait_for(lambda: listener.status() == ["online"], "online")
    uplink.kill()
    wait_for(lambda: listener.status() == ["online", "offline"], "the will")
    assert json.loads(listener.on("status")[-1].payload)["reason"] == "connection-lost"
    late = Listener(site, topic=f"{PREFIX}/status")
    wait_for(lambda: late.status() == ["offline"], "retained")
    uplink.start()
    wait_for(lambda: listener.status() == ["online", "offline", "online"], "online again")


def test_stops_within_a_second_whatever_the_network_does(site):
    OddBroker(site, silent=True)
    uplink = Uplink(site)
    time.sleep(0.5)
    status, took = uplink.stop()
    assert status == 0 and took < 1


def test_no_broker_configured(site):
    site.configure(host=None)
    guard = Guard(site)
    uplink = Uplink(site)
    uplink.says("no broker is configured")
    wait_for(lambda: guard.reports, "a report", limit=LIMIT + 15)
    assert guard.reports[0]["state"] == "idle"
    status, took = uplink.stop()
    assert status == 0 and took < 1 and uplink.log().count("no broker") == 1


# ---- What a broker may refuse


def test_a_class_that_may_not_be_published_is_held(site):
    acl = site.folder / "acl"
    rules = [f"topic write {PREFIX}/status", f"topic write {PREFIX}/butterfly/event/access", "topic read #"]
    acl.write_text("\n".join(rules) + "\n")
    acl.chmod(0o644)
    guard = Guard(site)
    broker = Broker(site, ("allow_anonymous true", f"acl_file {acl}"))
    listener = Listener(site)
    site.fill("fault 40 point.trouble butterfly air - - - 0", "access 40 access.presented butterfly entry - - - 0")
    uplink = Uplink(site)
    uplink.says("refuses class fault")
    wait_for(lambda: len(set(listener.events("access"))) == 40, "access flows")
    wait_for(lambda: guard.reports and guard.reports[-1]["held"] == ["fault"], "the guard is told")
    assert not listener.events("fault")
    acl.write_text("\n".join([*rules, f"topic write {PREFIX}/butterfly/event/fault"]) + "\n")
    broker.reload()
    delivered_all(site, listener, repeats=True)
    uplink.says("takes class fault again")
    wait_for(lambda: guard.reports[-1]["held"] == [], "the guard is told again")
    assert uplink.log().count("refuses class fault") == 1


@pytest.mark.parametrize("reason", [0x97, 0x83])
def test_quota_holds_and_is_tried_again(site, reason):
    refused = []

    def puback(topic, payload, n):
        if "/event/attendance" in topic and len(refused) < 2:
            refused.append(payload)
            return reason
        return 0

    site.fill("attendance 20 access.presented butterfly entry - - - 0", "access 20 access.presented butterfly entry - - - 0")
    broker = OddBroker(site, puback=puback)
    Uplink(site)
    wait_for(lambda: set(broker.events()) == set(site.lines()), "all")
    attendance = [p for p in broker.events() if b'"class":"attendance"' in p]
    lines = site.lines("attendance")
    last_try = len(attendance) - 1 - attendance[::-1].index(refused[-1])
    assert without_repeats(attendance[last_try:]) == lines[lines.index(refused[-1]):], "in order from the refused one"


@pytest.mark.parametrize("reason", [0x90, 0x99])
def test_an_event_that_will_never_be_taken_is_parked(site, reason):
    site.access(10)
    bad = site.lines()[4]
    guard = Guard(site)
    broker = OddBroker(site, puback=lambda topic, payload, n: reason if payload == bad else 0)
    uplink = Uplink(site)
    wait_for(lambda: len(broker.events()) == 10, "all")
    wait_for(lambda: guard.reports and guard.reports[-1]["parked"] == 1, "the guard is told")
    uplink.stop()
    again = Uplink(site)
    again.says("online")
    site.access(1)
    wait_for(lambda: len(broker.events()) == 11, "the next")
    assert broker.events()[-1] == site.lines()[-1]


def test_a_broker_that_hangs_up_on_a_message_does_not_stop_the_rest(site):
    site.access(60)
    bad = site.lines()[20]
    broker = OddBroker(site, puback=lambda topic, payload, n: ("disconnect", 0x95) if payload == bad else 0)
    uplink = Uplink(site)
    wait_for(lambda: set(broker.events()) == set(site.lines()), "all others")
    uplink.says("is parked")
    assert uplink.log().count("is parked") == 1
    assert broker.events().count(bad) <= 6  # a handful of tries until it is known which one it is, not one a second for ever


def test_larger_than_the_broker_takes(site):
    site.fill("access 3 access.presented butterfly entry - - - 0")
    guard = Guard(site)
    Broker(site, ("allow_anonymous true", "max_packet_size 330"))  # it says so when the uplink connects
    uplink = Uplink(site)
    wait_for(lambda: guard.reports and guard.reports[-1]["parked"] == 3, lambda: f"parked; log:\n{uplink.log()}")


def test_larger_than_a_broker_takes_that_did_not_say_so(site):
    """Its answer is one that MQTT does not allow, so that libmosquitto 2.0.21 breaks the connection instead of telling it."""
    site.fill("access 1 access.presented butterfly entry - - - 0")
    guard = Guard(site)
    Broker(site, ("allow_anonymous true", "message_size_limit 300"))
    uplink = Uplink(site)
    wait_for(lambda: guard.reports and (guard.reports[-1]["parked"] == 1 or guard.reports[-1].get("held") == ["access"]),
             lambda: f"parked or held; log:\n{uplink.log()}")


@pytest.mark.parametrize("reason", [0x84, 1])
def test_without_version_5(site, reason):
    site.access(50)
    broker = OddBroker(site, connack=lambda version: reason if version == 5 else 0)
    Uplink(site).says("MQTT 3.1.1")
    wait_for(lambda: broker.events() == site.lines(), "all events")
    assert broker.versions == [5, 4]


def test_a_broker_that_never_acknowledges_gets_no_more_than_the_window(site):
    site.access(100)
    broker = OddBroker(site, puback=lambda topic, payload, n: None if "/event/" in topic or "/alarm/" in topic else 0)
    guard = Guard(site)
    Uplink(site)
    wait_for(lambda: len(broker.events()) == 14, "the window without fire's reserve")
    guard.committed(site.fill(RAISED.format(n=1)))
    wait_for(lambda: broker.published[-1][0].endswith("/alarm/smoke-1"), "fire uses the reserve")
    time.sleep(1.2)  # one turn of the loop: nothing more may come
    assert len(broker.events()) == 15 and broker.most_open == 16


def test_receive_maximum_of_the_broker(site):
    site.access(40)
    site.fill(RAISED.format(n=1))
    broker = OddBroker(site, receive_maximum=1)
    Uplink(site)
    wait_for(lambda: len(set(broker.events())) == 41, "all, one at a time")
    assert broker.most_open == 1


# ---- Standing alarms


def test_alarm_topic_set_and_cleared(site):
    Broker(site)
    listener = Listener(site)
    uplink = Uplink(site)
    site.fill(RAISED.format(n=7))
    wait_for(lambda: listener.on("butterfly/alarm/smoke-1"), "the alarm")
    uplink.stop()
    raised = json.loads(site.lines()[0])
    uplink = Uplink(site)
    site.fill(ACKNOWLEDGED.format(n=7))
    wait_for(lambda: len(listener.on("butterfly/alarm/smoke-1")) == 2, "the alarm, acknowledged")
    first, second = (json.loads(m.payload) for m in listener.on("butterfly/alarm/smoke-1"))
    assert first == {"id": "butterfly/smoke-1", "occurrence": 7, "severity": "fire", "since": raised["time"],
                     "state": "unacknowledged", "time": raised["time"]}
    assert second["state"] == "acknowledged" and second["since"] == raised["time"], "since survives a restart"
    late = Listener(site, topic=f"{PREFIX}/+/alarm/+")
    wait_for(lambda: [m.retain for m in late.messages] == [True], "retained")
    site.fill(RESET.format(n=7))
    wait_for(lambda: len(listener.on("butterfly/alarm/smoke-1")) == 3, "the end")
    assert listener.on("butterfly/alarm/smoke-1")[-1].payload == b""
    topics = [m.topic.removeprefix(PREFIX + "/") for m in listener.messages if "/status" not in m.topic]
    assert topics == ["butterfly/event/fire", "butterfly/alarm/smoke-1"] * 3, "the event first"
    gone = Listener(site, topic=f"{PREFIX}/#")
    wait_for(lambda: gone.on("status"), "status")
    assert not gone.on("butterfly/alarm/smoke-1")


# ---- TLS and passwords


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)
    good, other = Authority(folder), Authority(folder, "other")
    return {"good": good, "other": other, "server": good.issue("server", "IP:127.0.0.1,DNS:localhost"),
            "elsewhere": good.issue("elsewhere", "DNS:elsewhere.example"), "client": good.issue("client"),
            "stranger": other.issue("stranger")}


def tls_broker(site, authority, certificate="server", *extra):
    cert, key = authority[certificate]
    listener = [f"cafile {authority['good'].cert}", f"certfile {cert}", f"keyfile {key}", *extra]
    return Broker(site, listener=listener)


def tls_keys(authority, ca="good", client=None):
    keys = {"ca": str(authority[ca].cert)}
    if client:
        keys["cert"], keys["key"] = (str(path) for path in authority[client])
    return keys


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
def test_tls(site, authority, host, version):
    site.configure(host=host, tls=tls_keys(authority))
    site.access(100)
    tls_broker(site, authority, "server", f"tls_version {version}")
    listener = Listener(site, tls={"ca_certs": str(authority["good"].cert)})
    Uplink(site)
    delivered_all(site, listener)


def test_tls_wrong_authority(site, authority):
    site.configure(tls=tls_keys(authority, "other"))
    tls_broker(site, authority)
    uplink = Uplink(site)
    uplink.says("certificate was refused:")
    assert "online" not in uplink.log()


@pytest.mark.parametrize("host, why", [("127.0.0.1", "IP address mismatch"), ("localhost", "ostname mismatch")])
def test_tls_wrong_name(site, authority, host, why):
    site.configure(host=host, tls=tls_keys(authority))
    tls_broker(site, authority, "elsewhere")
    uplink = Uplink(site)
    uplink.says(f"{why}")
    assert "online" not in uplink.log()


def test_tls_broker_that_knows_only_1_1(site, authority):
    """With OpenSSL's own limits out of the way, so that ours is what refuses."""
    lax = site.folder / "openssl.cnf"
    lax.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = None\nCipherString = DEFAULT@SECLEVEL=0\n")
    env = {"OPENSSL_CONF": str(lax)}
    cert, key = authority["server"]
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{site.port}", "-cert", cert, "-key", key, "-tls1_1",
                               "-quiet"], env={**os.environ, **env}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        def willing():
            client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{site.port}", "-tls1_1"], input="",
                                    env={**os.environ, **env}, capture_output=True, text=True, check=False)
            return "TLSv1.1" in client.stdout and client.returncode == 0
        wait_for(willing, "a server that speaks TLS 1.1")
        site.configure(tls=tls_keys(authority))
        uplink = Uplink(site, env=env)
        uplink.says("offline:")
        wait_for(lambda: "protocol" in uplink.log() or "version" in uplink.log(), f"the reason; log:\n{uplink.log()}")
        assert "online" not in uplink.log()
    finally:
        server.kill()
        server.wait()


def test_client_certificate(site, authority):
    tls_broker(site, authority, "server", "require_certificate true")
    site.configure(tls=tls_keys(authority))
    without = Uplink(site)
    without.says("offline:")
    without.close()
    site.configure(tls=tls_keys(authority, client="stranger"))
    stranger = Uplink(site)
    wait_for(lambda: stranger.log().count("offline:") >= 2, "a stranger is refused")
    stranger.close()
    assert "online" not in stranger.log()
    site.configure(tls=tls_keys(authority, client="client"))
    Uplink(site).says("online")


def test_password(site):
    passwords, secret = site.folder / "passwords", site.folder / "secret"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "gateway", "right"], check=True, capture_output=True)
    passwords.chmod(0o644)
    site.folder.chmod(0o755)
    Broker(site, ("allow_anonymous false", f"password_file {passwords}"))
    site.configure(username="gateway", password_file=str(secret))
    secret.write_text("right\n")
    secret.chmod(0o644)
    uplink = Uplink(site)
    uplink.says("may be read by everybody and is not used")
    secret.chmod(0o600)
    secret.write_text("wrong\n")
    uplink.says("the broker refused: Not authorized")
    assert "online" not in uplink.log()
    secret.write_text("right\n")
    uplink.says("online")


# ---- Commands


def reply_to(listener, name, payload, **options):
    before = len(listener.on(f"reply/{name}"))
    listener.send(name, payload, **options)
    wait_for(lambda: len(listener.on(f"reply/{name}")) > before, f"a reply to {name} {payload!r}")
    return json.loads(listener.on(f"reply/{name}")[-1].payload)


@pytest.fixture
def commanded(site):
    guard = Guard(site, {"ack": {"ok": True, "recorded": "9"}, "status": {"ok": True, "status": {"rooms": []}},
                         "reset": {"ok": False, "code": "still-true", "error": "Fire is reset in the room."}})
    Broker(site)
    listener = Listener(site)
    uplink = Uplink(site)
    wait_for(lambda: listener.status() == ["online"], "online")
    return site, guard, listener, uplink


def test_commands(commanded):
    _, guard, listener, _ = commanded
    assert reply_to(listener, "acknowledge", '{"alarm":"butterfly/co2-high","occurrence":3,"id":"a1"}') == {
        "ok": True, "recorded": "9", "id": "a1"}
    asked = guard.requests[-1]
    assert asked.pop("seq") and asked == {"op": "ack", "alarm": "butterfly/co2-high", "occurrence": 3, "via": "mqtt"}
    assert reply_to(listener, "reset", '{"alarm":"butterfly/smoke-1"}') == {
        "ok": False, "code": "still-true", "error": "Fire is reset in the room."}
    assert reply_to(listener, "state", "{}") == {"ok": True, "status": {"rooms": []}}


def test_response_topic_and_correlation(commanded):
    _, _, listener, _ = commanded
    listener.send("state", "{}", response_topic=f"{PREFIX}/reply/mine", correlation=b"\x00\x01two")
    wait_for(lambda: listener.on("reply/mine"), "the reply")
    assert listener.on("reply/mine")[0].properties.CorrelationData == b"\x00\x01two"
    # Elsewhere, or where it would pass for what the gateway itself says: the usual topic.
    for topic in ("elsewhere/reply", f"{PREFIX}/butterfly/event/fire", f"{PREFIX}/status", f"{PREFIX}x/reply"):
        before = len(listener.on("reply/state"))
        listener.send("state", "{}", response_topic=topic, correlation=b"c")
        wait_for(lambda before=before: len(listener.on("reply/state")) > before, topic)
    assert not [m for m in listener.messages if m.topic == "elsewhere/reply"]


BAD = [
    ("acknowledge", b"", "malformed"),
    ("acknowledge", b"{", "malformed"),
    ("acknowledge", b"[]", "malformed"),
    ("acknowledge", b"{}", "malformed"),
    ("acknowledge", b'{"alarm":"butterfly/smoke-1"}', "malformed"),
    ("acknowledge", b'{"alarm":7,"occurrence":1}', "malformed"),
    ("acknowledge", b'{"alarm":"../../etc","occurrence":-1}', "malformed"),
    ("acknowledge", b'{"alarm":"butterfly/smoke-1","occurrence":"one"}', "malformed"),
    ("acknowledge", b'{"alarm":"butterfly/smoke-1","occurrence":1,"actor":"root"}', "malformed"),
    ("acknowledge", b'{"alarm":"butterfly/smoke-1","alarm":"butterfly/smoke-2","occurrence":1}', "malformed"),
    ("acknowledge", b'{"alarm":"butterfly/smoke-1\\u0000","occurrence":1}', "malformed"),
    ("acknowledge", b'{"id":["x"],"alarm":"butterfly/smoke-1","occurrence":1}', "malformed"),
    ("acknowledge", b"\xff\xfe\x00", "malformed"),
    ("state", b"[" * 3000, "malformed"),
    ("state", b'{"id":"' + b"x" * 65 + b'"}', "malformed"),
    ("state", b" " * 5000, "too-large"),
    ("silence", b"{}", "unknown-command"),
]


def test_bad_commands_get_a_sentence(commanded):
    _, guard, listener, uplink = commanded
    for name, payload, code in BAD:
        answer = reply_to(listener, name, payload)
        assert answer["ok"] is False and answer["code"] == code and answer["error"].endswith("."), payload
    assert guard.requests == [], "none of it reached the guard"
    assert uplink.process.poll() is None


def test_retained_commands_are_stale(commanded):
    site, guard, listener, uplink = commanded
    uplink.stop()
    listener.send("acknowledge", '{"alarm":"butterfly/smoke-1","occurrence":1}', retain=True)
    uplink.start()
    wait_for(lambda: listener.on("reply/acknowledge"), "the refusal")
    assert json.loads(listener.on("reply/acknowledge")[-1].payload)["code"] == "stale"
    assert guard.requests == []


def test_commands_while_the_guard_is_away_or_silent(commanded):
    site, guard, listener, uplink = commanded
    guard.answers["ack"] = None
    for n in range(1, 25):
        listener.send("acknowledge", json.dumps({"alarm": "butterfly/smoke-1", "occurrence": n, "id": str(n)}))
    wait_for(lambda: any(b'"busy"' in m.payload for m in listener.on("reply/acknowledge")), "the queue is bounded")
    wait_for(lambda: any(b'"timeout"' in m.payload for m in listener.on("reply/acknowledge")), "silence is told")
    guard.close()
    wait_for(lambda: len(listener.on("reply/acknowledge")) == 24, "every command has its reply")
    assert reply_to(listener, "state", "{}")["code"] == "unavailable"
    Guard(site, {"status": {"ok": True, "status": {}}})
    uplink.says("the guard is there")
    assert reply_to(listener, "state", "{}")["ok"] is True


# ---- The program


def test_check_says_what_is_wrong(site):
    program = [str(BUILD / "careroom-uplink"), "--config", str(site.config), "--check"]
    assert subprocess.run(program, check=False).returncode == 0
    site.configure(tls={"ca": "/nonexistent/ca.pem"})
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "/nonexistent/ca.pem" in done.stderr
    site.configure(window=99)
    assert subprocess.run(program, capture_output=True, check=False).returncode == 1
    assert subprocess.run([program[0], "--nonsense"], capture_output=True, check=False).returncode == 2


def test_ready_and_watchdog(site, tmp_path):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(LIMIT)
    OddBroker(site, silent=True)  # a broker that hangs is no reason to be killed
    Uplink(site, env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"})
    said = [notify.recv(256) for _ in range(4)]
    assert said[0] == b"READY=1" and said[1:] == [b"WATCHDOG=1"] * 3
