#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The four Received modes through the real programs, each in a configuration that a listener of its own
picks, all four at once; read back by Python's email package. And a mail that loops through ourselves in
each of them.

  received.py embedded|cluster ..."""
import email
import email.policy
import email.utils
import re
import sys

from kit.cluster import private_folder, relay
from kit.destination import Destination
from kit.mail import SENDER, bounce_fields, connect, content_for, submit, transact
from kit.ports import free_port

RELAY = "mta01.relay.example"
EHLO = "app.sender.example"  # what kit.mail says
HOPS = 10  # the lowest limit there is
LOOP_TOKEN = "X-Hikyaku-Loop"
OLD = (b"Received: from old.example ([192.0.2.9])\r\n by app.example;\r\n\tTue, 8 Mar 2016 16:01:54 +0900\r\n"
       b"RECEIVED: by localhost; Tue, 8 Mar 2016 16:01:50 +0900\r\n")
KEPT = (f"From: <{SENDER}>\r\nX-Received: stays\r\nSubject: folded\r\n Received: no field\r\n".encode()
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + b"Received: from nested.example by nested.example; Tue, 8 Mar 2016 16:01:54 +0900\r\n"
        + b"Subject: nested\r\n\r\n..\r\n.Received: body\r\n--b--\r\n")


def fields_of(content):
    """The top-level header; a defect would mean that a parser cannot read it."""
    mail = email.message_from_bytes(content, policy=email.policy.SMTP)
    assert not mail.defects, mail.defects
    return mail


def check_date(field):
    assert field.count(";") == 1, field
    date = field.rsplit(";", 1)[1].strip()
    assert re.fullmatch(r"[A-Z][a-z]{2}, [1-9]\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", date), date
    assert email.utils.parsedate_to_datetime(date).tzinfo is not None


def check_abbreviated(received, content):
    assert len(received) == 3 and received[0].startswith(f"from {EHLO} by {RELAY};"), received
    assert content.endswith(OLD + KEPT)
    assert b"127.0.0.1" not in content, "the client's address"
    check_date(received[0])


def check_normal(received, content):
    expected = f"from {EHLO} (unknown [127.0.0.1]) by {RELAY} ({RELAY} [127.0.0.1]);"
    assert len(received) == 3 and received[0].startswith(expected), received
    assert content.endswith(OLD + KEPT)
    check_date(received[0])


def check_none(received, content):
    assert len(received) == 2 and received[0].startswith("from old.example"), received
    assert re.fullmatch(rb"X-Hikyaku-Loop: [0-9a-f]{16}\r\n" + re.escape(OLD + KEPT), content), content


def check_remove_all(received, content):
    assert not received, received
    assert re.fullmatch(rb"X-Hikyaku-Loop: [0-9a-f]{16}\r\n" + re.escape(KEPT), content), content


MODES = {"abbreviated": check_abbreviated, "normal": check_normal, "none": check_none,
         "remove_all": check_remove_all}


def check_arrival(destination, port, mode):
    rcpt = f"ok-{mode}@dest.example"
    submit(port, rcpt, OLD + KEPT)
    destination.wait_for(lambda d: d.to(rcpt), 30, "delivered")
    content = destination.to(rcpt)[0].content
    mail = fields_of(content)
    MODES[mode](mail.get_all("Received", []), content)
    assert len(mail.get_all(LOOP_TOKEN, [])) == (mode in ("none", "remove_all"))
    nested = next(part for part in mail.walk() if part.get_content_type() == "message/rfc822")
    assert len(nested.get_payload()[0].get_all("Received")) == 1, "the nested mail is touched"


def check_odd_mails(destination, port):
    """Nothing but a header, no header, no empty line, a header of 100 KiB."""
    long = b"".join(b"Received: by %d.example; x\r\nX-%d: kept\r\n" % (n % 5, n) for n in range(2600))
    long = long.replace(b"Received", b"X-Other", 2595)  # within the limit of hops
    for number, content in enumerate([b"\r\nReceived: body\r\n", b"Received: all\r\n there is\r\n", b"\r\n",
                                      long + b"\r\nReceived: body\r\n"]):
        rcpt = f"ok-odd-{number}@dest.example"
        submit(port, rcpt, content)
        destination.wait_for(lambda d, r=rcpt: d.to(r), 30, rcpt)
        header, empty, body = content.partition(b"\r\n\r\n") if not content.startswith(b"\r\n") else (b"", b"", content)
        left = re.sub(rb"(?im)^Received:.*\r\n([ \t].*\r\n)*", b"", header + b"\r\n" if empty else header)
        expected = left + (b"\r\n" + body if empty else body)
        arrived = destination.to(rcpt)[0].content.split(b"\r\n", 1)[1]  # behind the loop token
        assert arrived == expected, f"{rcpt}: {arrived[:200]!r} instead of {expected[:200]!r}"


def check_limit(port):
    """Hops are counted before any is deleted."""
    client = connect(port)
    reply = transact(client, ["ok-limit@dest.example"], b"Received: by a.example; x\r\n" * HOPS + b"\r\nhi\r\n")
    client.quit()
    assert reply[0] == 554 and reply[1].startswith(b"5.4.6 "), reply


def check_loop(destination, port, mode):
    """A destination that is ourselves: the last of its refusals reaches the sender."""
    sender = f"{mode}@sender.example"
    client = connect(port)
    assert transact(client, [f"round@{mode}.example"], content_for("round"), sender)[0] == 250
    client.quit()
    destination.wait_for(lambda d: d.to(sender), 60, "the loop ends with a bounce")
    fields = bounce_fields(destination.to(sender)[0])
    assert fields["Action"] == "failed" and fields["Status"] == "5.4.6", fields.items()
    assert "554 5.4.6" in fields["Diagnostic-Code"], fields.items()


def settings_for(ports):
    """A listener, a configuration that names it, and a way back to it for each mode."""
    items = ", ".join(f'{{name="{mode}"; received="{mode}"; listeners=["{mode}"];}}' for mode in ports)
    yield f"configurations=({items})"
    yield f'ingress.hostname="{RELAY}"'
    yield f"ingress.hop_limit={HOPS}"
    for number, (mode, port) in enumerate(ports.items(), 1):
        yield f'listeners.[{number}].name="{mode}"'
        yield f"listeners.[{number}].port={port}"
        yield f'listeners.[{number}].networks=["127.0.0.0/8"]'
        yield f'routes.[{number}].domain="{mode}.example"'
        yield f'routes.[{number}].hosts=["127.0.0.1:{port}"]'


def check(kind):
    destination = Destination()
    ports = {mode: free_port() for mode in MODES}
    with private_folder("received") as folder, relay(kind, folder, destination, list(settings_for(ports))):
        for mode, port in ports.items():
            check_arrival(destination, port, mode)
            check_limit(port)
            check_loop(destination, port, mode)
        check_odd_mails(destination, ports["remove_all"])
    print(f"{kind}: {len(MODES)} modes read back, and a loop found within {HOPS} hops in each", flush=True)


def main():
    for kind in sys.argv[1:]:
        check(kind)


if __name__ == "__main__":
    main()
