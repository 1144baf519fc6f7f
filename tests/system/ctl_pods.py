#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verbs of hikyakuctl that pods of the chart run: `send` against a listener of our own that answers by a script,
`sleep`, `topics show`."""
import contextlib
import json
import signal
import socket
import subprocess
import threading
import time

from kit.cluster import PROJECT, build_folder

CLUSTER = str(PROJECT / "examples" / "cluster.conf")
EHLO = "250-relay.test\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES"


def ctl(*arguments):
    run = subprocess.run([str(build_folder() / "hikyakuctl"), *arguments], capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout, run.stderr


def talk(connection, greeting, replies, heard):
    """Answers each line by its first word; after DATA takes lines up to the dot."""
    def say(reply):
        connection.sendall(f"{reply}\r\n".encode())

    say(greeting)
    is_content = False
    for line in connection.makefile("r", encoding="ascii", newline="\r\n"):
        heard.append(line.rstrip("\r\n"))
        word = "." if is_content and heard[-1] == "." else heard[-1].split(" ")[0]
        if is_content and word != ".":
            continue
        is_content = word == "DATA" and replies["DATA"].startswith("354")
        if word in replies:
            say(replies[word])


@contextlib.contextmanager
def listener(greeting="220 relay.test", **replies):
    """(address, what it heard)"""
    replies = {"EHLO": EHLO, "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok", "DATA": "354 go on",
               ".": "250 2.0.0 Ok: queued as 01TEST", **replies}
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    talk(connection, greeting, replies, heard)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", heard
        finally:
            thread.join(timeout=10)


def test_hello():
    with listener() as (address, heard):
        code, out, _ = ctl("send", "--address", address, "--helo", "pod.test")
    assert (code, out) == (0, f"{address}: says hello\n"), out
    assert heard == ["EHLO pod.test", "QUIT"], heard


def test_mail():
    with listener() as (address, heard):
        code, out, error = ctl("send", "--address", address, "--to", "b@b.test")
    assert code == 0 and out.endswith("250 2.0.0 Ok: queued as 01TEST\n"), (out, error)
    assert heard[:4] == ["EHLO localhost", "MAIL FROM:<b@b.test>", "RCPT TO:<b@b.test>", "DATA"], heard
    assert "To: <b@b.test>" in heard and "Subject: hikyaku test" in heard, heard
    assert heard[-2:] == [".", "QUIT"], heard


def test_sender():
    with listener() as (address, heard):
        assert ctl("send", "--address", address, "--to", "b@b.test", "--sender", "a@a.test")[0] == 0
    assert "MAIL FROM:<a@a.test>" in heard and "From: <a@a.test>" in heard, heard


def test_refused():
    for replies, words in (({"greeting": "554 5.7.1 not from here"}, "554 5.7.1 not from here"),
                           ({"MAIL": "530 5.7.0 authenticate first"}, "530 5.7.0 authenticate first"),
                           ({"RCPT": "550 5.1.1 nobody"}, "550 5.1.1 nobody"),
                           ({".": "451 4.3.0 later"}, "451 4.3.0 later")):
        with listener(**replies) as (address, _):
            code, out, error = ctl("send", "--address", address, "--to", "b@b.test")
        assert (code, out) == (1, "") and words in error, (replies, code, out, error)


def test_nobody_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        code, _, error = ctl("send", "--address", address)
    assert code == 1 and "does not answer" in error, error
    assert ctl("send", "--address", "no port")[0] == 2
    assert ctl("send", "word")[0] == 2


def test_no_header_by_an_address():
    with listener() as (address, heard):
        code, _, error = ctl("send", "--address", address, "--to", "b@b.test>\r\nRSET")
    assert code == 1 and "553 5.1.7" in error, error
    assert not any("b@b.test" in line for line in heard), heard


def test_sleep():
    begun = time.monotonic()
    assert ctl("sleep", "1")[0] == 0
    assert 1 <= time.monotonic() - begun < 20
    for words in (["x"], ["-1"], ["1", "2"], ["86401"]):
        assert ctl("sleep", *words)[0] == 2, words


def test_sleep_ends_when_told():
    for told in (signal.SIGTERM, signal.SIGINT):
        sleeper = subprocess.Popen([str(build_folder() / "hikyakuctl"), "sleep"])
        while not is_asleep(sleeper.pid):
            assert sleeper.poll() is None
        sleeper.send_signal(told)
        assert sleeper.wait(timeout=20) == 0


def is_asleep(pid):
    """Waiting for the first time in its life: it does nothing that would wait before."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return "Name:\thikyakuctl\n" in (text := status.read()) and "State:\tS" in text


def test_topics_show():
    code, out, _ = ctl("topics", "show", "-c", CLUSTER)
    assert code == 0 and "hikyaku.work: 64 partitions, 3 replicas\n" in out and "\n  retention.ms=" in out, out
    code, out, _ = ctl("topics", "show", "--json", "-c", CLUSTER, "--set", 'log.topic_prefix="mail."', "--set",
                       "log.event_partitions=5", "--set", "configurations=({retry={period_s=172800;};})")
    topics = {one["topic"]: one for one in json.loads(out)}
    assert code == 0 and len(topics) == 7 and topics["mail.event"]["partitions"] == 5, topics
    assert topics["mail.body"]["settings"]["retention.ms"] == str((172800 + 86400) * 1000), topics["mail.body"]


def main():
    tests = [test for name, test in globals().items() if name.startswith("test_")]
    for test in tests:
        test()
    print(f"hikyakuctl in pods: {len(tests)} tests passed")


if __name__ == "__main__":
    main()
