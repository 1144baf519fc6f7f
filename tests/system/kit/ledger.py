# SPDX-License-Identifier: Apache-2.0
"""The ledger: every 250 on one side, every arrival on the other, and the proof that they agree."""
import hashlib
import smtplib
import threading

SENDER = "app@sender.example"
# In this order: what was hit between the first copy and the next one, and how long after the first copy at
# most. A mark protects a mail from the moment of its remote 250, so a kill of the sender explains a second
# copy only right after the first; Redis takes the marks with it.
WINDOWS = (
    ("W3 sender killed between the remote 250 and its mark", ("sender", "hikyaku"), 1.0),
    ("W6 Redis lost, and with it the mark", ("redis",), 60.0),
    ("W6 broker lost before the commit", ("kafka",), 60.0),
    ("W5/W7 scheduler or bouncer killed within a step", ("scheduler", "bouncer"), 10.0),
)


class Submission:
    """One mail and what the client side knows about it."""

    def __init__(self, number, rcpt, size):
        self.number = number
        self.rcpt = rcpt
        filler = b"".join(b"%06d the quick brown fox jumps over the lazy dog\r\n.dot\r\n" % (number + i)
                          for i in range(max(1, size // 60)))
        self.content = (b"From: <%s>\r\nTo: <%s>\r\nSubject: ledger %d\r\nX-Ledger-Id: %d\r\n\r\n"
                        % (SENDER.encode(), rcpt.encode(), number, number)) + filler
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        self.accepted = 0   # 250s seen
        self.uncertain = 0  # dots sent whose reply never came, or was 451: it may be stored all the same


class Client(threading.Thread):
    """Submits its share, again and again until each has its 250."""

    def __init__(self, ports, submissions, on_progress):
        super().__init__(daemon=True)
        self.ports = ports
        self.submissions = submissions
        self.on_progress = on_progress
        self.connection = None
        self.turn = 0
        self.pause = threading.Event()
        self.failure = None

    def _connect(self):
        self.turn += 1
        self.connection = smtplib.SMTP("127.0.0.1", self.ports[self.turn % len(self.ports)], timeout=60,
                                       local_hostname="app.sender.example")
        self.connection.ehlo()

    def _submit(self, submission):
        """True after the 250. Whatever goes wrong before the dot leaves no trace."""
        dot_sent = False
        try:
            if self.connection is None:
                self._connect()
            for command in (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{submission.rcpt}>"):
                code, _ = self.connection.docmd(command)
                if code != 250:
                    self.connection.rset()
                    return False
            code, _ = self.connection.docmd("DATA")
            if code != 354:
                return False
            stuffed = submission.content.replace(b"\r\n.", b"\r\n..")
            dot_sent = True
            self.connection.send(stuffed + b".\r\n")
            code, _ = self.connection.getreply()
        except (OSError, smtplib.SMTPException):
            submission.uncertain += dot_sent
            self.connection = None
            return False
        if code == 250:
            submission.accepted += 1
            return True
        submission.uncertain += 1
        return False

    def run(self):
        try:
            for submission in self.submissions:
                while not self._submit(submission):
                    self.pause.wait(0.1)
                self.on_progress()
            if self.connection:
                self.connection.quit()
        except (OSError, smtplib.SMTPException):
            pass
        except BaseException as failure:  # a fault of the test itself must not pass silently
            self.failure = failure


class Ledger:
    def __init__(self, submissions):
        self.by_number = {submission.number: submission for submission in submissions}
        self.longest_gap_s = {}  # per window: from the first copy's arrival to the fault

    def outcomes(self, destination):
        """number -> (arrivals at the recipient, reports about it)."""
        found = {number: ([], []) for number in self.by_number}
        for arrival in list(destination.arrivals):
            if arrival.rcpt == SENDER:
                for number in self._reported(arrival):
                    found[number][1].append(arrival)
            else:
                found[int(arrival.header("X-Ledger-Id"))][0].append(arrival)
        return found

    def _reported(self, arrival):
        assert arrival.sender == "", "a report must come from <>"
        lines = arrival.content.split(b"\r\n")
        return {int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"x-ledger-id:")}

    def open_count(self, destination):
        return sum(1 for number, (arrivals, reports) in self.outcomes(destination).items()
                   if self.by_number[number].accepted and not arrivals and not reports)

    def check(self, destination, faults):
        """Every accepted mail has one fate, octets as sent; duplicates by the window they fell into."""
        windows = {}
        for number, (arrivals, reports) in self.outcomes(destination).items():
            submission = self.by_number[number]
            assert arrivals or reports, f"LOST: mail {number} to {submission.rcpt} had a 250"
            assert not (arrivals and reports), f"mail {number} was both delivered and bounced"
            for arrival in arrivals:
                assert arrival.body_sha256() == submission.sha256, f"mail {number} arrived changed"
            extra = len(arrivals or reports) - submission.accepted
            explained_by_client = min(extra, submission.uncertain)
            if explained_by_client > 0:
                windows["W1 client never saw our 250"] = (windows.get("W1 client never saw our 250", 0)
                                                          + explained_by_client)
                extra -= explained_by_client
            for arrival in (arrivals or reports)[1:][:max(0, extra)]:
                window = self._window((arrivals or reports), arrival, faults)
                windows[window] = windows.get(window, 0) + 1
        return windows

    def _window(self, copies, arrival, faults):
        """Which fault lies between the first copy and this one."""
        first = copies[0]
        between = [(at, name) for at, name in faults if first.at - 1.0 <= at <= arrival.at]
        if not first.replied:
            return "W3 our destination's reply was lost"
        for window, names, within_s in WINDOWS:
            gaps = [abs(at - first.at) for at, name in between if name.split("-")[0] in names]
            if gaps and min(gaps) <= within_s:
                self.longest_gap_s[window] = max(self.longest_gap_s.get(window, 0.0), min(gaps))
                return window
        return "unexplained"
