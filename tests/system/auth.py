#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may submit: AUTH over STARTTLS and implicit TLS, the policies of listeners, hikyakuctl user,
whether passwords being checked hold up anybody else, and who guesses them.

  auth.py mechanisms|reload|policies|settings|users|load|patience|guesses ..."""
import base64
import contextlib
import hashlib
import json
import os
import pty
import signal
import smtplib
import socket
import ssl
import stat
import statistics
import subprocess
import sys
import threading
import time

from kit.certificate import Certificate
from kit.cluster import PROJECT, Embedded, build_folder, private_folder
from kit.destination import Destination
from kit.mail import content_for, transact
from kit.ports import free_port
from kit.process import wait_until

USER, PASSWORD = "shop", "correct horse: battery"
INSIDE, OUTSIDE = "127.0.0.0/8", "192.0.2.0/24"  # networks that have us, or have not
EHLO = "app.sender.example"


def ctl(*arguments, given="", status=0):
    run = subprocess.run([str(build_folder() / "hikyakuctl"), *arguments], input=given, capture_output=True,
                         text=True, timeout=60)
    assert run.returncode == status, f"{arguments}: exit {run.returncode}, not {status}: {run.stdout}{run.stderr}"
    return run.stdout + run.stderr


def add_user(path, name=USER, password=PASSWORD):
    return ctl("user", "add", path, name, "--password-stdin", given=password + "\n")


class Relay:
    """An embedded node with one listener per (name, policy, network, tls)."""

    def __init__(self, folder, listeners, *settings):
        self.folder = folder
        self.certificate = Certificate(folder)
        self.users = os.path.join(folder, "users")
        add_user(self.users)
        self.ports = {name: free_port() for name, *_ in listeners}
        self.destination = Destination()
        groups = [f'{{name="{name}";port={self.ports[name]};policy="{policy}";networks=["{network}"];tls="{tls}";'
                  f'certificate="{self.certificate.path}";key="{self.certificate.key}";}}'
                  for name, policy, network, tls in listeners]
        self.node = Embedded(folder, self.destination, [f'ingress.users_file="{self.users}"',
                                                        f'listeners=({",".join(groups)})', *settings])
        self.tls = {name: tls for name, _, _, tls in listeners}

    def __enter__(self):
        self.node.__enter__()
        return self

    def __exit__(self, *failure):
        self.node.__exit__(*failure)

    def connect(self, name, is_secured=True, source="127.0.0.1"):
        if self.tls[name] == "implicit":
            client = smtplib.SMTP_SSL("127.0.0.1", self.ports[name], timeout=60, local_hostname=EHLO,
                                      context=self.certificate.client())
        else:
            client = smtplib.SMTP("127.0.0.1", self.ports[name], timeout=60, local_hostname=EHLO,
                                  source_address=(source, 0))
            client.ehlo()
            if is_secured:
                assert client.starttls(context=self.certificate.client())[0] == 220
        client.ehlo()
        client.user, client.password = USER, PASSWORD
        return client

    def logged(self, event):
        with open(self.node.service.process.log_path, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]


def plain(user=USER, password=PASSWORD):
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def deliver(relay, client, rcpt):
    assert transact(client, [rcpt], content_for(rcpt))[0] == 250
    relay.destination.wait_for(lambda d: d.to(rcpt), 30, rcpt)


def refuse_login(client, password, user=USER):
    client.user, client.password = user, password
    with contextlib.suppress(smtplib.SMTPAuthenticationError):
        client.auth("PLAIN", client.auth_plain)
        raise AssertionError(f"{user}/{password} was let in")
    client.user, client.password = USER, PASSWORD


def test_i28_mechanisms(relay, name):
    for mechanism in ("PLAIN", "LOGIN"):
        for is_initial in (True, False):
            client = relay.connect(name)
            assert client.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"], client.esmtp_features
            assert client.docmd("MAIL FROM:<a@sender.example>")[0] == 530
            reply = client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"),
                                initial_response_ok=is_initial)
            assert reply[0] == 235, reply
            assert client.docmd("AUTH PLAIN " + plain())[0] == 503
            deliver(relay, client, f"ok-{name}-{mechanism}-{is_initial}@dest.example".lower())
            client.quit()


def test_i28_not_in_clear(relay):
    client = relay.connect("starttls", is_secured=False)
    assert not client.has_extn("auth"), client.esmtp_features
    code, text = client.docmd("AUTH PLAIN " + plain())
    assert (code, text[:6]) == (538, b"5.7.11"), (code, text)
    client.quit()


def test_i28_wrong_passwords(relay, name):
    client = relay.connect(name)
    for password in ("wrong", PASSWORD + "x"):
        refuse_login(client, password)
    refuse_login(client, PASSWORD, "nobody")
    code, _ = client.docmd("AUTH PLAIN " + plain())
    assert code == 421, f"{code} after three wrong passwords"


def test_i28_equal_time(relay):
    took = {}
    for user in (USER, "nobody"):
        took[user] = []
        for _ in range(3):
            client = relay.connect("starttls")
            for _ in range(3):
                start = time.monotonic()
                refuse_login(client, "wrong", user)
                took[user].append(time.monotonic() - start)
            client.close()
    known, unknown = (statistics.median(took[user]) for user in (USER, "nobody"))
    print(f"auth: a wrong password takes {known * 1000:.0f} ms, an unknown user {unknown * 1000:.0f} ms")
    assert 0.5 < unknown / known < 2, took


def test_i27_implicit_tls_only(relay):
    with socket.create_connection(("127.0.0.1", relay.ports["implicit"]), timeout=30) as client:
        client.sendall(b"EHLO app.sender.example\r\n")
        with contextlib.suppress(ConnectionError):
            received = client.recv(4096)
            assert b"220" not in received and b"250" not in received, received
    client = relay.connect("implicit")
    assert not client.has_extn("starttls")
    assert client.docmd("STARTTLS")[0] == 503
    client.quit()


def mechanisms():
    with private_folder("auth") as folder:
        listeners = [(tls, "network_or_auth", OUTSIDE, tls) for tls in ("starttls", "implicit")]
        with Relay(folder, listeners, "ingress.auth_failures=0") as relay:
            for name, *_ in listeners:
                test_i28_mechanisms(relay, name)
                test_i28_wrong_passwords(relay, name)
            test_i28_not_in_clear(relay)
            test_i28_equal_time(relay)
            test_i27_implicit_tls_only(relay)
            exposed = relay.node.service.get("/metrics")[1]
            for mechanism in ("PLAIN", "LOGIN"):
                assert f'hikyaku_ingress_auth_total{{mechanism="{mechanism}",result="ok"}} 4' in exposed, exposed
            assert {line["user"] for line in relay.logged("accepted")} == {USER}
            assert {line["user"] for line in relay.logged("auth_failed")} == {USER, ""}
            with open(relay.node.service.process.log_path, encoding="utf-8") as log:
                text = log.read()
            for secret in (PASSWORD, plain(), base64.b64encode(PASSWORD.encode()).decode()):
                assert secret not in text, "a password is in the log"


def reload():
    """SIGHUP: the users file is read again; one with a fault changes nothing."""
    with private_folder("auth-reload") as folder:
        with Relay(folder, [("smtp", "network_or_auth", OUTSIDE, "starttls")]) as relay:
            service = relay.node.service
            refuse_login(relay.connect("smtp"), "late", "late")
            add_user(relay.users, "late", "late")
            for name, result in (("late", "ok"), ("shop", "refused")):
                if result == "refused":
                    with open(relay.users, "a", encoding="utf-8") as file:
                        file.write("no user\n")
                service.process.signal(signal.SIGHUP)
                wait_until(lambda word=result: f'hikyaku_config_reload_total{{result="{word}"}} 1'
                           in service.get("/metrics")[1], 30, f"reload: {result}")
                client = relay.connect("smtp")
                client.login(name, PASSWORD if name == USER else name)
                client.quit()


# (policy, network): (greeted, MAIL without AUTH, MAIL after AUTH; None: there is no AUTH)
MATRIX = {
    ("network", INSIDE): (True, 250, None),
    ("network", OUTSIDE): (False, None, None),
    ("network_or_auth", INSIDE): (True, 250, 250),
    ("network_or_auth", OUTSIDE): (True, 530, 250),
    ("network_auth_optional", INSIDE): (True, 250, 250),
    ("network_auth_optional", OUTSIDE): (False, None, None),
    ("network_and_auth", INSIDE): (True, 530, 250),
    ("network_and_auth", OUTSIDE): (False, None, None),
}


def check_refused(relay, name):
    try:
        relay.connect(name)
        raise AssertionError(f"{name}: greeted")
    except smtplib.SMTPConnectError as refusal:
        assert relay.tls[name] == "starttls" and refusal.smtp_code == 554, refusal
    except (smtplib.SMTPServerDisconnected, ssl.SSLError, ConnectionError):
        assert relay.tls[name] == "implicit"


def policies():
    with private_folder("auth-policies") as folder:
        expected = {f"{policy}-{'in' if network == INSIDE else 'out'}-{tls[0]}": (policy, network, tls)
                    for policy, network in MATRIX for tls in ("starttls", "implicit")}
        with Relay(folder, [(name, *row) for name, row in expected.items()]) as relay:
            for name, (policy, network, _) in expected.items():
                is_greeted, before, after = MATRIX[policy, network]
                if not is_greeted:
                    check_refused(relay, name)
                    continue
                client = relay.connect(name)
                code, text = client.docmd("MAIL FROM:<a@sender.example>")
                assert code == before and (code == 250 or text.startswith(b"5.7.0")), (name, code, text)
                client.rset()
                assert client.has_extn("auth") == (after is not None), name
                if after:
                    client.login(USER, PASSWORD)
                    assert client.docmd("MAIL FROM:<a@sender.example>")[0] == after, name
                else:
                    assert client.docmd("AUTH PLAIN " + plain())[0] == 502, name
                client.quit()


def settings():
    def check(*given):
        command = [str(build_folder() / "hikyaku"), "-c", str(PROJECT / "examples" / "embedded.conf"), "--check-config"]
        for setting in given:
            command += ["--set", setting]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return run.returncode, run.stdout + run.stderr

    tls = ('listeners.[0].certificate="c"', 'listeners.[0].key="k"')
    users = 'ingress.users_file="u"'
    for policy in ("network_or_auth", "network_auth_optional", "network_and_auth"):
        word = f'listeners.[0].policy="{policy}"'
        assert check(word, users, *tls)[0] == 0
        for given, missing in (((word, users), "certificate"), ((word, *tls), "users_file")):
            code, text = check(*given)
            assert code == 2 and f"missing: {missing}" in text and policy in text, text
    code, text = check('listeners.[0].policy="anybody"')
    assert code == 2 and "network_auth_optional" in text, text
    code, text = check('listeners.[0].tls="implicit"')
    assert code == 2 and "certificate" in text, text
    with private_folder("auth-settings") as folder:
        path = os.path.join(folder, "users")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# ours\nshop:plain:secret\n")
        node = Embedded(folder, None, [f'ingress.users_file="{path}"'])
        node.service.start()
        assert node.service.process.wait_for_end(30) == 1
        assert f"{path}:2: " in node.service.process.tail(), node.service.process.tail()


def ask_on_terminal(path, name, *answers):
    """(exit status, what the terminal showed)"""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(str(build_folder() / "hikyakuctl"), ["hikyakuctl", "user", "add", path, name])
    shown = b""
    for prompt, answer in zip((b"Password: ", b"again: "), answers):
        while prompt not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, answer.encode() + b"\n")
    with contextlib.suppress(OSError):
        while more := os.read(terminal, 1024):
            shown += more
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()


def users():
    with private_folder("auth-users") as folder:
        path = os.path.join(folder, "users")
        assert "shop was added" in add_user(path)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with open(path, "a", encoding="utf-8") as file:
            file.write("# theirs\n\n")
        add_user(path, "other", "x" * 255)
        assert "shop has a new password" in add_user(path)
        assert ctl("user", "list", path) == "shop\nother\n"
        assert json.loads(ctl("user", "list", path, "--json")) == {"users": ["shop", "other"]}
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert "# theirs\n\nother:scrypt:ln=15,r=8,p=1:" in text and PASSWORD not in text, text
        for name, given, words in (("a b", "x\n", "without blanks"), ("c", "\n", "empty"), ("c", "x" * 256, "255"),
                                   ("c", "x\x03\n", "control")):
            assert words in ctl("user", "add", path, name, "--password-stdin", given=given, status=1)
        assert 'no user "nobody"' in ctl("user", "remove", path, "nobody", status=1)
        for wrong in ((), ("add", path), ("list",), ("remove", path), ("rename", path, "a")):
            assert "--help" in ctl("user", *wrong, status=2)
        with open(path + ".new", "x", encoding="utf-8"):
            assert "another change" in ctl("user", "remove", path, "other", status=1)
        os.unlink(path + ".new")
        with open(path, encoding="utf-8") as file:
            assert file.read() == text, "what failed has changed the file"
        assert "other was removed" in ctl("user", "remove", path, "other")
        assert ctl("user", "list", path) == "shop\n"
        status, shown = ask_on_terminal(path, "typed", "hidden words", "hidden words")
        assert status == 0 and "typed was added" in shown and "hidden" not in shown, shown
        status, shown = ask_on_terminal(path, "other", "hidden words", "hidden wards")
        assert status == 1 and "differ" in shown and "hidden" not in shown, shown
        assert ctl("user", "list", path) == "shop\ntyped\n"
        assert os.listdir(folder) == ["users"]


def noop_latencies(client, is_over):
    latencies = []
    while not is_over():
        start = time.monotonic()
        assert client.noop()[0] == 250
        latencies.append(time.monotonic() - start)
    return sorted(latencies)


def load():
    """20 logins at once: all let in, and a connection besides does not feel it."""
    with private_folder("auth-load") as folder:
        with Relay(folder, [("smtp", "network_or_auth", OUTSIDE, "starttls")]) as relay:
            clients = [relay.connect("smtp") for _ in range(20)]
            other = relay.connect("smtp", is_secured=False)
            start = time.monotonic()
            threads = [threading.Thread(target=client.login, args=(USER, PASSWORD)) for client in clients]
            for thread in threads:
                thread.start()
            latencies = noop_latencies(other, lambda: not any(thread.is_alive() for thread in threads))
            took = time.monotonic() - start
            for client in clients:
                assert client.docmd("MAIL FROM:<a@sender.example>")[0] == 250
                client.close()
            worst, median = latencies[-1], statistics.median(latencies)
            late = latencies[len(latencies) * 999 // 1000]
            print(f"auth: 20 logins in {took * 1000:.0f} ms; NOOP beside them: median {median * 1000:.2f} ms, "
                  f"99.9 % {late * 1000:.1f} ms, worst {worst * 1000:.1f} ms of {len(latencies)}")
            assert took > 2 * median and len(latencies) > 10, "nothing was measured"
            assert median < 0.02 and late < 0.1 and worst < max(0.5, took / 2), latencies[-5:]


def put_slow_user(path):
    """One whose password takes about a second to check."""
    salt = b"salt" * 4
    key = hashlib.scrypt(b"slow", salt=salt, n=1 << 16, r=8, p=10, maxmem=1 << 27, dklen=32)
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"slow:scrypt:ln=16,r=8,p=10:{base64.b64encode(salt).decode()}:{base64.b64encode(key).decode()}\n")


def patience():
    """A client whose password we still check is not silent, whatever it sends meanwhile."""
    with private_folder("auth-patience") as folder:
        relay = Relay(folder, [("smtp", "network_or_auth", OUTSIDE, "starttls")], "ingress.idle_timeout_ms=1000")
        put_slow_user(relay.users)
        with relay:
            clients = []
            start = time.monotonic()
            while len(clients) < 5:  # more than there are threads
                client = relay.connect("smtp")
                clients.append(client)
                client.send("AUTH PLAIN " + plain("slow", "slow") + "\r\n")
                client.send("NOOP\r\n")
            replies = [client.getreply()[0] for client in clients for _ in range(2)]
            took = time.monotonic() - start
            assert replies == [235, 250] * len(clients), replies
            assert took > 1.5, f"checked within {took:.1f} s: nothing was proven"
            print(f"auth: {len(clients)} passwords took {took:.1f} s, one second of silence is allowed")
            assert [client.getreply()[0] for client in clients] == [421] * len(clients), "and then they are silent"


def guesses():
    """Who fails too often waits, on whichever connection and whatever the password; others do not."""
    with private_folder("auth-guesses") as folder:
        with Relay(folder, [("smtp", "network_or_auth", OUTSIDE, "starttls")], "ingress.auth_failures=4",
                   "ingress.auth_failure_period_s=5") as relay:
            start = time.monotonic()
            for _ in range(2):
                client = relay.connect("smtp")
                for _ in range(2):
                    refuse_login(client, "wrong")
            for _ in range(2):
                code, text = relay.connect("smtp").docmd("AUTH PLAIN " + plain())
                assert code == 454 and b"Too many failed logins from your address" in text, (code, text)
            other = relay.connect("smtp", source="127.0.0.2")
            assert other.docmd("AUTH PLAIN " + plain())[0] == 235
            assert relay.node.service.metric("hikyaku_ingress_auth_total") == 4 + 2 + 1
            assert 'mechanism="PLAIN",result="blocked"} 2' in relay.node.service.get("/metrics")[1]
            wait_until(lambda: relay.connect("smtp").docmd("AUTH PLAIN " + plain())[0] == 235, 10, "let in again")
            assert time.monotonic() - start > 4.5, "let in too early"


PARTS = {part.__name__: part for part in (mechanisms, reload, policies, settings, users, load, patience, guesses)}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"auth: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
