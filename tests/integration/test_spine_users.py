"""Guard and uplink as two users, with the folders that tmpfiles.d makes: the uplink delivers what it may only read.

Needs root, since it becomes other users. nobody stands for the guard, daemon for the uplink.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import careroom

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")


def become(user, *groups):
    """The start of a command that runs as this user, with the groups of these others."""
    entry = pwd.getpwnam(user)
    more = ",".join(str(pwd.getpwnam(group).pw_gid) for group in groups)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}",
            f"--groups={more}" if more else "--clear-groups", "--no-new-privs", "--"]


GUARD = become("nobody")
UPLINK = become("daemon", "nobody")


def give(folder, user, mode):
    folder.mkdir(exist_ok=True)
    os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    folder.chmod(mode)


@pytest.fixture
def divided(request):
    """A world whose folders belong to guard and uplink, in a place that other users can reach."""
    folder = Path(tempfile.mkdtemp(prefix="careroom-users-"))
    folder.chmod(0o755)
    world = careroom.World(folder)
    request.node.worlds = [world]
    world.config.write_text(world.config.read_text().replace("buses:", "uplink_user: daemon\nbuses:", 1))
    give(world.state, "nobody", 0o750)
    give(world.state / "uplink", "daemon", 0o750)
    give(world.run, "nobody", 0o750)
    programs = folder / "bin"
    programs.mkdir()
    for name in ("careroomd-sim", "careroom-uplink", "careroomctl"):
        shutil.copy(careroom.BUILD / name, programs / name)
    yield world
    world.close()
    shutil.rmtree(folder)


class As(careroom.Notified):
    """A daemon as another user. Its readiness comes over a socket that this user may write to."""

    def __init__(self, world, user, name):
        super().__init__(world, name, [*user, str(world.folder / "bin" / name), "--config", str(world.config)], ready=False,
                         preexec=lambda: os.chmod(world.folder / f"{name}.notify", 0o777))
        self.wait_notify("READY=1")


def run_as(world, user, *command):
    return subprocess.run([*user, *command], cwd=world.folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_uplink_delivers_and_can_do_no_more(divided):
    careroom.Broker(divided)
    operator = careroom.Subscriber(divided)
    As(divided, GUARD, "careroomd-sim")
    As(divided, UPLINK, "careroom-uplink")
    divided.line("smoke-1", "active")
    operator.wait_event("alarm.raised", alarm="smoke-1")

    journal = divided.state / "journal.db"
    owner = journal.stat()
    assert owner.st_uid == pwd.getpwnam("nobody").pw_uid and owner.st_mode & 0o777 == 0o640
    done = run_as(divided, UPLINK, "/usr/bin/python3", "-c", f"open({str(journal)!r}, 'r+b')")
    assert done.returncode == 1 and "PermissionError" in done.stderr
    done = run_as(divided, become("games"), "/usr/bin/python3", "-c", f"open({str(journal)!r}, 'rb')")
    assert done.returncode == 1 and "PermissionError" in done.stderr, "a stranger reads nothing"

    ctl = [str(divided.folder / "bin/careroomctl"), "--config", str(divided.config)]
    done = run_as(divided, UPLINK, *ctl, "ack", "butterfly/smoke-1")
    assert done.returncode == 1, "who comes as the uplink is remote, and remote never answers fire"
    assert divided.alarms()["butterfly/smoke-1"]["state"] == "unacknowledged"

    def online():
        with careroom.Control(divided) as control:
            return control.must("status")["status"]["uplink"]["state"] == "online"

    careroom.wait_until(online, "the uplink may report itself")
    assert (divided.state / "uplink" / "uplink.db").stat().st_uid == pwd.getpwnam("daemon").pw_uid
