"""A wrong configuration is told, every mistake with its place, by each program that reads it."""

import re
import subprocess
from pathlib import Path

import pytest

import careroom

CONFIGS = careroom.ROOT / "tests" / "config"
BROKEN = sorted((CONFIGS / "broken").glob("*.yaml"))
EXAMPLES = sorted((careroom.ROOT / "config").glob("*.yaml"))


def check(program, file):
    done = subprocess.run([str(careroom.BUILD / program), "--config", str(file), "--check"], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def expected(file):
    """Lines "# expect: LINE KEY…" of a broken file; LINE alone: any key there."""
    return re.findall(r"^# expect: *(\d+)(?: +(\S+))?", file.read_text(errors="replace"), re.MULTILINE)


def test_there_are_files():
    assert len(BROKEN) >= 10 and EXAMPLES


@pytest.mark.parametrize("file", BROKEN, ids=[file.stem for file in BROKEN])
def test_a_broken_file_is_refused_with_file_line_and_key(file):
    status, output = check("careroomd-sim", file)
    assert status == 1, f"exit status {status}\n{output}"
    places = re.findall(rf"^(?:<\d>)?{re.escape(str(file))}:(\d+): (\S+?): .+; .+$", output, re.MULTILINE)
    assert places, f"no line of the form FILE:LINE: KEY: WRONG; INSTEAD in\n{output}"
    for line, key in expected(file):
        assert any(there == line and (not key or named.endswith(key)) for there, named in places), \
            f"line {line} {key} is not among {places}\n{output}"
    assert "Sanitizer" not in output and "runtime error" not in output


@pytest.mark.parametrize("file", BROKEN, ids=[file.stem for file in BROKEN])
def test_the_uplink_survives_every_broken_file(file):
    """It links no drivers and does not judge their names: it may find a file good, but never falls over one."""
    status, output = check("careroom-uplink", file)
    assert status in (0, 1), f"exit status {status}\n{output}"
    assert status == 0 or re.search(rf"{re.escape(str(file))}:\d+: ", output)
    assert "Sanitizer" not in output and "runtime error" not in output


@pytest.mark.parametrize("file", EXAMPLES, ids=[file.stem for file in EXAMPLES])
@pytest.mark.parametrize("program", ["careroomd", "careroomd-sim", "careroom-uplink"])
def test_the_examples_are_well(file, program):
    status, output = check(program, file)
    assert status == 0, output


def test_a_missing_file_is_said(tmp_path: Path):
    for program in ("careroomd-sim", "careroom-uplink"):
        status, output = check(program, tmp_path / "nowhere.yaml")
        assert status == 1 and "nowhere.yaml" in output


def test_a_daemon_with_a_broken_file_does_not_start(world):
    world.config.write_text(world.config.read_text().replace("role: smoke", "role: smoek"))
    done = subprocess.run([str(careroom.BUILD / "careroomd-sim"), "--config", str(world.config)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode != 0 and "smoek" in done.stdout + done.stderr
