"""What the tests between processes stand on: real daemons, a real broker, folders and ports of their own.

Nothing here imports careroom's code: the journal is read with Python's sqlite3, hashes are Python's, MQTT is paho's.
Waiting is for events (a readiness message, a line of the control socket, a message of the broker), always with a limit.
"""

import hashlib
import json
import os
import queue
import select
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CAREROOM_BUILD", ROOT / "build")).resolve()
CLASSES = ("fire", "safety", "fault", "attendance", "access", "system")
LIMIT = float(os.environ.get("CAREROOM_WAIT", "30"))  # seconds that anything awaited may take
SITE, GATEWAY = "sunshine", "test-001"
PREFIX = f"careroom/v1/{SITE}/{GATEWAY}"

CONFIG = """\
gateway:   {{ id: {gateway}, site: {site}, timezone: Asia/Shanghai, language: en }}
state_dir: {state}
run_dir:   {run}
buses:     [ {{ id: main, i2c: /dev/i2c-1 }} ]
rooms:
  - id: butterfly
    name: 蝴蝶班
    sensors:
      - {{ id: air,     driver: scd41, bus: main, every_ms: 5000 }}
      - {{ id: climate, driver: sht4x, bus: main, every_ms: 1000 }}
      - {{ id: smoke-1, driver: contact, line: GPIO17, role: smoke, wiring: normally-closed }}
      - {{ id: door,    driver: contact, line: GPIO27, role: door, debounce_ms: 0 }}
    readers:
      - {{ id: entry, driver: wiegand, d0: GPIO5, d1: GPIO6, direction: both }}
    outputs:
      - {{ id: siren, line: GPIO22, role: sounder }}
      - {{ id: fan,   line: GPIO23, role: ventilation, min_run_s: 0 }}
    rules:
{rules}
mqtt:      {{ host: 127.0.0.1, port: {port} }}
"""
RULES = """\
      - { id: co2-high, on: air.co2, above: 1500, for_s: 0, deadband: 100, severity: warning }
      - { id: too-warm, on: climate.temperature, above: 30, for_s: 2, deadband: 1, severity: advisory }
"""


def free_port():
    """A TCP port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, limit=LIMIT):
    """For the few things that nobody announces (a level of an output): look again until it holds."""
    end = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit:g} s: {what}")
        time.sleep(0.005)


class Process:
    """A program under test: its output in a file, its end always seen to."""

    def __init__(self, world, name, arguments, env=None, preexec=None):
        self.name = name
        self.log_file = world.folder / f"{name}.log"
        with open(self.log_file, "ab") as log:
            self.popen = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=world.folder,
                                          env={**os.environ, **(env or {})}, preexec_fn=preexec)
        self.pidfd = os.pidfd_open(self.popen.pid)
        world.processes.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.alive():
            self.popen.send_signal(number)

    def kill(self):
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self, limit=10):
        """SIGTERM; returns the exit status."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.wait(limit)

    def wait(self, limit=LIMIT):
        try:
            return self.popen.wait(limit)
        finally:
            if not self.alive() and self.pidfd >= 0:
                os.close(self.pidfd)
                self.pidfd = -1

    def close(self):
        if self.alive():
            self.kill()
        elif self.pidfd >= 0:
            self.wait()

    def log(self):
        return self.log_file.read_text(errors="replace")


class Notified(Process):
    """A daemon that says READY=1 over sd_notify."""

    def __init__(self, world, name, arguments, env=None, ready=True, preexec=None):
        path = world.folder / f"{name}.notify"
        path.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        super().__init__(world, name, arguments, {**(env or {}), "NOTIFY_SOCKET": str(path)}, preexec)
        if ready:
            self.wait_notify("READY=1")

    def wait_notify(self, word, limit=LIMIT):
        end = time.monotonic() + limit
        while True:
            ready, _, _ = select.select([self.notify, self.pidfd], [], [], max(0, end - time.monotonic()))
            if self.notify in ready:
                if word in self.notify.recv(4096).decode().split("\n"):
                    return
            elif self.pidfd in ready:
                raise AssertionError(f"{self.name} ended with {self.wait()}, no {word}:\n{self.log()[-3000:]}")
            else:
                raise AssertionError(f"{self.name} said no {word} within {limit:g} s:\n{self.log()[-3000:]}")

    def close(self):
        super().close()
        self.notify.close()


class Guard(Notified):
    def __init__(self, world, **options):
        super().__init__(world, "careroomd-sim",
                         [str(BUILD / "careroomd-sim"), "--config", str(world.config)], **options)


class Uplink(Notified):
    def __init__(self, world, **options):
        super().__init__(world, "careroom-uplink",
                         [str(BUILD / "careroom-uplink"), "--config", str(world.config)], **options)


class Broker:
    """mosquitto that forgets all when it ends: what arrives again after a kill was sent again by the uplink."""

    def __init__(self, world):
        self.world = world
        self.port = world.port
        self.file = world.folder / "mosquitto.conf"
        self.file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                             "max_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\n")
        self.process = None
        self.start()

    def start(self):
        """On the same port each time. Ready when it takes a connection."""
        self.process = Process(self.world, "mosquitto", ["/usr/sbin/mosquitto", "-c", str(self.file)])

        def listening():
            assert self.process.alive(), f"mosquitto ended:\n{self.process.log()[-2000:]}"
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(listening, "mosquitto takes connections")

    def kill(self):
        self.process.kill()

    def signal(self, number):
        self.process.signal(number)


def mqtt_client(client_id):
    """A client of MQTT 5, of paho 1 (Debian 12) or 2 (Debian 13), which wants to hear what its callbacks take."""
    versions = getattr(mqtt, "CallbackAPIVersion", None)
    options = {"callback_api_version": versions.VERSION2} if versions else {}
    return mqtt.Client(client_id=client_id, protocol=mqtt.MQTTv5, **options)


class Subscriber:
    """The operator's side: records every message, in order of arrival. QoS 1 with a session that outlives connections;
    for brokers that are killed: qos=0, since then nothing is in the subscriber's hands that could get lost."""

    def __init__(self, world, topic=PREFIX + "/#", qos=1):
        self.messages = []  # (topic, payload)
        self.changed = threading.Condition()
        self.subscribed = threading.Event()
        self.lost = threading.Event()
        self.topic, self.qos = topic, qos
        self.client = mqtt_client("operator")
        self.client.on_connect = lambda client, *_: client.subscribe(self.topic, qos=self.qos)
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(0.02, 0.02)
        self.client.max_inflight_messages_set(65535)
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 86400
        properties.ReceiveMaximum = 65535
        self.client.connect("127.0.0.1", world.port, keepalive=300, clean_start=False, properties=properties)
        self.client.loop_start()
        world.closers.append(self.close)
        self.wait_subscribed()

    def _on_message(self, _client, _user, message):
        with self.changed:
            self.messages.append((message.topic, bytes(message.payload)))
            self.changed.notify_all()

    def _on_disconnect(self, *_):
        self.subscribed.clear()
        self.lost.set()

    def wait_lost(self, limit=LIMIT):
        """Until the end of the connection has been noticed; everything that came before it has been recorded then."""
        assert self.lost.wait(limit), "the subscriber did not notice the end of its broker"
        self.lost.clear()

    def wait_subscribed(self, limit=LIMIT):
        assert self.subscribed.wait(limit), "the subscriber found no broker"

    def wait(self, condition, what, limit=LIMIT):
        """Until condition(messages) gives something true; that is returned."""
        with self.changed:
            result = None

            def holds():
                nonlocal result
                result = condition(self.messages)
                return result

            assert self.changed.wait_for(holds, limit), f"not at the subscriber within {limit:g} s: {what}"
            return result

    def events(self):
        """(class, payload) of every event message, in order of arrival, repeats included."""
        with self.changed:
            return [(topic.rsplit("/", 1)[1], payload) for topic, payload in self.messages if "/event/" in topic]

    def wait_event(self, type_, limit=LIMIT, **data):
        """The first event of this type whose data has these values."""
        def look(messages):
            for topic, payload in messages:
                if "/event/" in topic:
                    event = json.loads(payload)
                    if matches(event, type_, data):
                        return event
            return None

        return self.wait(look, f"{type_} {data}", limit)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def matches(event, type_, data, subject=None):
    return (event["type"] == "careroom." + type_ and (subject is None or event.get("subject") == subject)
            and all(event["data"].get(key) == value for key, value in data.items()))


class Control:
    """One connection to the control socket, at the level of its lines."""

    def __init__(self, world, limit=LIMIT):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(limit)
        self.socket.connect(str(world.run / "control.sock"))
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line, or None where the guard closed the connection."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, op, **fields):
        self.send(json.dumps({"op": op, **fields}).encode() + b"\n")
        return self.line()

    def must(self, op, **fields):
        answer = self.ask(op, **fields)
        assert answer is not None and answer["ok"] is True, f"{op} {fields}: {answer}"
        return answer

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Events:
    """The journal as an auditor sees it: woken by the control socket's follow stream, read with sqlite3, read-only."""

    def __init__(self, world):
        self.world = world
        self.control = Control(world)
        self.seen = 0
        self.recorded = 0
        self.events = []
        answer = self.control.must("follow")
        self.recorded = int(answer["recorded"] or 0)
        world.closers.append(self.close)

    def _read(self):
        with journal(self.world) as db:
            for sequence, line in db.execute("SELECT sequence, line FROM event WHERE sequence > ? AND sequence <= ? "
                                             "ORDER BY sequence", (self.seen, self.recorded)):
                self.seen = sequence
                self.events.append(json.loads(line))

    def wait(self, type_, limit=LIMIT, subject=None, after=0, **data):
        """The first event with a sequence over `after` that matches."""
        end = time.monotonic() + limit
        while True:
            if self.seen < self.recorded:
                self._read()
            for event in self.events:
                if int(event["sequence"]) > after and matches(event, type_, data, subject):
                    return event
            left = end - time.monotonic()
            have = [(event["sequence"], event["type"], event.get("subject"), event["data"]) for event in self.events[-8:]]
            assert left > 0, f"not recorded within {limit:g} s: {type_} {subject} {data}; last: {have}"
            self.control.socket.settimeout(left)
            try:
                answer = self.control.line()
            except TimeoutError:
                continue
            assert answer is not None, "the guard closed the follow stream"
            self.recorded = max(self.recorded, int(answer.get("recorded") or 0))

    def last(self):
        """The highest sequence on the disk now."""
        with journal(self.world) as db:
            return db.execute("SELECT coalesce(max(sequence), 0) FROM event").fetchone()[0]

    def all(self):
        return [json.loads(line) for _, line in lines(self.world)]

    def close(self):
        self.control.close()


class journal:
    """The journal's file, read-only, closed at the end of the with."""

    def __init__(self, world):
        self.db = sqlite3.connect(f"file:{world.state / 'journal.db'}?mode=ro", uri=True, timeout=10)

    def __enter__(self):
        return self.db

    def __exit__(self, *_):
        self.db.close()


def lines(world):
    """(class name, line) of the whole journal in order."""
    with journal(world) as db:
        rows = db.execute("SELECT line FROM event ORDER BY sequence").fetchall()
    texts = [row[0].encode() if isinstance(row[0], str) else bytes(row[0]) for row in rows]
    return [(json.loads(text)["class"], text) for text in texts]


def check_chain(payloads):
    """Independent of careroom's own code: per class no gap, and every prev is the SHA-256 of the line before it.
    payloads: (class, bytes) in order of the first arrival. Returns how many of each class."""
    last = {}
    counts = dict.fromkeys(CLASSES, 0)
    for name, payload in payloads:
        event = json.loads(payload)
        assert event["class"] == name
        number, previous = last.get(name, (0, "0" * 64))
        assert int(event["classseq"]) == number + 1, f"{name}: {number} is followed by {event['classseq']}"
        assert event["prev"] == previous, f"{name} {number + 1}: prev is not the hash of the line before it"
        last[name] = (number + 1, hashlib.sha256(payload).hexdigest())
        counts[name] += 1
    return counts


def first_arrivals(events):
    """(class, payload) without repeats; a repeat must carry the same bytes."""
    seen = {}
    result = []
    for name, payload in events:
        key = json.loads(payload)["id"]
        if key in seen:
            assert seen[key] == payload, f"{key} arrived twice with different bytes"
            continue
        seen[key] = payload
        result.append((name, payload))
    return result


class World:
    """A room of its own for one test: folders, configuration, ports, and every process that was started in it."""

    def __init__(self, folder, rules=RULES, state=None):
        self.folder = Path(folder)
        self.state = Path(state) if state else self.folder / "state"
        self.run = self.folder / "run"
        self.state.mkdir(exist_ok=True)
        self.run.mkdir(exist_ok=True)
        self.port = free_port()
        self.config = self.folder / "careroom.yaml"
        self.config.write_text(CONFIG.format(gateway=GATEWAY, site=SITE, state=self.state, run=self.run, port=self.port,
                                             rules=rules.rstrip("\n")))
        self.processes = []
        self.closers = []

    # -- the simulated room, through the control socket

    def sim(self, op, **fields):
        with Control(self) as control:
            return control.must("sim-" + op, **fields)

    def line(self, point, state):
        self.sim("line", point=f"butterfly/{point}", state=state)

    def set(self, point, quantity, value):
        self.sim("set", point=f"butterfly/{point}", quantity=quantity, value=str(value))

    def wait_value(self, point, key, number):
        """Until a polled sensor has read what was set, but for the steps in which its chip counts."""
        def read():
            with Control(self) as control:
                points = control.must("status")["status"]["rooms"][0]["points"]
            return any(found["id"] == point and abs(found["values"].get(key, 0) - number) <= 10 for found in points)

        wait_until(read, f"{point} reads {key} {number}")

    def fault(self, point, fault):
        self.sim("fault", point=f"butterfly/{point}", fault=fault)

    def badge(self, uid="57:12345"):
        """Present a card; the reader is busy for as long as the frame before takes."""
        def presented():
            with Control(self) as control:
                answer = control.ask("sim-badge", reader="butterfly/entry", uid=uid)
            assert answer["ok"] or answer["code"] == "busy", answer
            return answer["ok"]

        wait_until(presented, f"card {uid} is taken")

    def outputs(self):
        return {output["id"].split("/")[1]: output for output in self.sim("outputs")["outputs"]}

    def wait_output(self, name, on, limit=LIMIT):
        return wait_until(lambda: self.outputs()[name]["on"] == on and self.outputs()[name], f"{name} on: {on}", limit)

    def alarms(self):
        with Control(self) as control:
            return {alarm["id"]: alarm for alarm in control.must("alarms")["alarms"]}

    def ctl(self, *arguments, status=0):
        """careroomctl; returns its output. status None: any."""
        done = subprocess.run([str(BUILD / "careroomctl"), "--config", str(self.config), *arguments], capture_output=True,
                              text=True, timeout=120, check=False)
        assert status is None or done.returncode == status, \
            f"careroomctl {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def close(self):
        for closer in reversed(self.closers):
            closer()
        for process in reversed(self.processes):
            process.close()

    def logs(self):
        """What every process said last, for the report of a failed test."""
        return {file.name: file.read_text(errors="replace")[-4000:] for file in sorted(self.folder.glob("*.log"))}


class SmallDisk:
    """A file system of a few MiB that can be filled to the last block and emptied again."""

    def __init__(self, folder, size_mib=8):
        self.image = Path(folder) / "disk.img"
        self.point = Path(folder) / "disk"
        self.point.mkdir()
        self.filler = self.point / "filler"
        self.error = None
        with open(self.image, "wb") as image:
            image.truncate(size_mib << 20)
        attempts = (
            [["mkfs.ext4", "-q", "-F", "-m", "0", "-b", "1024", "-J", "size=1", str(self.image)],
             ["mount", "-o", "loop", str(self.image), str(self.point)]],
            [["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(self.point)]],
        )
        for commands in attempts:
            self.error = next((done.stderr for done in (subprocess.run(command, capture_output=True, text=True, check=False)
                                                        for command in commands) if done.returncode != 0), None)
            if self.error is None:
                return
        raise OSError(f"no file system of our own can be mounted here: {self.error.strip()}")

    def fill(self):
        with open(self.filler, "ab", buffering=0) as filler:
            for block in (b"\0" * 65536, b"\0" * 1024, b"\0"):
                try:
                    while True:
                        if filler.write(block) < len(block):
                            break
                except OSError:
                    continue

    def free(self):
        self.filler.unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "-l", str(self.point)], check=False)


class Stream(threading.Thread):
    """Something done again and again beside the test, until stop(); what it raised is raised there."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step = step
        self.ending = threading.Event()
        self.failure = queue.SimpleQueue()
        self.start()

    def run(self):
        try:
            while not self.ending.is_set():
                self.step()
        except BaseException as failure:  # pylint: disable=broad-except  # handed over to stop()
            self.failure.put(failure)

    def stop(self):
        self.ending.set()
        self.join(LIMIT)
        assert not self.is_alive(), "a stream did not end"
        if not self.failure.empty():
            raise self.failure.get()
