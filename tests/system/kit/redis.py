# SPDX-License-Identifier: Apache-2.0
"""A private redis-server, and the few commands the tests need."""
import os
import socket

from .ports import free_port
from .process import Process, wait_until


def _request(words):
    octets = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(octets) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in octets)


class Redis:
    """password: None, or of the user `default`."""

    def __init__(self, folder, persistent=False, password=None):
        self.port = free_port()
        self.password = password
        data = os.path.join(folder, "redis")
        os.makedirs(data, exist_ok=True)
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", data, "--save", "",
                   "--maxmemory-policy", "noeviction", "--appendonly", "yes" if persistent else "no"]
        if password:
            command += ["--requirepass", password]
        self.process = Process("redis", command, folder)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.process.start()
        wait_until(self.answers, 10, "redis answers PING")
        return self

    def answers(self):
        try:
            return self.command("PING") == b"+PONG"
        except OSError:
            return False

    def command(self, *words):
        """One command; the first line of the reply."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection, \
                connection.makefile("rb") as replies:
            if self.password:
                connection.sendall(_request(("AUTH", self.password)))
                assert replies.readline() == b"+OK\r\n"
            connection.sendall(_request(words))
            return replies.readline().rstrip(b"\r\n")

    def flush(self):
        return self.command("FLUSHALL")

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process.is_running():
            self.process.kill()
