"""What the README tells a stranger to type does what it says."""

import os
import re
import subprocess

import careroom

README = (careroom.ROOT / "README.md").read_text()


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL).group(1)


def test_the_first_configuration_is_well(tmp_path):
    file = tmp_path / "careroom.yaml"
    file.write_text(block("yaml"))
    done = subprocess.run([str(careroom.BUILD / "careroomd"), "--config", str(file), "--check"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run_check(world, filter_=None):
    """The shell lines, with sha256sum; filter_ stands between the journal and them."""
    script = block("sh")
    if filter_:
        script = script.replace("--json |", f"--json | {filter_} |", 1)
    environment = {**os.environ, "PATH": f"{careroom.BUILD}:{os.environ['PATH']}", "CAREROOM_CONFIG": str(world.config)}
    return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_chain_can_be_checked_with_a_shell(world):
    careroom.Guard(world)
    events = careroom.Events(world)
    world.line("smoke-1", "active")
    events.wait("alarm.raised", subject="butterfly/smoke-1")
    world.ctl("ack", "butterfly/smoke-1")
    world.line("smoke-1", "inactive")
    events.wait("alarm.cleared", subject="butterfly/smoke-1")
    good = run_check(world).splitlines()
    assert len(good) == 4 and all(line.startswith("good: ") for line in good)
    changed = run_check(world, "sed '1s/smoke-1/smoke-2/'").splitlines()
    assert [line.split(":")[0] for line in changed] == ["good", "broken before", "good", "good"]
    missing = run_check(world, "sed 2d")
    assert "broken before" in missing
