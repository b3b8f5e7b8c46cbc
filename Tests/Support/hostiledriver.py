#!/usr/bin/python3
"""A driver process that does one thing wrong: what that is stands in the option `sin` of the pool.

It answers what it is asked with as little as is right, until a pool is open and the sinful request comes."""

import json
import os
import signal
import socket
import sys
import time

ALL = [
    "check", "create-volumes", "clone-volumes", "rename-volumes", "wipe-volumes", "transfer-volumes", "revisions", "list-names",
]
VOLUME = {"name": "a", "capacity": "1048576", "allocation": "0"}


def main():
    """Serves one conversation."""
    connection = socket.socket(fileno=3)
    lines = connection.makefile("rb")
    sin = ""

    def say(identifier, **message):
        connection.sendall(json.dumps({"id": identifier} | message).encode() + b"\n")

    def raw(text):
        connection.sendall(text)

    for line in lines:
        request = json.loads(line)
        number, verb = request["id"], request["verb"]
        if verb == "hello":
            say(number, ok={"version": 1})
            continue
        if verb == "open":
            sin = request["pool"].get("options", {}).get("sin", "")
            if sin == "slow-open":
                time.sleep(60)
            description = {
                "abilities": ALL, "volume_path": request["pool"]["target"] + "/{name}", "future": {"member": 1},
            }
            if sin == "no-needs":
                description["abilities"] = ["revisions"]
            if sin == "unknown-ability":
                description["abilities"] = ALL + ["teleport"]
            if sin == "no-abilities":
                description["abilities"] = []
            if sin == "bad-volumes":
                description["volumes"] = "moons"
            if sin == "bad-content":
                description["content"] = "shouted"
            if sin == "bad-unit":
                description["size_unit"] = "0"
            if sin == "bad-list":
                description["abilities"] = [1]
            if sin == "bad-path":
                description["volume_path"] = "relative/{name}"
            if sin == "no-path":
                del description["volume_path"]
            say(number, ok=description)
            continue
        if verb in ("start", "reach", "stop", "sweep"):
            say(number, ok={})
            continue
        # From here on it sins.
        if sin == "dies":
            print("cannot find the moon", file=sys.stderr)
            sys.exit(3)
        elif sin == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif sin == "closes":
            connection.shutdown(socket.SHUT_RDWR)
            time.sleep(60)
        elif sin == "hangs":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        elif sin == "no-json":
            raw(b"hello there\n")
        elif sin == "no-object":
            raw(b"[1]\n")
        elif sin == "no-id":
            raw(b'{"ok":{}}\n')
        elif sin == "nothing":
            say(number)
        elif sin == "other-id":
            say(number + 5, ok={})
        elif sin == "twice":
            raw(json.dumps({"id": number, "ok": {"volume": VOLUME}}).encode() + b"\n" + b'{"id":9,"ok":{}}\n')
        elif sin == "half-line":
            raw(b'{"id":%d,"ok"' % number)
            sys.exit(0)
        elif sin == "long-line":
            raw(b'{"id":%d,"ok":{"x":"' % number + b"y" * (3 << 20))
        elif sin == "no-progress":
            while True:
                say(number, progress={"done": "1", "total": "2"})
                time.sleep(0.05)
        elif sin == "babble":
            while True:
                os.write(2, b"bla " * 1000 + b"\n")
        elif sin == "descriptors":
            socket.send_fds(connection, [json.dumps({"id": number, "ok": {"volume": VOLUME}}).encode() + b"\n"], [0, 1, 2])
        elif sin == "many-descriptors":
            while True:
                socket.send_fds(connection, [b" "], [0, 1, 2, 0, 1, 2, 0])
        elif sin == "error":
            say(number, error={"code": "no-space", "message": "the moon is full", "object": "moon", "hint": "Wait."})
        elif sin == "unknown-code":
            say(number, error={"code": "lunar", "message": "the moon is full"})
        elif verb == "volumes" and sin == "twice-the-same":
            say(number, item=VOLUME)
            say(number, item=VOLUME)
            say(number, ok={})
        elif verb == "volumes" and sin.startswith("volume:"):
            say(number, item=VOLUME | json.loads(sin.removeprefix("volume:")))
            say(number, ok={})
        elif verb == "volumes":
            say(number, item=VOLUME)
            say(number, ok={})
        elif verb == "volume":
            lies: dict[str, dict] = {"other-name": {"name": "b"}, "state": {"working_copy": True}}
            found = VOLUME | lies.get(sin, {})
            say(number, ok={"volume": found if request["volume"] in ("a", "b") else None})
        elif verb == "describe" and sin == "state":
            say(number, ok={"volume": VOLUME | {"state_id": "the first"}})
        elif verb == "revisions" and sin == "revisions":
            for revision in (2, 1):
                say(number, item={"number": revision, "time": "2026-01-01T00:00:00Z", "allocation": "0"})
            say(number, ok={})
        elif verb == "revisions" and sin == "revision-time":
            say(number, item={"number": 1, "time": "yesterday", "allocation": "0"})
            say(number, ok={})
        elif verb == "read" and sin == "no-descriptor":
            say(number, ok={})
        elif verb == "read" and sin == "pipe":
            reader, _ = os.pipe()
            socket.send_fds(connection, [json.dumps({"id": number, "ok": {}}).encode() + b"\n"], [reader])
        elif verb == "findings" and sin == "finding":
            say(number, item={"kind": "lunacy", "path": "/moon"})
            say(number, ok={})
        elif verb == "sizes" and sin == "item":
            say(number, item={})
        elif verb == "sizes":
            say(number, ok={"capacity": "1", "allocation": "0", "available": "1"})
        elif verb in ("has-data", "in-use", "dependents", "strangers"):
            say(number, ok={"data": False, "in_use": False, "names": [], "strangers": []})
        else:
            say(number, ok={})


if __name__ == "__main__":
    main()
