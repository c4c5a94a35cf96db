"""A guard that says what a test tells it to say, and a journal that a test fills: for careroomctl's tests."""

import contextlib
import hashlib
import json
import os
import queue
import socket
import sqlite3
import threading
import time

CLOSE = object()  # hang up without an answer
SILENCE = object()  # never answer


class FakeGuard:
    """Listens on run_dir/control.sock. `answers` maps an operation to an object, to raw bytes (sent as they are, then the
    connection is closed), to CLOSE or SILENCE, or to a function of the request that returns one of these."""

    def __init__(self, run_dir, answers=None):
        self.path = os.path.join(run_dir, "control.sock")
        self.answers = answers or {}
        self.requests = queue.Queue()
        self.followers = []
        self.lock = threading.Lock()
        self.server = None

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(8)
        self.clients = []
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()
        return self

    def stop(self):
        """As a guard that ends: the socket's file goes, and everybody is hung up on."""
        if self.server is None:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        # accept() is woken by shutdown, not by close.
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.server = None
        with self.lock:
            for client in self.clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            self.followers = []

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def wake(self, recorded):
        """Tell every follower that events up to this sequence are on the disk."""
        with self.lock:
            for client in self.followers:
                client.sendall(line({"ok": True, "recorded": str(recorded)}))

    def _accept(self, server):
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with self.lock:
                self.clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client.makefile("rb") as lines:
            for text in lines:
                request = json.loads(text)
                if not self._answer(client, request):
                    client.shutdown(socket.SHUT_RDWR)
                    return

    def _answer(self, client, request):
        answer = self.answers.get(request["op"], {"ok": False, "code": "bad-request", "error": "no such operation"})
        if callable(answer):
            answer = answer(request)
        if request["op"] == "follow" and isinstance(answer, dict) and answer["ok"]:
            with self.lock:
                self.followers.append(client)
                client.sendall(line(answer))
        elif isinstance(answer, bytes):
            client.sendall(answer)
        elif isinstance(answer, dict):
            client.sendall(line(answer))
        # Only now: who waits for the request may count on the follower being there.
        self.requests.put(request)
        return answer is not CLOSE and not isinstance(answer, bytes)

    def request(self):
        return self.requests.get(timeout=30)


def line(answer):
    return json.dumps(answer, ensure_ascii=False).encode() + b"\n"


class Journal:
    """state_dir/journal.db with events of a test's making: the columns and the line that gateway/journal documents."""

    CLASSES = ("fire", "safety", "fault", "attendance", "access", "system")
    FEED_TYPES = ("point.trouble", "point.restored", "gateway.started", "gateway.stopped", "gateway.clock", "gateway.storage")

    def __init__(self, state_dir, gateway="kunming-001", site="sunshine"):
        self.file = os.path.join(state_dir, "journal.db")
        self.gateway, self.site = gateway, site
        self.sequence = self.feed = 0
        self.last_feed = "0" * 64
        self.classes = {name: (0, "0" * 64) for name in self.CLASSES}
        self.lines = []
        self.db = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        self.db.executescript(
            """
            PRAGMA journal_mode=WAL;
            BEGIN;
            PRAGMA application_id=0x6372316a;
            PRAGMA user_version=2;
            CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
            CREATE TABLE event(
                sequence INTEGER PRIMARY KEY, class TEXT NOT NULL, classseq INTEGER NOT NULL, feed INTEGER,
                room TEXT NOT NULL, type TEXT NOT NULL, boottime_ns INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
                line TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
            COMMIT;
            """
        )
        self.db.executemany("INSERT INTO meta VALUES(?, ?)", [("gateway", gateway), ("site", site)])

    def append(self, cls, event_type, subject, wall_s, data=None, clock="synchronised", boot="b" * 36):
        """One event; returns its line."""
        self.sequence += 1
        classseq, prev = self.classes[cls]
        wall_ms = int(wall_s * 1000)
        event = {
            "bootid": boot,
            "boottimens": str(self.sequence * 1000),
            "class": cls,
            "classseq": str(classseq + 1),
            "clock": clock,
            "data": data or {},
            "id": f"{self.gateway}/{self.sequence}",
            "prev": prev,
            "sequence": str(self.sequence),
            "source": f"/{self.site}/{self.gateway}",
            "specversion": "1.0",
            "subject": subject,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall_ms // 1000)) + f".{wall_ms % 1000:03}Z",
            "type": "careroom." + event_type,
        }
        feed = None
        if cls in ("fire", "fault") or event_type in self.FEED_TYPES:
            self.feed += 1
            feed = self.feed
            event["feed"], event["feedprev"] = str(feed), self.last_feed
        text = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.classes[cls] = (classseq + 1, digest)
        if feed is not None:
            self.last_feed = digest
        self.db.execute(
            "INSERT INTO event VALUES(?,?,?,?,?,?,?,?,?,?)",
            (self.sequence, cls, classseq + 1, feed, subject.split("/")[0], event["type"], self.sequence * 1000,
             wall_ms, text, digest),
        )
        self.lines.append(text)
        return text

    def close(self):
        self.db.close()
