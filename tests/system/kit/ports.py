# SPDX-License-Identifier: Apache-2.0
"""Loopback ports that stay free until they are used: below the range that outgoing connections draw
from, and reserved by a lock for the life of this process, so that tests may run side by side."""
import fcntl
import os
import pathlib
import random
import socket
import tempfile

FIRST, LAST = 15000, 31999  # the kernel's own range begins at 32768
_LOCKS = pathlib.Path(tempfile.gettempdir()) / f"hikyaku-ports-{os.getuid()}"
_held = []


def _reserve(port):
    """Whether the port is ours now."""
    lock = open(_LOCKS / str(port), "w", encoding="ascii")  # held open: closing it gives the port back
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return False
    _held.append(lock)
    return True


def free_port():
    _LOCKS.mkdir(mode=0o700, exist_ok=True)
    for port in random.sample(range(FIRST, LAST + 1), 200):
        if _reserve(port):
            return port
    raise OSError("no free port among 200 tried")
