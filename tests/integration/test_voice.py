"""careroom-voice speaks through real ALSA, whose card here is a file: what is heard are the samples of the phrases."""

import os
import subprocess
import wave

import pytest

import careroom

ASOUND = """\
pcm.room {{ type file; slave.pcm {{ type null }}; file {heard}; format raw }}
ctl.room {{ type hw; card 0 }}
"""


class Voice(careroom.Notified):
    def __init__(self, world):
        world.heard = world.folder / "heard.raw"
        asound = world.folder / "asound.conf"
        asound.write_text(ASOUND.format(heard=world.heard))
        super().__init__(world, "careroom-voice", [str(careroom.BUILD / "careroom-voice"), "--config", str(world.config)],
                         env={"ALSA_CONFIG_PATH": str(asound)})


@pytest.fixture(scope="session")
def phrases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phrases")
    made = subprocess.run([str(careroom.ROOT / "scripts/phrases.sh"), str(folder)], capture_output=True, text=True, check=False,
                          env={**os.environ, "CAREROOMD": str(careroom.BUILD / "careroomd-sim")})
    assert made.returncode == 0, made.stderr
    return folder


def samples(phrases, language, name):
    with wave.open(str(phrases / language / f"{name}.wav")) as sound:
        assert (sound.getsampwidth(), sound.getnchannels()) == (2, 1)
        return sound.readframes(sound.getnframes())


def make(make_world, phrases, language="en", device="room"):
    world = make_world()
    text = world.config.read_text().replace("language: en", f"language: {language}")
    world.config.write_text(text + f"voice: {{ device: {device}, phrases: {phrases} }}\n")
    world.guard = careroom.Guard(world)
    return world


def heard(world, wanted):
    careroom.wait_until(lambda: world.heard.exists() and wanted in world.heard.read_bytes(), "the phrase is heard")


def test_every_phrase_of_every_language_is_made_once(phrases):
    listed = subprocess.run([str(careroom.BUILD / "careroomd-sim"), "--phrases"], capture_output=True, text=True, check=True)
    names = [line.split("\t") for line in listed.stdout.splitlines()]
    assert {language for language, _, _ in names} == {"en", "zh"}
    for language, name, text in names:
        assert text and len(samples(phrases, language, name)) > 20000, f"{language}/{name} is too short to be speech"
    own = phrases / "en" / "fire.wav"
    kept = own.read_bytes()
    again = subprocess.run([str(careroom.ROOT / "scripts/phrases.sh"), str(phrases)], capture_output=True, text=True, check=True,
                           env={**os.environ, "CAREROOMD": str(careroom.BUILD / "careroomd-sim")})
    assert f"0 made, {len(names)} kept" in again.stdout and own.read_bytes() == kept


@pytest.mark.parametrize("language", ["en", "zh"])
def test_fire_is_said_in_the_language_of_the_house(make_world, phrases, language):
    world = make(make_world, phrases, language)
    Voice(world)
    world.line("smoke-1", "active")
    heard(world, samples(phrases, language, "fire"))


def test_a_missing_card_is_a_trouble_and_no_failure(make_world, phrases):
    world = make(make_world, phrases, device="nowhere")
    events = careroom.Events(world)
    voice = Voice(world)
    trouble = events.wait("point.trouble", subject="gateway/voice")
    assert trouble["data"]["reason"] == "no-sound" and voice.alive()
    world.line("smoke-1", "active")
    assert world.wait_output("siren", True)["pattern"] == "evacuate"
    assert voice.stop() == 0


def test_a_missing_phrase_is_a_trouble_until_it_is_there(make_world, phrases, tmp_path):
    (tmp_path / "en").mkdir()
    world = make(make_world, tmp_path)
    events = careroom.Events(world)
    Voice(world)
    world.line("smoke-1", "active")
    events.wait("point.trouble", subject="gateway/voice", reason="no-sound")
    (tmp_path / "en" / "fire.wav").write_bytes((phrases / "en" / "fire.wav").read_bytes())
    events.wait("point.restored", subject="gateway/voice")
    heard(world, samples(phrases, "en", "fire"))


def test_the_guard_may_come_late_and_go(make_world, phrases):
    world = make(make_world, phrases)
    world.guard.kill()
    voice = Voice(world)
    world.guard = careroom.Guard(world)
    world.line("smoke-1", "active")
    heard(world, samples(phrases, "en", "fire"))
    world.guard.kill()
    assert voice.alive() and voice.stop() == 0


def test_without_a_voice_in_the_configuration_there_is_nothing_to_do(world):
    voice = Voice(world)
    assert voice.wait() == 0 and "no voice is configured" in voice.log()
