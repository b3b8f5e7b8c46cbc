#!/usr/bin/python3
"""The example driver, which lies beside this program; every message goes into `messages` there, too, one a line."""

import json
import os
import runpy
import socket
import sys

HERE = os.path.dirname(os.path.realpath(__file__))


def record(sort, message):
    """Adds a message: a request, or a reply."""
    with open(os.path.join(HERE, "messages"), "a", encoding="utf-8") as file:
        file.write(json.dumps({sort: message}) + "\n")


def overhear(driver):
    """Has a class of drivers record what it hears and says."""
    say, answer = driver.say, driver.answer

    def recorded_say(self, message, files=()):
        record("reply", {"id": self.identifier} | message)
        say(self, message, files)

    def recorded_answer(self, line, files):
        record("request", json.loads(line))
        answer(self, line, files)

    driver.say, driver.answer = recorded_say, recorded_answer
    return driver


if __name__ == "__main__":
    os.umask(0o077)
    example = runpy.run_path(os.path.join(HERE, "cistern-driver-folder"), run_name="example")["Driver"]
    sys.exit(overhear(example)(socket.socket(fileno=3)).serve())
