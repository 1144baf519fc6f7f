#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bounces as three strangers read them: Python's email package, Sisimai, Mail::DeliveryStatus::BounceParser.

  bounce_parsers.py           checks, and compares what they say with the table in docs/bounces.md
  bounce_parsers.py --write   writes that table
The bounces are those of `hikyakuctl preview bounce` (the bouncer's own builder and the sender's own verdicts),
in both layouts, and tests/golden/bounces."""
import email
import email.policy
import json
import pathlib
import subprocess
import sys

from kit.cluster import PROJECT, build_folder, private_folder

DOCS = PROJECT / "docs" / "bounces.md"
BEGIN, END = "<!-- bounce_parsers.py: begin -->\n", "<!-- bounce_parsers.py: end -->\n"
READER = pathlib.Path(__file__).parent / "parsers" / "read_bounces.pl"
FORMATS = ("multipart", "simple")
RCPT = "user1@dest.example.com"
FAILED = {  # our Status, Sisimai's word for the class
    "unknown-user": ("5.1.1", "userunknown"), "bare-550": ("5.0.0", "filtered"),
    "mailbox-disabled": ("5.2.1", "suspend"), "mailbox-full": ("5.2.2", "mailboxfull"),
    "bad-address": ("5.1.3", "userunknown"), "relay-denied": ("5.7.1", "norelaying"),
    "blocked": ("5.7.1", "blocked"), "policy": ("5.7.1", "securityerror"),
    "authentication": ("5.7.26", "policyviolation"), "spam": ("5.7.1", "spamdetected"),
    "too-large": ("5.3.4", "mesgtoobig"), "expired": ("4.4.7", "expired"), "greylisted": ("4.4.7", "expired"),
    "no-answer": ("4.4.7", "expired"), "unknown-host": ("5.1.2", "hostunknown"), "null-mx": ("5.1.10", "notaccept"),
}
MISREAD = {  # Sisimai prefers a reply that it knows to our Status, and has its own for a reply without one
    ("greylisted", "multipart"): {"status": "4.7.1", "reason": "blocked"},
    ("bare-550", "simple"): {"status": "5.0.910", "action": ""},
}


class Bounce:
    """One bounce in a file of its own, and what was found in it."""

    def __init__(self, folder, name, layout, octets):
        self.name, self.layout = name, layout
        self.mail = email.message_from_bytes(octets, policy=email.policy.compat32)
        self.path = str(pathlib.Path(folder) / f"{name}.{layout}")
        pathlib.Path(self.path).write_bytes(octets.replace(b"\r\n", b"\n"))
        self.sisimai = self.bounce_parser = None

    def blocks(self):
        """The recipient blocks, as Python's email package has them."""
        return self.mail.get_payload()[1].get_payload()[1:]

    def listed(self):
        if self.layout == "simple":
            return [line[1:-2] for line in self.mail.get_payload().splitlines()
                    if line.startswith("<") and line.endswith(">:")]
        return [block["Final-Recipient"].split("; ")[1] for block in self.blocks()]


def preview(*arguments):
    return subprocess.run([str(build_folder() / "hikyakuctl"), "preview", "bounce", *arguments],
                          capture_output=True, timeout=60, check=False)


def names():
    """hikyakuctl lists them when asked for one that it does not know."""
    run = preview("--failure", "?")
    assert run.returncode == 2, run
    return run.stderr.decode().split("allowed: ")[1].strip().split(", ")


def previewed(folder, name, layout):
    run = preview("--failure", name, "--format", layout, "--set", "bouncer.reporting_mta=mta01.relay.example")
    assert run.returncode == 0, run.stderr
    return Bounce(folder, name, layout, run.stdout)


def golden(folder):
    for path in sorted((PROJECT / "tests" / "golden" / "bounces").glob("*.eml")):
        layout, name = path.stem.split("-", 1)
        yield Bounce(folder, "golden-" + name, layout, path.read_bytes())


def read_all(bounces):
    run = subprocess.run(["perl", str(READER), *(bounce.path for bounce in bounces)], check=True,
                         capture_output=True, timeout=120)
    said = json.loads(run.stdout)
    for bounce in bounces:
        bounce.sisimai, bounce.bounce_parser = (said[bounce.path][parser] for parser in ("sisimai", "bounce_parser"))


# ---- what must be ----

def test_s27_simple_is_one_text(bounces):
    for bounce in (b for b in bounces if b.layout == "simple"):
        assert bounce.mail.get_content_type() == "text/plain" and not bounce.mail.is_multipart(), bounce.name


def test_s28_multipart_is_a_report(bounces):
    for bounce in (b for b in bounces if b.layout == "multipart"):
        assert bounce.mail.get_content_type() == "multipart/report" and not bounce.mail.defects, bounce.name
        assert bounce.mail.get_payload()[1].get_content_type() == "message/delivery-status", bounce.name
        if bounce.name in FAILED:
            (block,) = bounce.blocks()
            status = FAILED[bounce.name][0]
            assert (block["Action"], block["Status"].split()[0]) == ("failed", status), block.items()


def test_sisimai_reads_recipient_action_status_and_reason(bounces):
    for bounce in (b for b in bounces if b.name in FAILED):
        status, reason = FAILED[bounce.name]
        expected = {"recipient": RCPT, "action": "failed", "status": status, "reason": reason,
                    **MISREAD.get((bounce.name, bounce.layout), {})}
        assert bounce.sisimai == [expected], (bounce.name, bounce.layout, bounce.sisimai)


def test_bounce_parser_reads_recipient_action_and_status(bounces):
    """Action and Status only exist for it in a report; its reason stands in the table."""
    for bounce in (b for b in bounces if b.name in FAILED):
        (found,) = bounce.bounce_parser
        assert found["recipient"] == RCPT, (bounce.name, found)
        if bounce.layout == "multipart":
            assert (found["action"], found["status"].split()[0]) == ("failed", FAILED[bounce.name][0]), found


def test_what_is_no_failure_is_not_taken_for_one(bounces):
    others = [b for b in bounces if b.layout == "multipart" and b.blocks()[0]["Action"] != "failed"]
    assert {b.name for b in others} == {"relayed", "golden-relayed", "golden-delayed"}
    for bounce in others:
        assert not bounce.bounce_parser, bounce.bounce_parser
        assert [found["action"] for found in bounce.sisimai] == [bounce.blocks()[0]["Action"]], bounce.sisimai


def test_exactly_the_listed_recipients(bounces):
    for bounce in bounces:
        rcpts = sorted(bounce.listed())
        assert sorted(found["recipient"] for found in bounce.sisimai) == rcpts, (bounce.name, bounce.sisimai)
        if bounce.name == "golden-failed-dsn":  # BounceParser names the Original-Recipient where there is one
            rcpts = [block["Original-Recipient"].split("; ")[1] for block in bounce.blocks()]
        if bounce.bounce_parser:
            assert sorted(found["recipient"] for found in bounce.bounce_parser) == rcpts, bounce.bounce_parser


# ---- the table ----

def cell(found):
    if not found:
        return "no bounce"
    status = (found[0]["status"] or "").split()
    words = [found[0]["action"] if found[0]["action"] != "failed" else "", *status[:1], found[0]["reason"]]
    return " ".join(word for word in words if word)


def table(bounces):
    by_key = {(b.name, b.layout): b for b in bounces}
    lines = ["| `--failure` | ours | Sisimai, multipart | simple | BounceParser, multipart | simple |\n",
             "|---|---|---|---|---|---|\n"]
    for name in names():
        report = by_key[name, "multipart"]
        block = report.blocks()[0]
        cells = [f"{block['Action']} {block['Status'].split()[0]}"]
        for parser in ("sisimai", "bounce_parser"):
            for layout in FORMATS:
                bounce = by_key.get((name, layout))
                cells.append(cell(getattr(bounce, parser)) if bounce else "")
        lines.append(f"| `{name}` | {' | '.join(cells)} |\n")
    return "".join(lines)


def test_table_in_the_docs_is_what_they_say(bounces):
    assert DOCS.read_text().split(BEGIN)[1].split(END)[0] == table(bounces), \
        f"docs/bounces.md is not what the parsers say: {sys.argv[0]} --write"


def write(bounces):
    before, rest = DOCS.read_text().split(BEGIN)
    DOCS.write_text(before + BEGIN + table(bounces) + END + rest.split(END)[1])


def main():
    with private_folder("bounce-parsers") as folder:
        assert set(names()) == {*FAILED, "relayed"}, names()
        bounces = [previewed(folder, name, layout) for name in FAILED for layout in FORMATS]
        bounces += [previewed(folder, "relayed", "multipart"), *golden(folder)]
        read_all(bounces)
        if sys.argv[1:] == ["--write"]:
            write(bounces)
        tests = [test for name, test in globals().items() if name.startswith("test_")]
        for test in tests:
            test(bounces)
    print(f"{len(bounces)} bounces, three readers: {len(tests)} tests passed")


if __name__ == "__main__":
    main()
