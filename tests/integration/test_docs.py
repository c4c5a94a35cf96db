"""The installer's guide: what it tells to type exists, what can run here is run, and what it shows as a configuration is one."""

import re
import shlex
import subprocess

import pytest

import careroom

GUIDE = (careroom.ROOT / "docs/install.md").read_text()
# Debian's and Raspberry Pi OS's own, which are not here or not to be run here.
FOREIGN = {"apt-get", "/usr/share/careroom/phrases.sh", "raspi-config", "systemd-sysusers", "systemd-tmpfiles", "modprobe", "udevadm", "usermod", "nano", "install", "journalctl",
           "df", "systemctl", "make", "scripts/setup.sh"}
OURS = ("careroomd", "careroomctl")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def commands():
    """Every command of the guide as its words, in order: of the shell's blocks, and those that stand within a sentence."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```", "", GUIDE, flags=re.MULTILINE | re.DOTALL)
    lines += [code for code in re.findall(r"`([^`]+)`", prose)
              if code.split()[0] in ("sudo", *OURS, *FOREIGN) and len(code.split()) > 1]
    found = []
    for line in lines:
        for part in re.split(r"&&|\|", line.split("  #")[0]):
            words = shlex.split(part)
            found.append(words[1:] if words[0] == "sudo" else words)
    return found


def help_of(*words):
    return subprocess.run([str(careroom.BUILD / words[0]), *words[1:], "--help"], capture_output=True, text=True, timeout=60,
                          check=True).stdout


def test_every_command_exists():
    seen = {words[0] for words in commands()}
    assert set(OURS) <= seen and "systemctl" in seen
    assert seen <= {*OURS, *FOREIGN}, seen
    for words in commands():
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        if words[0] == "careroomctl":
            text = help_of("careroomctl", words[1])
        elif words[0] == "careroomd":
            text = help_of("careroomd")
        else:
            continue
        for option in options:
            assert re.search(rf"^ +{option}\b", text, re.MULTILINE), f"{words}: no option {option}"


def test_units_targets_and_files_exist():
    for words in commands():
        if words[0] == "systemctl":
            assert (careroom.ROOT / "systemd" / f"{words[-1]}.service").exists(), words
        elif words[0] == "make" and len(words) > 1:
            assert re.search(rf"^{words[1]}:", (careroom.ROOT / "Makefile").read_text(), re.MULTILINE), words
        elif words[0] == "scripts/setup.sh":
            known = subprocess.run([careroom.ROOT / words[0], "list", *words[1:]], stdout=subprocess.DEVNULL, check=False)
            assert known.returncode == 0, words
        elif words[0] == "modprobe":
            assert words[1] in (careroom.ROOT / "systemd/modules-load.conf").read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (careroom.ROOT / "docs" / link).resolve().exists(), link


def test_it_says_what_careroom_is_not():
    assert "**careroom does not replace a listed fire alarm system.**" in GUIDE


@pytest.fixture
def room(tmp_path_factory):
    """The guide's own configuration, simulated."""
    world = careroom.World(tmp_path_factory.mktemp("d"))
    text, = blocks("yaml")
    found = world.folder / "found.yaml"
    found.write_text(text)
    subprocess.run([str(careroom.BUILD / "careroomd"), "--config", str(found), "--check"], check=True, timeout=60)
    world.config.write_text(f"state_dir: {world.state}\nrun_dir: {world.run}\n{text}")
    yield world
    world.close()


def test_the_room_of_the_guide(room):
    """Each careroomctl line of the guide's blocks, in the order in which it is read, with what the installer does in between."""
    scan = subprocess.run([str(careroom.BUILD / "careroomd-sim"), "--scan", "--config", str(room.config)], capture_output=True,
                          text=True, timeout=60, check=True).stdout
    assert re.search(r"0x62 +scd40 or scd41", scan) and "GPIO17" in scan
    guard = careroom.Guard(room)
    events = careroom.Events(room)
    run = []
    for words in [words for words in commands_of_blocks() if words[0] == "careroomctl"]:
        if words[1] == "alarms":
            room.line("smoke-1", "active")
            events.wait("alarm.raised", subject="butterfly/smoke-1")
        elif words[1] == "reset":
            assert room.outputs()["siren"]["pattern"] == "evacuate"  # it went on after the acknowledgement
            room.line("smoke-1", "inactive")
            events.wait("alarm.cleared", subject="butterfly/smoke-1")
        too_early = words[1] == "calibrate"  # for once nobody waits for three minutes; test_calibrate.py does
        said = room.ctl(*words[1:], status=1 if too_early else 0)
        run.append(words[1])
        if words[1] == "alarms":
            assert "butterfly/smoke-1" in said and "Evacuate" in said
        elif words[1] == "reset":
            careroom.wait_until(lambda: room.outputs()["siren"]["pattern"] == "off", "the siren is silent")
        elif words[1] == "events":
            assert "butterfly/siren" in said and "test" in said
        elif too_early:
            assert "it has not measured for 3 minutes without a break" in said
    assert run == ["status", "test", "test", "test", "alarms", "ack", "reset", "events", "verify", "calibrate", "events"]
    # "A cut wire alarms as well."
    before = events.last()
    room.line("smoke-1", "open")
    events.wait("alarm.raised", subject="butterfly/smoke-1", after=before)
    # "It sounds again by itself after the start."
    guard.kill()
    careroom.Guard(room)
    assert room.wait_output("siren", on=True)["pattern"] == "evacuate"


def commands_of_blocks():
    return [shlex.split(line.split("  #")[0]) for block in blocks("sh") for line in block.splitlines()]


def test_every_reason_of_a_trouble_is_explained():
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", GUIDE, re.MULTILINE))
    source = (careroom.ROOT / "gateway/core/words.c").read_text()
    table = re.search(r"trouble_names\[\w*\] = \{(.*?)\};", source, re.DOTALL).group(1)
    names = set(re.findall(r'"([a-z-]+)"', table)) - {"none"}
    assert len(names) >= 10 and rows == names, rows ^ names
