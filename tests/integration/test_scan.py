"""What an installer does first: see what is there, take it over as a configuration, and have that checked."""

import json
import re
import subprocess

import careroom

CONFIG = """\
gateway: {{ id: new-1, site: sunshine }}
run_dir: {run}
state_dir: {state}
buses: [ {{ id: main, i2c: /dev/i2c-1 }}, {{ id: hall, i2c: /dev/i2c-7 }}, {{ id: odd, i2c: /dev/adapter }} ]
rooms:
  - id: bee
    sensors:
      - {{ id: air, driver: scd41, bus: main }}
      - {{ id: climate, driver: sht4x, bus: main, address: 0x45 }}
      - {{ id: hall, driver: sht4x, bus: hall }}
      - {{ id: smoke-1, driver: contact, line: GPIO17, role: smoke, wiring: normally-closed }}
      - {{ id: door, driver: contact, line: "sim:27", role: door }}
    readers: [ {{ id: entry, driver: wiegand, d0: GPIO5, d1: GPIO6 }} ]
    outputs: [ {{ id: siren, line: GPIO22, role: sounder }} ]
"""


def run(program, *arguments, status=0):
    done = subprocess.run([str(careroom.BUILD / program), *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == status, f"{program} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def machine(tmp_path):
    for name in ("run", "state"):
        (tmp_path / name).mkdir()
    file = tmp_path / "careroom.yaml"
    file.write_text(CONFIG.format(run=tmp_path / "run", state=tmp_path / "state"))
    return file


def test_what_is_there(tmp_path):
    text = run("careroomd-sim", "--scan", "--config", machine(tmp_path))
    main, hall, odd = re.split(r"^/dev/", text.split("\nlines\n")[0], flags=re.MULTILINE)[1:]
    assert re.search(r"0x45 +sht4x$", main, re.MULTILINE) and re.search(r"0x62 +scd40 or scd41$", main, re.MULTILINE)
    assert "0x44" not in main and re.search(r"0x44 +sht4x$", hall, re.MULTILINE)
    assert "no part known here answers" in odd
    lines = text.split("\nlines\n")[1]
    assert re.search(r"GPIO17 +sim:0 +free", lines) and "GPIO22" in lines


def test_a_scan_is_a_configuration(tmp_path):
    yaml = run("careroomd-sim", "--scan", "--yaml", "--config", machine(tmp_path))
    new = tmp_path / "new.yaml"
    new.write_text(yaml)
    run("careroomd", "--config", new, "--check")  # as it is
    assert re.search(r"^      - \{ id: sht4x-2, driver: sht4x, bus: hall, address: 0x44 \}$", yaml, re.MULTILINE)
    # The installer takes the # away from what is wired and says what it is.
    filled = yaml.replace("#- { id: contact-17, driver: contact, line: GPIO17, role: ROLE",
                          "- { id: smoke-1, driver: contact, line: GPIO17, role: smoke")
    filled = filled.replace("#readers:", "readers:").replace("#- { id: entry", "- { id: entry")
    filled = filled.replace("d0: LINE, d1: LINE", "d0: GPIO5, d1: GPIO6")
    filled = filled.replace("#outputs:", "outputs:").replace("#- { id: siren, line: LINE, role: ROLE",
                                                             "- { id: siren, line: GPIO22, role: sounder")
    new.write_text(filled)
    run("careroomd", "--config", new, "--check")
    assert "scd40-1" in filled and filled.count("\n      - ") == 6
    # A role that was forgotten is found, with the roles that there are.
    new.write_text(yaml.replace("#- { id: contact-17", "- { id: contact-17"))
    wrong = run("careroomd", "--config", new, "--check", status=1)
    assert "ROLE" in wrong and "smoke" in wrong and f"{new}:" in wrong


def test_every_commented_line_of_a_scan_is_right_once_its_role_is_said(tmp_path):
    yaml = run("careroomd-sim", "--scan", "--yaml", "--config", machine(tmp_path))
    new = tmp_path / "new.yaml"
    examples = re.findall(r"^ +#- \{ id: contact-.*$", yaml, re.MULTILINE)
    assert len(examples) == 4  # GPIO17, 5, 6 and 22; the other line has no number to be named by
    for example in examples:
        new.write_text(yaml.replace(example, example.replace("#-", "-").replace("ROLE", "door")))
        run("careroomd", "--config", new, "--check")


def test_nothing_is_asked_while_a_guard_runs(world):
    careroom.Guard(world)
    text = run("careroomd-sim", "--scan", "--config", world.config, status=1)
    assert "careroomd is running" in text and "careroomctl scan" in text


def test_a_running_guard_tells_what_it_has(world):
    careroom.Guard(world)
    events = careroom.Events(world)
    careroom.wait_until(lambda: all(point["state"] == "ok" for point in status(world)["points"] if point["driver"] != "contact"),
                        "both chips have measured")
    text = world.ctl("scan")
    assert re.search(r"0x62 +scd41 +answers", text) and re.search(r"0x44 +sht4x +answers", text)
    yaml = world.ctl("scan", "--yaml")
    assert "{ id: scd41-1, driver: scd41, bus: main, address: 0x62 }" in yaml and f"id: {careroom.GATEWAY}" in yaml
    assert "contact-17" not in yaml  # in use
    new = world.folder / "new.yaml"
    new.write_text(yaml)
    run("careroomd", "--config", new, "--check")
    world.fault("climate", "nack")
    events.wait("point.trouble", subject="butterfly/climate")
    assert re.search(r"#- \{ id: sht4x-1, .*\} # does not answer$", world.ctl("scan", "--yaml"), re.MULTILINE)
    assert "sht4x" in world.ctl("scan") and json.loads(world.ctl("scan", "--json"))["buses"][0]["path"] == "/dev/i2c-1"


def status(world):
    return json.loads(world.ctl("status", "--json"))["rooms"][0]


def test_a_machine_without_a_configuration(tmp_path):
    """The real program: whatever this machine has, it is listed and can be taken over."""
    missing = tmp_path / "careroom.yaml"
    assert "lines" in run("careroomd", "--scan", "--config", missing)
    new = tmp_path / "new.yaml"
    new.write_text(run("careroomd", "--scan", "--yaml", "--config", missing))
    run("careroomd", "--config", new, "--check")


def test_a_configuration_with_mistakes_is_mended_first(tmp_path):
    file = machine(tmp_path)
    file.write_text(file.read_text().replace("role: smoke", "role: smoak"))
    text = run("careroomd", "--scan", "--config", file, status=1)
    assert "smoak" in text and f"{file}:" in text
