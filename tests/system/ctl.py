#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`hikyakuctl preview retry`, `preview received`, `preview bounce` and `check`: what people read, what programs
read, and what is said about wrong arguments. `preview from` is in envelope_from.py, the bounces themselves in
bounce_parsers.py."""
import datetime
import email
import email.utils
import json
import os
import pathlib
import subprocess

from kit.cluster import PROJECT, build_folder, private_folder

GOLDEN = [(240, 240), (720, 960), (1200, 2160), (1680, 3840), (2160, 6000), (2640, 8640), (3120, 11760),
          (3600, 15360), (4080, 19440), (4560, 24000), (5040, 29040), (5520, 34560), (6000, 40560), (6480, 47040),
          (6960, 54000), (7440, 61440), (7920, 69360), (8400, 77760)]  # S18
EMBEDDED = str(PROJECT / "examples" / "embedded.conf")
CLUSTER = str(PROJECT / "examples" / "cluster.conf")


def ctl(*arguments, status=0):
    """(standard output, standard error)"""
    run = subprocess.run([str(build_folder() / "hikyakuctl"), *arguments], capture_output=True, text=True,
                         timeout=60, env={**os.environ, "TZ": "Asia/Tokyo"})
    assert run.returncode == status, f"{arguments}: exit {run.returncode}, not {status}: {run.stdout}{run.stderr}"
    return run.stdout, run.stderr


def sets(*settings):
    return [word for setting in settings for word in ("--set", setting)]


def retry_sets(*settings):
    return sets(*(f"configurations.[0].retry.{setting}" for setting in settings))


def retry(*settings):
    return json.loads(ctl("preview", "retry", "--json", *retry_sets(*settings))[0])


def waits(table):
    return [row["interval_ms"] / 1000 for row in table["retries"]]


def test_s18_golden_table():
    for arguments in ([], ["-c", EMBEDDED], ["-c", CLUSTER]):
        table = json.loads(ctl("preview", "retry", "--json", *arguments)[0])
        rows = [(row["interval_ms"], row["elapsed_ms"]) for row in table["retries"]]
        assert rows == [(wait * 1000, elapsed * 1000) for wait, elapsed in GOLDEN], rows
        assert [row["number"] for row in table["retries"]] == list(range(1, 19))
        assert (table["attempts"], table["gives_up_ms"]) == (19, 77_760_000), table
        first, second = (email.utils.parsedate_to_datetime(row["at"]) for row in table["retries"][:2])
        assert second - first == datetime.timedelta(seconds=720) and first.utcoffset().seconds == 9 * 3600


def test_s18_table_for_people():
    lines = ctl("preview", "retry")[0].splitlines()
    assert lines[0] == "exponential: 480 * n - 240 s; for 86400 s", lines[0]
    rows = [line.split() for line in lines if line[:5].strip().isdigit()]
    assert [(int(row[1]), int(row[2])) for row in rows] == GOLDEN
    assert rows[17][3:5] == ["0d", "21:36:00"] and rows[17][-1] == "+0900", rows[17]
    assert lines[-1].startswith("given up after 19 attempts, 77760 s after it was accepted: "), lines[-1]


def test_s18_boundaries():
    for period, retries in ((77759, 17), (77760, 18), (86639, 18), (86640, 19)):
        assert len(retry(f"period_s={period}")["retries"]) == retries, period


def test_retry_kinds():
    assert waits(retry("interval=linear", "a_s=300", "period_s=3600")) == [300] * 12
    assert waits(retry("interval=geometric", "a_s=60", "factor_percent=150", "cap_s=200",
                       "period_s=800")) == [60, 90, 135, 200, 200]
    assert waits(retry("interval=list", 'list_s=["60", "30"]', "period_s=150")) == [60, 30, 30, 30]
    table = retry("interval=linear", "a_s=1", "period_s=3600", "jitter_percent=50")
    assert len(table["retries"]) == 3600 and table["jitter_percent"] == 50
    text = ctl("preview", "retry", *retry_sets("interval=linear", "a_s=1", "period_s=3600",
                                         "jitter_percent=50"))[0]
    assert "up to 50 % shorter or longer" in text and "... and 3500 more" in text, text[-300:]


def test_configuration_is_named():
    bulk = 'configurations=({retry={a_s=300; b_s=0;};}, {name="bulk"; retry={interval="linear"; a_s=60;};})'
    arguments = ["preview", "retry", "--json", "--set", bulk]
    assert waits(json.loads(ctl(*arguments)[0]))[:2] == [300, 600]
    assert waits(json.loads(ctl(*arguments, "--configuration", "bulk")[0]))[:2] == [60, 60]
    assert "allowed: default, bulk\n" in ctl(*arguments, "--configuration", "news", status=2)[1]


def test_received_in_four_modes():
    arguments = ["preview", "received", "--helo", "app.example", "--client", "192.0.2.1", "--local", "2001:db8::25"]
    seen = json.loads(ctl(*arguments, "--json", "-c", EMBEDDED, *sets("configurations.[0].received=remove_all"))[0])
    adds = seen["adds"]
    assert seen["in_use"] == "remove_all" and list(adds) == ["abbreviated", "normal", "none", "remove_all"], seen
    assert adds["abbreviated"].startswith("Received: from app.example by relay.example.com;\r\n "), adds
    assert adds["normal"].startswith("Received: from app.example (unknown [192.0.2.1])\r\n by relay.example.com "
                                     "(relay.example.com [IPv6:2001:db8::25]);\r\n "), adds
    assert adds["none"] == adds["remove_all"] and adds["none"].startswith("X-Hikyaku-Loop: "), adds
    text = ctl(*arguments)[0]
    assert "abbreviated (in use): " in text and "    Received: from app.example by localhost;\n     " in text, text


def bounce(*arguments):
    return json.loads(ctl("preview", "bounce", "--json", *arguments)[0])


def test_s26_bounce_in_the_format_of_the_configuration():
    assert bounce()["format"] == bounce("--format", "multipart")["format"] == "multipart"
    both = 'configurations=({bounce={format="simple";};}, {name="report"; bounce={format="multipart";};})'
    assert bounce("--set", both)["format"] == "simple"
    assert bounce("--set", both, "--configuration", "report")["format"] == "multipart"
    assert bounce("--set", both, "--format", "multipart")["format"] == "multipart"
    told = bounce("--set", both, "--failure", "relayed")
    assert (told["action"], told["format"]) == ("relayed", "multipart"), told


def test_bounce_is_made_by_the_settings():
    arguments = ["--sender", "app@shop.example", *sets(
        "bouncer.reporting_mta=relay.example", "bouncer.return=headers", "configurations.[0].received=normal",
        'configurations.[0].envelope_from.rewrite="@bounce.example"')]
    told = bounce("-c", EMBEDDED, *arguments)
    mail = email.message_from_string(told["mail"])
    text, status, returned = mail.get_payload()
    assert told["to"] == "app@bounce.example" and told["envelope_from"] == "", told
    assert mail["To"] == "<app@bounce.example>" and mail["Date"].endswith("+0900"), mail.items()
    about_mail, about_rcpt = status.get_payload()
    assert about_mail["Reporting-MTA"] == "dns; relay.example" and "Received-From-MTA" in about_mail
    assert about_mail["X-Hikyaku-Sender"] == "rfc822; app@shop.example", about_mail.items()
    assert about_rcpt["Status"] == "5.1.1" and "relay.example" in text.get_payload()
    assert returned.get_content_type() == "text/rfc822-headers"
    assert ctl("preview", "bounce")[0].startswith("From: Mail Delivery System <MAILER-DAEMON@localhost>")


def test_check():
    assert ctl("check", CLUSTER)[0] == f"{CLUSTER}: the configuration is valid\n"
    assert json.loads(ctl("check", "--embedded", EMBEDDED, "--json")[0]) == {"valid": True, "faults": []}
    with private_folder("ctl") as folder:
        path = pathlib.Path(folder) / "bad.conf"
        path.write_text('log: { brokers = "127.0.0.1:9092"; };\nconfigurations = ( { received = "some"; },\n'
                        '{ bounce: { format = "long"; }; },\n{ retry: { interval = "list"; }; },\n'
                        '{ pool: { count = 0; }; } );\nschedular: { };\nsender: { hostname = "a.example"; };\n')
        faults = ctl("check", str(path), status=1)[1].splitlines()
        told = json.loads(ctl("check", "--json", str(path), status=1)[0])
        assert told == {"valid": False, "faults": faults}, told
        for line, words in ((2, '"some"'), (3, '"long"'), (4, "list wants 1..32"), (5, "1 to 500"), (6, "schedul")):
            assert any(f"bad.conf:{line}: " in fault and words in fault for fault in faults), (line, faults)
        assert len(faults) == 5, faults
        assert "missing.conf" in ctl("check", str(path.parent / "missing.conf"), status=1)[1]


def test_diff():
    with private_folder("ctl") as folder:
        old, new = (str(pathlib.Path(folder) / name) for name in ("old.conf", "new.conf"))
        common = 'log: { brokers = "127.0.0.1:9092"; };\nsender: { hostname = "a.example"; '
        pathlib.Path(old).write_text(common + 'tls = "none"; };\nsending_domains = ( { domain = "gone.example"; } );\n'
                                     'redis: { password = "old"; };\n')
        pathlib.Path(new).write_text(common + '};\nconfigurations = ( { name = "default"; retry: { a_s = 300; }; } );\n'
                                     'redis: { password = "new"; };\n')
        assert ctl("diff", old, old)[0] == "no difference\n"
        lines = ctl("diff", old, new, status=1)[0].splitlines()
        assert sorted(lines) == sorted([
            'live     configurations "default": added', 'live     configurations "default" retry.a_s: 480 s -> 300 s',
            'live     sending_domains "gone.example": removed', 'restart  redis.password: "***" -> "***"',
            'restart  sender.tls: "none" -> "opportunistic"']), lines
        changes = json.loads(ctl("diff", "--json", old, new, status=1)[0])["changes"]
        assert {"kind": "changed", "section": "configurations", "element": '"default"', "setting": "retry.a_s",
                "old": "480 s", "new": "300 s", "effect": "live"} in changes, changes
        assert len(changes) == len(lines)
        assert ctl("diff", old, new, "--set", "sender.tls=required", status=1)[0].count("\n") == len(lines) - 1
        assert "missing.conf" in ctl("diff", old, folder + "/missing.conf", status=2)[1]
        assert "two files" in ctl("diff", old, status=2)[1]


def test_wrong_arguments():
    for arguments, words in ((["check"], "one FILE"), (["preview"], "bounce from received retry"),
                             (["preview", "received"], "--helo NAME and --client IP"),
                             (["preview", "received", "--helo", "a", "--client", "b"], "--client"),
                             (["preview", "retry", *retry_sets("period_s=59")], "604800"),
                             (["preview", "retry", *retry_sets("b_s=-480")], "0 < a + b < period"),
                             (["preview", "retry", "--configuration", "bulk"], "allowed: default"),
                             (["preview", "bounce", "--failure", "bad"], "allowed: unknown-user, "),
                             (["preview", "bounce", "--format", "long"], "allowed: multipart, simple"),
                             (["preview", "bounce", "--sender", "<>"], "<> gets no bounce"),
                             (["preview", "retry", "--hello"], "--helo NAME"), (["preview", "-c"], "value behind")):
        assert words in ctl(*arguments, status=2)[1], arguments
    for verb in ("check", "preview"):
        assert f"usage: hikyakuctl {verb} " in ctl(verb, "--help")[0]


def main():
    tests = [test for name, test in globals().items() if name.startswith("test_")]
    for test in tests:
        test()
    print(f"hikyakuctl: {len(tests)} tests passed")


if __name__ == "__main__":
    main()
