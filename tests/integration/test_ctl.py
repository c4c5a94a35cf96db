"""careroomctl against a guard that says whatever a test wants, and against journals that a test fills.

What is checked is what people and scripts hold on to: exit statuses, what goes to the guard, what is printed, and that nothing
from outside steers the terminal."""

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import threading
import time

import pytest
from careroom import BUILD, ROOT
from fake_guard import CLOSE, SILENCE, FakeGuard, Journal

CTL = BUILD / "careroomctl"
DAY = 1795449600  # 2026-11-24T00:00 in Shanghai is 16:00 of the day before: 1795449600 s since 1970

CONFIG = """\
gateway:   {{ id: kunming-001, site: sunshine, timezone: Asia/Shanghai, language: en }}
state_dir: {state}
run_dir:   {run}
rooms:
  - id: butterfly
    name: 蝴蝶班
    group: toddler
    sensors:
      - {{ id: smoke-1, driver: contact, line: GPIO17, role: smoke }}
"""

STATUS = {
    "gateway": {"id": "kunming-001", "site": "sunshine", "version": "0.1.0", "bootid": "b", "uptime_s": 277320,
                "clock": "synchronised"},
    "rooms": [
        {
            "id": "butterfly",
            "name": "蝴蝶班",
            "points": [
                {"id": "air", "driver": "scd41", "role": "none", "state": "ok",
                 "values": {"co2_ppm": 612, "temp_mc": -1500, "rh_mpct": 45250}, "age_ms": 3000},
                {"id": "smoke-1", "driver": "contact", "role": "smoke", "state": "ok", "values": {"active": 0},
                 "age_ms": 90000},
                {"id": "door", "driver": "contact", "role": "door", "state": "unknown", "values": {}},
                {"id": "climate", "driver": "sht4x", "role": "none", "state": "trouble", "reason": "no-answer",
                 "values": {"temp_mc": 21000}, "age_ms": 60000},
            ],
            "outputs": [{"id": "siren", "role": "sounder", "pattern": "evacuate"}],
        }
    ],
    "alarms": [
        {"id": "butterfly/smoke-1", "occurrence": 3, "state": "unacknowledged", "severity": "fire",
         "since": "2026-10-30T23:30:00.000Z", "instruction": "Leave now.", "condition": True}
    ],
    "uplink": {"state": "online", "held": ["access"], "delivered": "18200", "parked": 2, "age_ms": 4000},
    "journal": {"state": "ok", "reason": "", "sequence": "18231", "waiting": 0, "lost": 0},
}


class Place:
    def __init__(self, folder):
        self.run, self.state = folder / "run", folder / "state"
        self.run.mkdir()
        self.state.mkdir()
        self.config = folder / "careroom.yaml"
        self.config.write_text(CONFIG.format(state=self.state, run=self.run))
        self.env = {key: value for key, value in os.environ.items() if key not in ("CAREROOM_CONFIG", "TZ", "NO_COLOR")}

    def arguments(self, *words):
        return [str(CTL), *words, "--config", str(self.config)]

    def ctl(self, *words, **options):
        return subprocess.run(self.arguments(*words), env=self.env, capture_output=True, text=True, timeout=60, **options)

    def guard(self, **answers):
        return FakeGuard(str(self.run), {key.replace("_", "-"): value for key, value in answers.items()})

    def start(self, *words, **options):
        return subprocess.Popen(self.arguments(*words), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                bufsize=0, **options)


@pytest.fixture
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("ctl"))  # a short path: a socket's name has a limit


@pytest.fixture
def journal(place):
    filled = Journal(str(place.state))
    filled.append("system", "gateway.started", "gateway", DAY - 3600, {"version": "0.1.0"})
    filled.append("safety", "alarm.raised", "butterfly/co2-high", DAY + 60,
                  {"alarm": "co2-high", "co2_ppm": 1623, "occurrence": 1, "severity": "warning", "state": "unacknowledged",
                   "threshold": 1500})
    filled.append("fire", "alarm.raised", "butterfly/smoke-1", DAY + 120,
                  {"active": 1, "alarm": "smoke-1", "occurrence": 3, "role": "smoke", "severity": "fire",
                   "state": "unacknowledged"})
    filled.append("fire", "alarm.acknowledged", "butterfly/smoke-1", DAY + 180,
                  {"actor": "uid 1000 (mei)", "alarm": "smoke-1", "occurrence": 3, "severity": "fire",
                   "state": "acknowledged", "via": "local"})
    filled.append("access", "door.opened", "bee/door", DAY + 240, {"active": 1, "role": "door"})
    yield filled
    filled.close()


def one_line(result):
    assert result.stdout == ""
    assert result.stderr.startswith("careroomctl: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


# ---- The call


@pytest.mark.parametrize(
    "words, says",
    [
        ([], "a command is missing"),
        (["statsu"], "did you mean 'careroomctl status'?"),
        (["sim"], "sim --help"),
        (["sim", "outptus"], "did you mean 'careroomctl sim outputs'?"),
        (["shelf", "butterfly/air"], "unknown command 'shelf'"),
        (["ack"], "usage: careroomctl ack ALARM"),
        (["ack", "butterfly/a", "b"], "too many words"),
        (["ack", "a/b", "c", "d", "e", "f", "g", "h", "i"], "too many words"),
        (["ack", "butterfly"], "ROOM/NAME"),
        (["ack", "butterfly/smoke-1#x"], "number of an occurrence"),
        (["ack", "butterfly/smoke-1#0"], "number of an occurrence"),
        (["ack", "Butterfly/smoke-1"], "ROOM/NAME"),
        (["ack", "butterfly/"], "ROOM/NAME"),
        (["status", "--follow"], "'status' has no option --follow"),
        (["status", "--jsno"], "did you mean '--json'?"),
        (["status", "--json=yes"], "takes no value"),
        (["events", "--since"], "--since needs a value"),
        (["events", "--since", "--json"], "--since needs a value"),
        (["events", "--class", "fier"], "did you mean 'fire'?"),
        (["events", "--limit", "-1"], "--limit wants a number"),
        (["events", "--limit", "99999999999999999999"], "--limit wants a number"),
        (["events", "--limit", "1", "--limit", "2"], "given twice"),
        (["events", "--since", "yesterday"], "--since wants"),
        (["events", "--since", "2026-02-30"], "--since wants"),
        (["events", "--since", "2026-11-24T25:00"], "--since wants"),
        (["events", "--since", "2026-11-24T08:00x"], "--since wants"),
        (["events", "--since", "#0"], "--since wants"),
        (["events", "--since", "10x"], "--since wants"),
        (["sim", "set", "butterfly/air", "co", "800"], "did you mean 'co2'?"),
        (["sim", "set", "butterfly/air", "co2", "much"], "no value of co2"),
        (["sim", "line", "butterfly/door", "ajar"], "active, inactive, open"),
        (["sim", "fault", "butterfly/air", "hagn"], "did you mean 'hang'?"),
        (["sim", "badge", "butterfly/entry"], "a UID is missing"),
        (["sim", "badge", "butterfly/entry", "57:x"], "no card"),
        (["sim", "badge", "butterfly/entry", "57:12345:1"], "no card"),
        (["sim", "badge", "butterfly/entry", "0x"], "no card"),
        (["sim", "badge", "butterfly/entry", "+5"], "no card"),
        (["sim", "badge", "butterfly/entry", "57:70000"], "does not fit"),
        (["sim", "badge", "butterfly/entry", "4294967296"], "does not fit"),
        (["sim", "badge", "butterfly/entry", "300:1", "--format", "26"], "does not fit"),
        (["sim", "badge", "butterfly/entry", "1:1", "--format", "35"], "unknown format '35'"),
        (["sim", "badge", "butterfly/entry", "--pulses", "012"], "--pulses wants"),
        (["sim", "badge", "butterfly/entry", "--pulses", "0" * 65], "--pulses wants"),
        (["sim", "badge", "butterfly/entry", "1:1", "--pulses", "01"], "neither a UID"),
        (["completion", "fish"], "unknown shell"),
    ],
)
def test_wrong_calls_say_what_is_wrong(place, words, says):
    result = place.ctl(*words)
    assert result.returncode == 2, result
    assert says in one_line(result)


def test_help_and_version_need_nothing():
    for words in (["--help"], ["-h"], ["status", "--help"], ["--help", "sim", "badge"], ["sim", "--help"], ["--version"]):
        result = subprocess.run([CTL, *words], capture_output=True, text=True, env={"CAREROOM_CONFIG": "/nowhere"}, timeout=60)
        assert result.returncode == 0 and result.stderr == "" and "careroomctl" in result.stdout
    version = subprocess.run([CTL, "--version"], capture_output=True, text=True, timeout=60).stdout
    assert version == f"careroomctl {(ROOT / 'VERSION').read_text().strip()}\n"


def commands():
    """The command names that the general help lists."""
    text = subprocess.run([CTL, "--help"], capture_output=True, text=True, timeout=60).stdout
    rows = text.split("\n\n")[1].splitlines()
    return [" ".join(word for word in row.split("  ")[1].split() if word.islower() and word.isalpha()) for row in rows]


def test_help_of_each_command_and_completion_follow_the_table():
    names = [name.replace(" bash", "") for name in commands()]
    assert "status" in names and "sim outputs" in names and len(names) >= 13
    for name in names:
        text = subprocess.run([CTL, *name.split(), "--help"], capture_output=True, text=True, timeout=60)
        assert text.returncode == 0 and text.stdout.startswith(f"usage: careroomctl {name}")


@pytest.mark.parametrize(
    "words, offered",
    [
        (["careroomctl", "st"], ["status"]),
        (["careroomctl", "--json", "ev"], ["events"]),
        (["careroomctl", "sim", ""], ["set", "line", "badge", "fault", "outputs", "--help"]),
        (["careroomctl", "sim", "line", "a/b", "in"], ["inactive"]),
        (["careroomctl", "events", "--class", "fi"], ["fire"]),
        (["careroomctl", "events", "--class", "fire", "--fo"], ["--follow"]),
        (["careroomctl", "sim", "badge", "a/b", "--format", ""], ["26", "34", "37"]),
        (["careroomctl", "status", "--fo"], []),
    ],
)
def test_completion(words, offered):
    script = f"""
        source <({CTL} completion bash)
        COMP_WORDS=({' '.join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}
        _careroomctl; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stderr == "" and result.stdout.split() == offered


def test_configuration_is_found_and_judged(place):
    with place.guard(alarms={"ok": True, "alarms": []}):
        by_variable = subprocess.run([CTL, "alarms"], env={**place.env, "CAREROOM_CONFIG": str(place.config)},
                                     capture_output=True, text=True, timeout=60)
        assert (by_variable.returncode, by_variable.stdout, by_variable.stderr) == (0, "no alarm stands\n", "")
        before = subprocess.run([CTL, "--json", f"--config={place.config}", "alarms"], capture_output=True, text=True, timeout=60)
        assert (before.returncode, before.stdout) == (0, '{"alarms":[]}\n')
    place.config.write_text("gateway: { id: kunming-001, sight: sunshine }\n")
    wrong = place.ctl("alarms")
    assert wrong.returncode == 1 and "gateway.sight" in wrong.stderr and f"{place.config}:1" in wrong.stderr
    missing = subprocess.run([CTL, "alarms", "--config", "/nowhere/careroom.yaml"], capture_output=True, text=True, timeout=60)
    assert missing.returncode == 1 and "/nowhere/careroom.yaml" in missing.stderr


# ---- The guard


def test_no_guard(place):
    for words in (["status"], ["ack", "butterfly/smoke-1"], ["scan", "--json"], ["sim", "outputs"]):
        result = place.ctl(*words)
        assert result.returncode == 3
        assert str(place.run / "control.sock") in one_line(result) and "systemctl start careroomd" in result.stderr
    with socket.socket(socket.AF_UNIX) as killed:  # a guard that was killed: its file stays
        killed.bind(str(place.run / "control.sock"))
    result = place.ctl("status")
    assert result.returncode == 3 and "control.sock" in one_line(result)


@pytest.mark.parametrize(
    "answer, status, says",
    [
        (CLOSE, 3, "closed the connection"),
        (b'{"ok":tr', 3, "closed the connection"),
        (b"hello\n", 1, "can't be understood"),
        (b"[1]\n", 1, "can't be understood"),
        (b'"ok"\n', 1, "can't be understood"),
        (b'{"ok":1}\n', 1, "can't be understood"),
        (b'{"ok":true,"ok":true}\n', 1, "can't be understood"),
        (b"\xff\xfe\x00\n", 1, "can't be understood"),
        (b"[" * 60000 + b"\n", 1, "can't be understood"),
        (b" " * 200000, 1, "longer than"),
        ({"ok": True}, 1, "has no 'alarms'"),
        ({"ok": True, "alarms": {}}, 1, "has no 'alarms'"),
        ({"ok": False}, 1, "gave no reason"),
        ({"ok": False, "code": "stopping", "error": "the guard\nis \x1b[31mstopping"}, 1, "the guard is \ufffd[31mstopping"),
    ],
    ids=range(14),
)
def test_answers_that_are_none(place, answer, status, says):
    with place.guard(alarms=answer):
        for words in (["alarms"], ["alarms", "--json"]):
            result = place.ctl(*words)
            assert result.returncode == status, result
            assert says in one_line(result)


def test_silent_guard(place):
    with place.guard(status=SILENCE):
        result = place.ctl("status")
        assert result.returncode == 3 and "no answer within" in one_line(result)


def test_status_for_programs_is_the_guards_object(place):
    with place.guard(status={"ok": True, "status": STATUS}):
        result = place.ctl("status", "--json")
        assert result.returncode == 0
        assert result.stdout == json.dumps(STATUS, ensure_ascii=False, separators=(",", ":")) + "\n"


def test_status_for_people(place):
    with place.guard(status={"ok": True, "status": STATUS}):
        result = place.ctl("status")
    text = result.stdout
    assert result.returncode == 0 and result.stderr == ""
    assert "\x1b" not in text  # no terminal, no colours
    assert "up 3 d 5 h" in text
    assert text.index("1 alarm stands") < text.index("蝴蝶班")
    for words in (
        "fire  butterfly/smoke-1#3  unacknowledged  condition holds  since 2026-10-31 07:30:00", "Leave now.",
        "co2 612 ppm, temperature -1.5 °C, humidity 45.25 %RH  3 s ago", "no smoke",
        "TROUBLE: does not answer", "last heard 1 min ago", "siren    sounder  evacuate",
        "online, delivered up to event 18200, HELD: access, 2 parked, heard 4 s ago", "ok, at event 18231",
    ):
        assert words in text, words
    door = next(row for row in text.splitlines() if row.strip().startswith("door"))
    assert "unknown" in door and "closed" not in door
    climate = next(row for row in text.splitlines() if row.strip().startswith("climate"))
    assert "21" not in climate  # a value that can't be trusted is not shown as one
    assert not any(row != row.rstrip() for row in text.splitlines())


@pytest.mark.parametrize("status", [{}, {"rooms": [1, {"points": [None, {}]}], "alarms": [{}], "uplink": [], "journal": 1}])
def test_status_that_says_little_shows_unknown(place, status):
    with place.guard(status={"ok": True, "status": status}):
        result = place.ctl("status")
    assert result.returncode == 0 and "unknown" in result.stdout and "no alarm stands" not in result.stdout


def test_alarms(place):
    with place.guard(alarms={"ok": True, "alarms": STATUS["alarms"]}):
        result = place.ctl("alarms", "--json")
        assert json.loads(result.stdout) == {"alarms": STATUS["alarms"]} and result.stdout.count("\n") == 1
        assert "Leave now." in place.ctl("alarms").stdout


def test_ack_and_reset(place):
    done = {"ok": True, "alarm": "butterfly/smoke-1", "occurrence": 3, "recorded": "18231"}
    with place.guard(ack=done, reset=done) as guard:
        result = place.ctl("ack", "butterfly/smoke-1")
        assert (result.returncode, result.stdout) == (0, "acknowledged butterfly/smoke-1, occurrence 3 (event 18231)\n")
        assert guard.request() == {"op": "ack", "alarm": "butterfly/smoke-1"}
        place.ctl("ack", "butterfly/smoke-1#3")
        assert guard.request() == {"op": "ack", "alarm": "butterfly/smoke-1", "occurrence": 3}
        result = place.ctl("ack", "butterfly/air.trouble", "--json")
        assert json.loads(result.stdout) == {"alarm": "butterfly/smoke-1", "occurrence": 3, "recorded": "18231"}
        assert guard.request()["alarm"] == "butterfly/air.trouble"
        assert place.ctl("reset", "butterfly/smoke-1").stdout == "reset butterfly/smoke-1, occurrence 3 (event 18231)\n"
        assert guard.request() == {"op": "reset", "alarm": "butterfly/smoke-1"}


def test_ack_refused_or_not_on_the_disk(place):
    refused = {"ok": False, "code": "not-standing", "error": "butterfly/smoke-1: This alarm does not stand."}
    with place.guard(ack=refused):
        result = place.ctl("ack", "butterfly/smoke-1")
        assert result.returncode == 1 and "does not stand" in one_line(result)
    with place.guard(ack={"ok": True, "recorded": None, "storage": "No space left on device"}):
        result = place.ctl("ack", "butterfly/smoke-1")
        assert result.returncode == 0 and result.stdout == "acknowledged butterfly/smoke-1 (not on the disk)\n"
        assert "No space left on device" in result.stderr


def test_scan(place):
    scan = {"buses": [{"path": "/dev/i2c-1", "name": "bcm2835", "devices": [
        {"address": 98, "part": "scd41"}, {"address": 68, "part": "sht4x", "answers": False}]},
        {"path": "/dev/i2c-2", "name": "x", "devices": []}],
        "lines": [{"chip": "pinctrl", "offset": 17, "name": "GPIO17", "used": True},
                  {"chip": "pinctrl", "offset": 4, "name": "", "used": False}]}
    with place.guard(scan={"ok": True, "scan": scan}):
        assert json.loads(place.ctl("scan", "--json").stdout) == scan
        text = place.ctl("scan").stdout
    for words in ("/dev/i2c-1", "0x62  scd41  answers", "0x44  sht4x  does not answer", "nothing answers", "GPIO17",
                  "pinctrl:17", "used", "(no name)", "free"):
        assert words in text, words


@pytest.mark.parametrize(
    "words, request_",
    [
        (["set", "butterfly/air", "temperature", "-4.5"],
         {"op": "sim-set", "point": "butterfly/air", "quantity": "temperature", "value": "-4.5"}),
        (["line", "butterfly/door", "open"], {"op": "sim-line", "point": "butterfly/door", "state": "open"}),
        (["fault", "butterfly/air", "hang"], {"op": "sim-fault", "point": "butterfly/air", "fault": "hang"}),
        (["badge", "butterfly/entry", "57:12345"],
         {"op": "sim-badge", "reader": "butterfly/entry", "text": "57:12345", "uid": "57:12345", "format": 26}),
        (["badge", "butterfly/entry", str(57 << 16 | 12345)],
         {"op": "sim-badge", "reader": "butterfly/entry", "text": "3747897", "uid": "57:12345", "format": 26}),
        (["badge", "butterfly/entry", "0x00393039", "--format", "34"],
         {"op": "sim-badge", "reader": "butterfly/entry", "text": "0x00393039", "uid": "57:12345", "format": 34}),
        (["badge", "butterfly/entry", "1:1", "--format", "37"],
         {"op": "sim-badge", "reader": "butterfly/entry", "text": "1:1", "uid": "1:1", "format": 37}),
        (["badge", "butterfly/cards", "04112233445566"],
         {"op": "sim-badge", "reader": "butterfly/cards", "text": "04112233445566"}),
        (["badge", "butterfly/cards", "DEADBEEF"],
         {"op": "sim-badge", "reader": "butterfly/cards", "text": "DEADBEEF"}),
        (["badge", "butterfly/entry", "0xFFFFFFFF"],
         {"op": "sim-badge", "reader": "butterfly/entry", "text": "0xFFFFFFFF", "uid": "65535:65535", "format": 34}),
        (["badge", "butterfly/entry", "--pulses", "0110"],
         {"op": "sim-badge", "reader": "butterfly/entry", "pulses": "0110"}),
    ],
)
def test_sim_requests(place, words, request_):
    with place.guard(**{request_["op"].replace("-", "_"): {"ok": True}}) as guard:
        result = place.ctl("sim", *words)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        assert guard.request() == request_
    with place.guard() as guard:  # a careroomd, which has no such operation
        result = place.ctl("sim", *words)
        assert result.returncode == 1 and "no such operation" in one_line(result)


def test_sim_outputs(place):
    outputs = [{"id": "butterfly/siren", "on": True, "level": 1, "pattern": "evacuate"}]
    with place.guard(sim_outputs={"ok": True, "outputs": outputs}):
        assert place.ctl("sim", "outputs", "--json").stdout == json.dumps({"outputs": outputs}, separators=(",", ":")) + "\n"
        assert place.ctl("sim", "outputs").stdout == "butterfly/siren  on  level 1  evacuate\n"


# ---- The journal


def test_events_for_programs_are_the_journals_bytes(place, journal):
    assert place.ctl("events", "--json").stdout == "".join(text + "\n" for text in journal.lines)


@pytest.mark.parametrize(
    "words, expected",
    [
        (["--class", "fire"], [3, 4]),
        (["--room", "butterfly"], [2, 3, 4]),
        (["--room", "gateway"], [1]),
        (["--room", "nobody"], []),
        (["--limit", "2"], [4, 5]),
        (["--limit", "0"], []),
        (["--limit", "1", "--class", "fire"], [4]),
        (["--limit", "9"], [1, 2, 3, 4, 5]),
        (["--since", "#4"], [4, 5]),
        (["--since", "#2", "--limit", "3"], [3, 4, 5]),
        (["--since", "#99"], []),
        (["--since", "2026-11-24"], [2, 3, 4, 5]),  # midnight in Shanghai, the gateway's zone
        (["--since", "2026-11-24T00:02"], [3, 4, 5]),
        (["--since", "2026-11-24 00:02:01"], [4, 5]),
        (["--since", "2026-11-23T16:03:00.000Z"], [4, 5]),
        (["--since", "2026-11-25"], []),
    ],
)
def test_events_selected(place, journal, words, expected):
    assert time.strftime("%FT%TZ", time.gmtime(DAY)) == "2026-11-23T16:00:00Z"
    result = place.ctl("events", "--json", *words)
    assert result.returncode == 0 and result.stderr == ""
    assert [int(json.loads(text)["sequence"]) for text in result.stdout.splitlines()] == expected


def test_events_since_an_age(place):
    journal = Journal(str(place.state))
    for age in (4 * 86400, 2 * 86400, 7200 + 600, 3000, 30):
        journal.append("access", "door.opened", "butterfly/door", time.time() - age)
    for age, count in (("5d", 5), ("3d", 4), ("3h", 3), ("60m", 2), ("40s", 1)):
        assert place.ctl("events", "--json", "--since", age).stdout.count("\n") == count
    journal.close()


def test_newest_events_of_a_long_journal(place):
    journal = Journal(str(place.state))
    journal.db.execute("BEGIN")
    journal.append("fire", "alarm.raised", "butterfly/smoke-1", DAY)
    for i in range(3000):
        journal.append("access", "door.opened", "butterfly/door", DAY + i)
    journal.db.execute("COMMIT")

    def sequences(*words):
        return [json.loads(text)["sequence"] for text in place.ctl("events", "--json", *words).stdout.splitlines()]

    assert sequences("--limit", "1", "--class", "fire") == ["1"]
    assert sequences("--limit", "700")[0] == "2302"
    journal.close()


def test_events_for_people(place, journal):
    result = place.ctl("events")
    rows = result.stdout.splitlines()
    assert result.returncode == 0 and len(rows) == 5
    assert rows[0].startswith("2026-11-23 23:00:00  system     gateway ") and "gateway started: version 0.1.0" in rows[0]
    assert "co2 1623 ppm, limit 1500 ppm" in rows[1] and "occurrence 1" in rows[1]
    assert "alarm raised: smoke, fire, now unacknowledged, occurrence 3" in rows[2]
    assert rows[3].endswith("by uid 1000 (mei)  #4") and "local" not in rows[3]
    assert "bee/door" in rows[4] and "opened" in rows[4]


def test_events_of_a_clock_that_was_set_later(place):
    journal = Journal(str(place.state))
    journal.append("fire", "alarm.raised", "butterfly/smoke-1", 100, clock="unsynchronised")
    journal.append("system", "gateway.clock", "gateway", DAY + 50, {"offset_ms": (DAY - 10) * 1000})
    journal.append("fire", "alarm.raised", "butterfly/smoke-2", 200, clock="unsynchronised", boot="c" * 36)
    rows = place.ctl("events").stdout.splitlines()
    assert rows[0].startswith("2026-11-24 00:01:30  fire")
    assert rows[2].startswith("1970-01-01 08:03:20~ fire")
    assert place.ctl("events", "--since", "2026-11-24").stdout.count("\n") == 2
    journal.close()


def test_events_of_later_versions_and_hostile_text(place):
    journal = Journal(str(place.state))
    journal.append("system", "sermon.held", "butterfly", DAY,
                   {"leader": "mei\u001b]0;x\u0007\u009b31m\u202e", "temp_mc": 99999999999, "co2_ppm": "many", "why": [1]})
    text = place.ctl("events").stdout
    assert "sermon.held: " in text and "leader mei\ufffd]0;x\ufffd\ufffd31m\ufffd" in text
    assert not any(ord(c) < 32 and c != "\n" or 0x7F <= ord(c) < 0xA0 for c in text)
    journal.close()


def test_journal_not_there_or_none(place):
    for words in (["events"], ["events", "--json"], ["verify"]):
        result = place.ctl(*words)
        assert result.returncode == 1 and str(place.state / "journal.db") in one_line(result)
    (place.state / "journal.db").write_bytes(b"not a database, whatever its name says. " * 100)
    for words in (["events"], ["verify"]):
        result = place.ctl(*words)
        assert result.returncode == 1 and "no careroom journal" in one_line(result)
    result = place.ctl("events", "--follow")  # following waits for a journal that is not there, not for one that is none
    assert result.returncode == 1 and "no careroom journal" in one_line(result)


def test_verify(place, journal):
    result = place.ctl("verify")
    assert result.returncode == 0 and result.stderr == "" and "all is well: 5 lines" in result.stdout
    result = place.ctl("verify", "--json")
    verdict = json.loads(result.stdout)
    assert verdict["ok"] is True and verdict["checked"] == 5 and verdict["classes"]["fire"] == 2 and verdict["feed"] == 3
    # Without any configuration, by a file's name.
    alone = subprocess.run([CTL, "verify", "--db", journal.file], capture_output=True, text=True, timeout=60,
                           env={"CAREROOM_CONFIG": "/nowhere"})
    assert alone.returncode == 0 and "all is well" in alone.stdout
    journal.db.execute("UPDATE event SET line = replace(line, '1623', '1423') WHERE sequence = 2")
    result = place.ctl("verify")
    assert result.returncode == 1 and "line 2 (classseq 1 of safety)" in one_line(result)
    result = place.ctl("verify", "--json")
    assert result.returncode == 1
    verdict = json.loads(result.stdout)
    assert verdict["ok"] is False and verdict["bad_sequence"] == "2" and "safety" in verdict["what"]


def fill(journal):
    """More than a pipe holds."""
    journal.db.execute("BEGIN")
    for i in range(2000):
        journal.append("access", "door.opened", "butterfly/door", DAY + i)
    journal.db.execute("COMMIT")


def test_output_that_nobody_takes(place, journal):
    full = subprocess.run(place.arguments("events"), stdout=open("/dev/full", "w"), stderr=subprocess.PIPE, text=True, timeout=60)
    assert full.returncode == 1 and "could not be written" in full.stderr
    fill(journal)
    piped = subprocess.run(["bash", "-c", 'set -o pipefail; "$@" | head -n 1', "-", *place.arguments("events", "--json")],
                           capture_output=True, text=True, timeout=60)
    assert (piped.returncode, piped.stderr) == (0, "") and piped.stdout == journal.lines[0] + "\n"


# ---- Following


class Follower:
    """events --follow, read line by line."""

    def __init__(self, place, *words):
        self.process = place.start("events", "--follow", "--json", *words)
        self.said = []
        self.said_something = threading.Event()
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self):
        for text in self.process.stderr:
            self.said.append(text.decode())
            self.said_something.set()

    def next(self):
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        assert ready, "nothing was printed"
        return self.process.stdout.readline().decode().rstrip("\n")

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(30)


FOLLOW = {"ok": True, "recorded": "5"}


@contextlib.contextmanager
def following(place, *words):
    follower = Follower(place, *words)
    try:
        yield follower
    finally:
        if follower.process.poll() is None:
            follower.process.kill()
            follower.process.wait()


def test_follow_is_woken_by_the_guard(place, journal):
    with place.guard(follow=FOLLOW) as guard, following(place) as follower:
        assert guard.request() == {"op": "follow"}
        for i in range(3):
            text = journal.append("access", "door.closed", "butterfly/door", DAY + 300 + i)
            guard.wake(journal.sequence)
            assert follower.next() == text
        assert follower.end() == 0
        assert follower.said == []


def test_follow_prints_what_was_there_first(place, journal):
    with place.guard(follow=FOLLOW) as guard, following(place, "--since", "#3", "--class", "fire") as follower:
        guard.request()
        assert [follower.next(), follower.next()] == journal.lines[2:4]
        journal.append("access", "door.closed", "butterfly/door", DAY + 300)
        text = journal.append("fire", "alarm.reset", "butterfly/smoke-1", DAY + 301)
        guard.wake(journal.sequence)
        assert follower.next() == text
        assert follower.end(signal.SIGTERM) == 0


def test_follow_survives_the_guard(place, journal):
    guard = place.guard(follow=FOLLOW).start()
    with following(place) as follower:
        guard.request()
        guard.stop()
        assert follower.said_something.wait(30) and "went away" in follower.said[0]
        text = journal.append("access", "door.closed", "butterfly/door", DAY + 300)
        assert follower.next() == text  # found without the guard
        guard.start()
        guard.request()
        text = journal.append("access", "door.opened", "butterfly/door", DAY + 301)
        guard.wake(journal.sequence)
        assert follower.next() == text
        assert len(follower.said) == 1
        follower.said_something.clear()
        guard.stop()  # a second absence is told as well
        assert follower.said_something.wait(30) and follower.end() == 0
        assert len(follower.said) == 2


def test_follow_waits_for_guard_and_journal(place):
    with following(place) as follower:
        assert follower.said_something.wait(30) and "is not there" in follower.said[0]
        journal = Journal(str(place.state))
        text = journal.append("system", "gateway.started", "gateway", DAY)
        assert follower.next() == text
        assert follower.end() == 0 and len(follower.said) == 1
        journal.close()


@pytest.mark.parametrize("answer, says", [(b"rubbish\n", "can't be understood"), (b"x" * 200000, "can't be understood"),
                                          ({"ok": False, "error": "too many follow"}, "too many follow")],
                         ids=("rubbish", "oversized", "refusal"))
def test_follow_with_a_guard_that_talks_nonsense(place, journal, answer, says):
    with place.guard(follow=answer) as guard, following(place) as follower:
        guard.request()
        guard.request()  # it was asked again
        text = journal.append("access", "door.closed", "butterfly/door", DAY + 300)
        assert follower.next() == text
        assert follower.end() == 0
        assert len(follower.said) == 1 and says in follower.said[0]


def test_follow_ends_when_nobody_reads(place, journal):
    with place.guard(follow=FOLLOW) as guard, following(place) as follower:
        guard.request()
        follower.process.stdout.close()
        assert follower.process.wait(30) == 0
        assert follower.said == []


def test_follow_ends_on_a_signal_while_its_output_is_stuck(place):
    journal = Journal(str(place.state))
    fill(journal)
    with place.guard(follow=FOLLOW), following(place, "--since", "#1") as follower:
        follower.next()
        assert follower.end() == 0
    journal.close()


# ---- On a terminal


def on_terminal(arguments, env):
    """Run with stdout and stderr on a terminal; (exit status, what it showed)."""
    main, child = pty.openpty()
    process = subprocess.Popen(arguments, env=env, stdin=child, stdout=child, stderr=child)
    os.close(child)
    shown = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:  # the terminal's last user has gone
            break
        if not chunk:
            break
        shown += chunk
    os.close(main)
    return process.wait(30), shown.decode()


def test_colours_only_on_a_terminal_that_wants_them(place):
    with place.guard(status={"ok": True, "status": STATUS}):
        env = {**place.env, "TERM": "xterm"}
        status, shown = on_terminal(place.arguments("status"), env)
        assert status == 0 and "\x1b[1;31m" in shown
        for less in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            status, shown = on_terminal(place.arguments("status"), {**env, **less})
            assert status == 0 and "\x1b" not in shown and "蝴蝶班" in shown


def test_nothing_from_outside_steers_the_terminal(place):
    evil = "\x1b[2J\x9b2J\x07\x7f\u202eevil\r\n"
    alarms = [{**STATUS["alarms"][0], "instruction": evil, "state": evil}]
    rooms = [{"id": evil, "name": evil, "points": [{"id": evil, "role": evil, "driver": evil, "state": "ok",
                                                    "values": {evil.strip(): 1}}], "outputs": [{"id": evil}]}]
    status = {**STATUS, "alarms": alarms, "rooms": rooms, "uplink": {"state": evil, "held": [evil], "delivered": evil}}
    answers = {"status": {"ok": True, "status": status}, "alarms": {"ok": False, "error": evil},
               "ack": {"ok": True, "recorded": None, "storage": evil}}
    with place.guard(**answers):
        env = {**place.env, "TERM": "xterm", "NO_COLOR": "1"}
        for words in (["status"], ["status", "--json"], ["alarms"], ["ack", "butterfly/smoke-1"], ["sim", evil]):
            _, shown = on_terminal(place.arguments(*words), env)
            assert not any(ord(c) < 32 and c not in "\r\n" or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in shown), words
        _, shown = on_terminal(place.arguments("status", "--json"), env)
        assert json.loads(shown) == status  # escaped, and still the same


def test_progress_of_verify_on_a_terminal(place, journal):
    status, shown = on_terminal(place.arguments("verify"), {**place.env, "TERM": "xterm", "NO_COLOR": "1"})
    assert status == 0 and "all is well" in shown


def test_columns_line_up_whatever_the_letters(place):
    rooms = [{"id": "r", "points": [
        {"id": "门口门口", "driver": "contact", "role": "door", "state": "ok", "values": {"active": 1}},
        {"id": "e\u0301", "driver": "contact", "role": "door", "state": "ok", "values": {"active": 0}}]}]
    with place.guard(status={"ok": True, "status": {"rooms": rooms}}):
        rows = [row for row in place.ctl("status").stdout.splitlines() if " door " in row]
    # Four wide letters take eight columns; a letter with its accent takes one.
    assert rows[0].startswith("  门口门口  door  open") and rows[1].startswith("  e\u0301         door  closed")
