# SPDX-License-Identifier: Apache-2.0
"""Proxies that operators put in front of a sender: Dante (SOCKS5) and HAProxy, as Debian ships them. Each connects
to wherever it is told to."""
import getpass
import os
import pathlib
import subprocess

from .ports import free_port
from .process import Process, is_listening, wait_until

DANTE = """logoutput: stderr
internal: 127.0.0.1 port = {port}
external: {source}
clientmethod: none
socksmethod: {method}
user.privileged: {user}
user.unprivileged: {user}
client pass {{
  from: 0.0.0.0/0 to: 0.0.0.0/0
}}
{blocked}socks pass {{
  from: 0.0.0.0/0 to: 0.0.0.0/0
  command: connect
}}
"""
BLOCKED = """socks block {{
  from: 0.0.0.0/0 to: 127.0.0.1/32 port = {port}
  log: connect
}}
"""
HAPROXY = """global
  maxconn 1000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  log stdout format raw local0
  option tcplog
frontend out
  bind 127.0.0.1:{port} accept-proxy
{rules}
"""


class Proxy:
    """Listens on `port`. It may be killed and started again."""

    def __init__(self, name, port, command, folder):
        self.port = port
        self.process = Process(name, command, folder)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        self.process.start()
        wait_until(lambda: is_listening(self.port), 20, f"{self.process.name} listens\n{self.process.tail()}")
        return self

    def __exit__(self, *_):
        self.process.kill()
        wait_until(lambda: not is_listening(self.port), 20, f"{self.process.name} is gone")


def dante(name, folder, source, blocked=(), login=None):
    """Connects from source, and to none of the blocked ports. login: (user, password), which it knows from accounts
    of its own: the namespace it lives in has them."""
    port = free_port()
    own = pathlib.Path(folder, name)
    own.mkdir()
    (own / "conf").write_text(DANTE.format(
        port=port, source=source, method="username" if login else "none", user=getpass.getuser(),
        blocked="".join(BLOCKED.format(port=at) for at in blocked)))
    command = ["bwrap", "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/", "--proc", "/proc"]
    if login:
        user, password = login
        hashed = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True)
        for table, line in (("passwd", f"{user}:x:65000:65000::/:/bin/false"),
                            ("shadow", f"{user}:{hashed.stdout.strip()}:19000:0:99999:7:::")):
            known = pathlib.Path("/etc/passwd").read_text(encoding="utf-8") if table == "passwd" else ""
            (own / table).write_text(f"{known}{line}\n")
            command += ["--ro-bind", str(own / table), f"/etc/{table}"]
    command += ["danted", "-f", str(own / "conf"), "-p", str(own / "pid"), "-N", "1"]
    return Proxy(name, port, command, folder)


def haproxy(name, folder, sources):
    """sources: {the address in the header: the one to connect from}, the first one for all others."""
    port = free_port()
    backends = dict(enumerate(sources.items()))
    rules = [f"  use_backend from{number} if {{ src {told} }}" for number, (told, _) in backends.items()]
    rules.append("  default_backend from0")
    for number, (_, source) in backends.items():
        rules += [f"backend from{number}", f"  source {source}", "  server mx 0.0.0.0:0"]
    path = os.path.join(folder, name + ".cfg")
    pathlib.Path(path).write_text(HAPROXY.format(port=port, rules="\n".join(rules)))
    return Proxy(name, port, ["haproxy", "-db", "-f", path], folder)
