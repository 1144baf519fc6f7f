# SPDX-License-Identifier: Apache-2.0
"""Handing in a mail octet by octet as it is meant, and reading a bounce."""
import email
import email.policy
import smtplib

SENDER = "app@sender.example"


def content_for(rcpt, body=b"Hello\r\n"):
    return (f"From: <{SENDER}>\r\nTo: <{rcpt}>\r\nSubject: test\r\nMessage-ID: <{rcpt}>\r\n\r\n").encode() + body


def stuffed(content):
    """As it goes over the wire, the final dot not included."""
    return (b"." if content.startswith(b".") else b"") + content.replace(b"\r\n.", b"\r\n..")


def connect(port, timeout=60):
    client = smtplib.SMTP("127.0.0.1", port, timeout=timeout, local_hostname="app.sender.example")
    client.ehlo()
    return client


def transact(client, rcpts, content, sender=SENDER, options="", rcpt_options=""):
    """The replies that are not 250 or 354, else the 250 to the final dot: (code, text)."""
    for command in (f"MAIL FROM:<{sender}>{options}", *(f"RCPT TO:<{rcpt}>{rcpt_options}" for rcpt in rcpts)):
        reply = client.docmd(command)
        if reply[0] != 250:
            return reply
    reply = client.docmd("DATA")
    if reply[0] != 354:
        return reply
    client.send(stuffed(content) + b".\r\n")
    return client.getreply()


def submit(port, rcpt, content=None):
    """One mail on a connection of its own; must be accepted."""
    client = connect(port)
    reply = transact(client, [rcpt], content or content_for(rcpt))
    client.quit()
    assert reply[0] == 250, f"to {rcpt}: {reply}"


def bounce_fields(arrival):
    """The per-recipient fields of a bounce."""
    assert arrival.sender == "", f"a report must come from <>, not {arrival.sender}"
    report = email.message_from_bytes(arrival.content, policy=email.policy.default)
    status = next(part for part in report.walk() if part.get_content_type() == "message/delivery-status")
    return status.get_payload()[1]
