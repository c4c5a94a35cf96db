"""The guard's main thread allocates nothing once it is ready: memory that is not asked for can't be refused."""

import subprocess

import pytest

import careroom

OFFENDER = r"""
#include <stdlib.h>
#include <systemd/sd-daemon.h>
int main(void) { free(malloc(1)); sd_notify(0, "READY=1"); void *volatile memory = malloc(1); return memory == NULL; }
"""


@pytest.fixture(scope="module")
def nomalloc(tmp_path_factory):
    if "asan" in careroom.BUILD.name:
        pytest.skip("the sanitizer brings an allocator of its own")
    library = tmp_path_factory.mktemp("nomalloc") / "nomalloc.so"
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-shared", "-fPIC",
                    "-o", str(library), str(careroom.ROOT / "tests/tools/nomalloc.c"), "-ldl"], check=True)
    return library


def test_the_watch_catches_an_offender(nomalloc, tmp_path):
    program = tmp_path / "offender"
    subprocess.run(["gcc", "-O0", "-x", "c", "-o", str(program), "-", "-lsystemd"], input=OFFENDER, text=True, check=True)
    done = subprocess.run([str(program)], env={"LD_PRELOAD": str(nomalloc)}, capture_output=True, text=True, check=False)
    assert done.returncode < 0 and "the main thread called malloc after READY=1" in done.stderr


def test_the_guard_allocates_nothing_after_ready(nomalloc, world):
    guard = careroom.Guard(world, env={"LD_PRELOAD": str(nomalloc)})
    assert "nomalloc: watching" in guard.log()
    events = careroom.Events(world)

    world.line("smoke-1", "active")
    events.wait("alarm.raised", subject="butterfly/smoke-1")
    world.ctl("ack", "butterfly/smoke-1")
    world.line("smoke-1", "inactive")
    events.wait("alarm.cleared", subject="butterfly/smoke-1")
    world.ctl("reset", "butterfly/smoke-1")
    world.ctl("ack", "butterfly/none", status=1)
    world.ctl("test", "butterfly/siren", "--for", "1s")
    world.ctl("calibrate", "butterfly/air", "420", status=1)  # the worker says that it is too early
    world.wait_output("siren", on=False)
    for state in ("active", "inactive") * 50:
        world.line("door", state)
    events.wait("door.opened")
    world.line("door", "chatters")
    events.wait("point.trouble", subject="butterfly/door", reason="damaged")
    world.line("door", "inactive")
    events.wait("point.restored", subject="butterfly/door")
    world.badge()
    events.wait("access.presented")
    world.set("air", "co2", 1800)
    events.wait("alarm.raised", subject="butterfly/co2-high")
    world.fault("climate", "nack")
    events.wait("point.trouble", subject="butterfly/climate")
    world.fault("climate", "none")
    events.wait("point.restored", subject="butterfly/climate")
    world.ctl("status")
    world.ctl("scan", status=None)

    assert guard.alive(), guard.log()
    guard.stop()
    assert "the main thread called" not in guard.log(), guard.log()


def test_the_guard_allocates_nothing_while_its_disk_is_full(nomalloc, small_disk, make_world):
    world = make_world(state=small_disk.point)
    guard = careroom.Guard(world, env={"LD_PRELOAD": str(nomalloc)})
    assert "nomalloc: watching" in guard.log()
    events = careroom.Events(world)
    small_disk.fill()

    def in_trouble():
        """SQLite may still have pages that it can use again: a door uses them up."""
        for state in ("active", "inactive") * 50:
            world.line("door", state)
        small_disk.fill()
        return "gateway/journal.trouble" in world.alarms()

    careroom.wait_until(in_trouble, "the disk is full")
    world.line("smoke-1", "active")
    world.wait_output("siren", True)
    world.ctl("ack", "butterfly/smoke-1")
    world.line("smoke-1", "inactive")
    careroom.wait_until(lambda: world.alarms()["butterfly/smoke-1"]["state"] == "latched-acknowledged", "latched")
    world.ctl("reset", "butterfly/smoke-1")
    world.wait_output("siren", False)
    for state in ("active", "inactive") * 1500:  # more than the ring holds: the oldest go
        world.line("door", state)
    small_disk.free()
    events.wait("alarm.reset", subject="butterfly/smoke-1")

    assert guard.alive(), guard.log()
    guard.stop()
    assert "the main thread called" not in guard.log(), guard.log()


def test_taps_and_roll_calls_allocate_nothing(nomalloc, world):
    guard = careroom.Guard(world, env={"LD_PRELOAD": str(nomalloc)})
    events = careroom.Events(world)
    file = world.folder / "people.csv"
    file.write_text("kind,id,name,card\nchild,c1,Ann,57:12345\n")
    world.ctl("people", "import", str(file))
    world.badge()
    arrived = events.wait("attendance.arrived")
    world.ctl("drill", "start", "all")
    world.ctl("rollcall", "butterfly", "mark", "c1", "missing")
    world.line("smoke-1", "active")
    events.wait("evacuation.started")
    world.ctl("rollcall", "butterfly", "mark", "c1", "safe")
    world.ctl("rollcall", "butterfly")
    file.write_text("kind,id,name,card\nchild,c2,Bob,57:12346\n")
    world.ctl("people", "import", str(file))  # another table, while cards are read
    world.badge("57:12346")
    events.wait("attendance.arrived", after=int(arrived["sequence"]))
    assert guard.alive(), guard.log()
    guard.stop()
    assert "the main thread called" not in guard.log(), guard.log()
