# SPDX-License-Identifier: Apache-2.0
"""Processes that a test starts, kills, restarts, and that never outlive it."""
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def wait_until(condition, seconds, what):
    """Polls an outside condition (another process's state) with a deadline; returns its value.
    what: a sentence, or a function that makes one of what is so at the deadline."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        pause.wait(0.02)


def is_listening(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False


def die_with_parent():
    """In the child, before its program: SIGKILL when its parent is gone."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One command with its own log file; kill -9 and start again as often as wanted."""

    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.command = command
        self.log_path = os.path.join(folder, name + ".log")
        self.environment = dict(os.environ, **(environment or {}))
        self.popen = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=self.environment, preexec_fn=die_with_parent)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen is not None and self.popen.poll() is None

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds):
        return self.popen.wait(timeout=seconds)

    def stop(self, seconds=30):
        """SIGTERM, then the exit status; kill -9 after the deadline is a failure of the test."""
        if not self.is_running():
            return self.popen.returncode if self.popen else None
        self.popen.terminate()
        return self.wait_for_end(seconds)

    def wait_for_end(self, seconds):
        """After a SIGTERM: a second one would end it at once."""
        try:
            return self.popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s of SIGTERM\n{self.tail()}") from None

    def tail(self, lines=15):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return f"--- {self.name}\n" + "".join(log.readlines()[-lines:])

    def rss_kb(self):
        return self._memory_kb("VmRSS:")

    def peak_rss_kb(self):
        """The most it ever was."""
        return self._memory_kb("VmHWM:")

    def _memory_kb(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(name):
                    return int(line.split()[1])
        raise AssertionError("no " + name)
