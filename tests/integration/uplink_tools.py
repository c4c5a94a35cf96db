"""What the uplink's own tests stand on: a journal filled through the journal's writer, a real broker, a broker that
misbehaves to order, certificates, a guard that answers to order. Everything has its own folder and port."""

import json
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import threading
import time
from pathlib import Path

from careroom import mqtt_client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CAREROOM_BUILD", ROOT / "build")).resolve()
LIMIT = float(os.environ.get("CAREROOM_WAIT", "30"))  # seconds that anything awaited may take
CLASSES = ("fire", "safety", "fault", "attendance", "access", "system")
SITE, GATEWAY = "sunshine", "test-001"
PREFIX = f"careroom/v1/{SITE}/{GATEWAY}"


def wait_for(condition, what, limit=LIMIT):
    """Wait until condition() gives something true, and return that."""
    until = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < until, f"not within {limit} s: {what() if callable(what) else what}"
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build_journal_fill(folder):
    program = Path(folder) / "journal_fill"
    sources = sorted((ROOT / "gateway/journal").glob("*.c")) + sorted((ROOT / "gateway/common").glob("*.c"))
    subprocess.run(["gcc", "-std=c17", "-O1", "-D_GNU_SOURCE", f"-I{ROOT}", "-pthread", "-o", str(program),
                    str(ROOT / "tests/tools/journal_fill.c"), *map(str, sources),
                    "-lsqlite3", "-ljansson", "-lyaml", "-lcrypto"], check=True)
    return program


class Site:
    """The files of one gateway: configuration, journal, run directory; and whatever is started for it."""

    def __init__(self, folder, fill_program):
        self.folder = Path(folder)
        self.fill_program = fill_program
        self.state, self.run = self.folder / "state", self.folder / "run"
        self.state.mkdir()
        self.run.mkdir()
        self.config = self.folder / "careroom.yaml"
        self.port = free_port()
        self.started = []
        self.configure()

    def configure(self, host="127.0.0.1", port=None, **mqtt_keys):
        mqtt_keys = {"host": host, "port": port or self.port, **mqtt_keys}
        self.config.write_text(
            f"gateway: {{ id: {GATEWAY}, site: {SITE}, timezone: Asia/Shanghai, language: en }}\n"
            f"state_dir: {self.state}\nrun_dir: {self.run}\n"
            "rooms:\n  - { id: butterfly, name: Butterfly }\n"
            + ("mqtt: " + json.dumps(mqtt_keys) + "\n" if host else ""))

    def fill(self, *lines):
        """Append events; see tests/tools/journal_fill.c for the form of a line. Returns the last sequence."""
        done = subprocess.run([str(self.fill_program), str(self.state), GATEWAY, SITE], input="\n".join(lines) + "\n",
                              capture_output=True, text=True, check=True)
        return int(done.stdout.split()[-1])

    def access(self, count):
        return self.fill(f"access {count} access.presented butterfly entry - - - 0")

    def lines(self, name=None):
        """The journal's lines as they are, in order; of one class or of all."""
        with sqlite3.connect(f"file:{self.state}/journal.db?mode=ro", uri=True) as database:
            rows = database.execute("SELECT line FROM event ORDER BY sequence").fetchall()
        lines = [row[0].encode() if isinstance(row[0], str) else bytes(row[0]) for row in rows]
        return [line for line in lines if name is None or json.loads(line)["class"] == name]

    def start(self, thing):
        self.started.append(thing)
        return thing

    def close(self):
        for thing in reversed(self.started):
            thing.close()


class Process:
    def __init__(self, arguments, log, env=None):
        self.arguments, self.log_file, self.env = [str(a) for a in arguments], log, env
        self.process = None

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(self.env or {})})
        return self

    def log(self):
        return self.log_file.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()


class Uplink(Process):
    def __init__(self, site, env=None):
        super().__init__([BUILD / "careroom-uplink", "--config", site.config], site.folder / "uplink.log", env)
        site.start(self)
        self.start()

    def stop(self):
        """SIGTERM; returns the exit status and how long it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(LIMIT)
        return status, time.monotonic() - begun

    def says(self, text):
        wait_for(lambda: text in self.log(), lambda: f"the uplink says {text!r}; it said:\n{self.log()}")


class Broker(Process):
    """A real mosquitto that forgets everything when it ends."""

    def __init__(self, site, lines=("allow_anonymous true",), running=True, listener=None):
        self.port = site.port
        self.config = site.folder / "mosquitto.conf"
        # "user root": started as root it would give that up and then read no file of ours; else the line does nothing.
        self.config.write_text("\n".join(["user root", f"listener {self.port} 127.0.0.1", *(listener or ()), "persistence false",
                                          "max_queued_messages 100000", *lines]) + "\n")
        super().__init__(["/usr/sbin/mosquitto", "-c", self.config], site.folder / "mosquitto.log")
        site.start(self)
        if running:
            self.start()

    def start(self):
        super().start()
        wait_for(self.listening, "the broker listens")
        return self

    def listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def reload(self):
        self.process.send_signal(signal.SIGHUP)


class Listener:
    """Everything that the broker hands out, in order, reconnecting by itself."""

    def __init__(self, site, topic="#", port=None, tls=None, username=None, password=None):
        self.messages = []
        self.seen = set()  # event payloads
        self.subscribed = threading.Event()
        self.client = mqtt_client(f"listener-{os.getpid()}-{id(self)}")
        self.client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._take
        self.client.reconnect_delay_set(1, 1)
        if tls:
            self.client.tls_set(**tls)
            self.client.tls_insecure_set(True)
        if username:
            self.client.username_pw_set(username, password)
        site.start(self)
        self.client.connect("127.0.0.1", port or site.port, 10)
        self.client.loop_start()
        assert self.subscribed.wait(LIMIT)

    def _take(self, _client, _user, message):
        self.messages.append(message)
        if "/event/" in message.topic:
            self.seen.add(message.payload)

    def events(self, name=None):
        """Event payloads as they came, repeats included."""
        return [m.payload for m in list(self.messages)
                if "/event/" in m.topic and (name is None or m.topic.endswith("/event/" + name))]

    def on(self, topic):
        return [m for m in list(self.messages) if m.topic == f"{PREFIX}/{topic}"]

    def status(self):
        return [json.loads(m.payload)["state"] for m in self.on("status") if m.payload]

    def send(self, name, payload, retain=False, response_topic=None, correlation=None):
        properties = Properties(PacketTypes.PUBLISH)
        if response_topic:
            properties.ResponseTopic = response_topic
        if correlation is not None:
            properties.CorrelationData = correlation
        self.client.publish(f"{PREFIX}/command/{name}", payload, 1, retain, properties).wait_for_publish(LIMIT)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def without_repeats(payloads):
    """As a reader with the ids would keep them: the first of each."""
    return list(dict.fromkeys(payloads))


class Guard:
    """The guard's side of the control socket: follows and takes reports; `answers` says what commands get (an object, or None:
    silence)."""

    def __init__(self, site, answers=None):
        self.answers, self.requests, self.reports = answers or {}, [], []
        self.followers = []
        self.path = site.run / "control.sock"
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(self.path))
        self.server.listen(8)
        self.clients = []
        threading.Thread(target=self._accept, daemon=True).start()
        site.start(self)

    def _accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line)
                answer = {"ok": True}
                if request["op"] == "follow":
                    self.followers.append(client)
                    answer = {"ok": True, "recorded": "0"}
                elif request["op"] == "uplink":
                    self.reports.append(request)
                else:
                    self.requests.append(request)
                    answer = self.answers.get(request["op"], {"ok": True})
                if answer is not None:
                    if "seq" in request:
                        answer = {**answer, "seq": request["seq"]}
                    client.sendall(json.dumps(answer).encode() + b"\n")

    def committed(self, sequence):
        for client in list(self.followers):
            client.sendall(json.dumps({"ok": True, "recorded": str(sequence)}).encode() + b"\n")

    def close(self):
        if self.server.fileno() < 0:
            return
        self.path.unlink(missing_ok=True)
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for client in self.clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Authority:
    """A certificate authority of its own and certificates from it, made with the openssl command."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = Path(folder), name
        self.cert, self.key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                      "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", self.key, "-out", self.cert)

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def issue(self, name, alt=None):
        key, request, cert, extra = (self.folder / f"{self.name}-{name}.{end}" for end in ("key", "csr", "crt", "ext"))
        extra.write_text(f"subjectAltName={alt}\n" if alt else "basicConstraints=CA:FALSE\n")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                      "-days", "2", "-extfile", extra, "-out", cert)
        return cert, key


class OddBroker:
    """A broker to order, for what a good one does not do. `connack(version)` gives a reason code; `puback(topic, payload, n)` a
    reason code, None (never acknowledge) or ("disconnect", reason); n counts publishes from 1."""

    def __init__(self, site, connack=lambda version: 0, puback=lambda topic, payload, n: 0, receive_maximum=None,
                 silent=False):
        self.connack, self.puback, self.receive_maximum, self.silent = connack, puback, receive_maximum, silent
        self.versions, self.published, self.open = [], [], 0
        self.most_open = 0
        self.server = socket.create_server(("127.0.0.1", site.port))
        self.clients = []
        threading.Thread(target=self._accept, daemon=True).start()
        site.start(self)

    def _accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            self.clients.append(client)
            if not self.silent:
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _exactly(client, n):
        data = b""
        while len(data) < n:
            piece = client.recv(n - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data

    def _packet(self, client):
        kind = self._exactly(client, 1)[0]
        length = shift = 0
        while True:
            byte = self._exactly(client, 1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return kind, self._exactly(client, length)

    def _serve(self, client):
        self.open = 0
        version = 4
        try:
            while True:
                kind, body = self._packet(client)
                if kind == 0x10:
                    version = body[6]
                    if not self._connect(client, version):
                        return
                elif kind & 0xF0 == 0x80:
                    client.sendall(bytes([0x90, 4 if version == 5 else 3]) + body[:2] + (b"\0" if version == 5 else b"") + b"\1")
                elif kind & 0xF0 == 0x30:
                    if not self._publish(client, version, body):
                        return
                elif kind == 0xC0:
                    client.sendall(b"\xd0\0")
                elif kind == 0xE0:
                    return
        except (ConnectionError, OSError):
            pass
        finally:
            client.close()

    def _connect(self, client, version):
        self.versions.append(version)
        reason = self.connack(version)
        properties = b""
        if version == 5 and reason != 1:  # 1: as a broker answers that has never heard of version 5
            inner = struct.pack(">BH", 0x21, self.receive_maximum) if self.receive_maximum else b""
            properties = bytes([len(inner)]) + inner
        client.sendall(bytes([0x20, 2 + len(properties), 0, reason]) + properties)
        return reason == 0

    def _publish(self, client, version, body):
        length = struct.unpack(">H", body[:2])[0]
        topic, mid, rest = body[2:2 + length].decode(), body[2 + length:4 + length], body[4 + length:]
        if version == 5:
            rest = rest[1 + rest[0]:]  # properties below 128 bytes, as the uplink's are
        self.published.append((topic, rest))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        verdict = self.puback(topic, rest, len(self.published))
        if isinstance(verdict, tuple):
            client.sendall(bytes([0xE0, 2, verdict[1], 0]))
            return False
        if verdict is not None:
            self.open -= 1
            client.sendall(bytes([0x40, 2]) + mid if verdict == 0 else bytes([0x40, 3]) + mid + bytes([verdict]))
        return True

    def events(self):
        return [payload for topic, payload in list(self.published) if "/event/" in topic]

    def close(self):
        if self.server.fileno() < 0:
            return
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for client in self.clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
