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
    """Lines "# expect: LINE KEY TEXT" of a broken file: where, what, and a part of the sentence. LINE 0: the file as a whole;
    KEY -: no key can be named."""
    found = re.findall(r"^# expect: *(\d+) (\S+) (.+)$", file.read_text(errors="replace"), re.MULTILINE)
    for line, key, text in found:
        place = str(file) + ("" if line == "0" else f":{line}") + ": " + ("" if key == "-" else f"{key}: ")
        yield place, text.strip()


def test_there_are_files():
    assert len(BROKEN) >= 10 and EXAMPLES


@pytest.mark.parametrize("file", BROKEN, ids=[file.stem for file in BROKEN])
def test_a_broken_file_is_refused_with_file_line_and_key(file):
    status, output = check("careroomd-sim", file)
    assert status == 1, f"exit status {status}\n{output}"
    expectations = list(expected(file))
    assert expectations, "the file does not say what is expected"
    for place, text in expectations:
        assert any(line.startswith(place) and text in line and "; " in line for line in output.splitlines()), \
            f"no line {place}…{text}…; what would be right\n{output}"
    assert "Sanitizer" not in output and "runtime error" not in output


@pytest.mark.parametrize("file", BROKEN, ids=[file.stem for file in BROKEN])
def test_the_uplink_survives_every_broken_file(file):
    """It links no drivers and does not judge their names: it may find a file good, but never falls over one."""
    status, output = check("careroom-uplink", file)
    assert status in (0, 1), f"exit status {status}\n{output}"
    assert status == 0 or f"{file}:" in output
    assert "Sanitizer" not in output and "runtime error" not in output


@pytest.fixture(scope="module")
def etc(tmp_path_factory):
    """A folder in the place of /etc/careroom, with the files that an example may name."""
    folder = tmp_path_factory.mktemp("etc")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=careroom test", "-days", "2",
                    "-keyout", str(folder / "key"), "-out", str(folder / "cert")], check=True, capture_output=True)
    (folder / "password").write_text("secret\n")
    return folder


def in_place(file, etc):
    """The example with its paths below /etc/careroom leading to files that are there."""
    def found(match):
        key = match.group(1)
        return f"{key}: {etc / {'key': 'key', 'password_file': 'password'}.get(key, 'cert')}"

    copy = etc / file.name
    copy.write_text(re.sub(r"(ca|cert|key|password_file): /etc/careroom/[^\s,}]+", found, file.read_text()))
    return copy


@pytest.mark.parametrize("file", EXAMPLES, ids=[file.stem for file in EXAMPLES])
@pytest.mark.parametrize("program", ["careroomd", "careroomd-sim", "careroom-uplink"])
def test_the_examples_are_well(file, program, etc):
    status, output = check(program, in_place(file, etc))
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
