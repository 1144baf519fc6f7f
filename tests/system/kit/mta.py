# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix and Exim as relays on loopback (scripts/fetch-mail-servers), each under bubblewrap: with users,
/etc, queue and processes of its own, and nothing of this machine but /usr. They begin as root and give it up
themselves, so only root can run them."""
import os
import pathlib
import sys

from .bubblewrap import need_bubblewrap
from .certificate import Certificate
from .ports import free_port
from .process import Process, is_listening, wait_until

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "hikyaku"
UNPACKED = CACHE / "mail-servers"
INSIDE = "/mail-servers"  # where it lies under bubblewrap
LIBRARIES = f"{INSIDE}/usr/lib/postfix"
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID", "SYS_CHROOT")
OWNER, SETGID = 64101, 64102  # of the queues; postdrop: users of no machine
ETC = {
    "passwd": f"root:x:0:0::/:/bin/sh\npostfix:x:{OWNER}:{OWNER}::/:/bin/false\n"
              f"Debian-exim:x:{OWNER}:{OWNER}::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n",
    "group": f"root:x:0:\npostfix:x:{OWNER}:\nDebian-exim:x:{OWNER}:\npostdrop:x:{SETGID}:\nnogroup:x:65534:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n", "hosts": "127.0.0.1 localhost\n",
    "resolv.conf": "",
}


def need_mail_servers():
    """Ends a test with 77 (skipped) where they cannot run."""
    need_bubblewrap("Postfix and Exim")
    assert UNPACKED.is_dir(), "Postfix and Exim are missing: scripts/fetch-mail-servers"


class Mta:
    """One of them, NAME.example."""
    name = program = queues = None

    def __init__(self, folder, name=None):
        self.name = name or self.name
        self.port = free_port()
        self.root = pathlib.Path(folder, self.name)
        self.spool, self.etc = self.root / "spool", self.root / "etc"
        for path in (self.spool, self.etc, self.root / "log"):
            path.mkdir(parents=True)
            os.chown(path, *((0, 0) if path == self.etc else (OWNER, OWNER)))
        for name, text in ETC.items():
            self.write(name, text)
        self.process = Process(self.name, self.command(), folder, {"LD_LIBRARY_PATH": LIBRARIES})

    def write(self, name, text):
        path = self.etc / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def certificate(self):
        """The paths inside of a self-signed certificate and its key."""
        made = Certificate(self.etc)
        for path in (made.path, made.key):
            os.chmod(path, 0o644)
        return "/etc/certificate.pem", "/etc/key.pem"

    def command(self):
        """Process identifiers of their own: what is within ends with bubblewrap."""
        words = ["bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                 "--hostname", f"{self.name}.example", "--ro-bind", "/usr", "/usr", "--ro-bind", UNPACKED, INSIDE,
                 "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run", "--bind", self.etc, "/etc",
                 "--bind", self.spool, "/queue", "--bind", self.root / "log", "/log"]
        for folder in ("bin", "sbin", "lib", "lib64"):
            words += ["--symlink", f"usr/{folder}", f"/{folder}"]
        for capability in CAPABILITIES:
            words += ["--cap-add", f"CAP_{capability}"]
        return [str(word) for word in (*words, *self.program)]

    def start(self, next_hops, **further):
        """next_hops: domain -> port on loopback, "*" for the others. further: lines, by the part they belong to."""
        self.configure(next_hops, **further)
        self.process.start()
        wait_until(lambda: is_listening(self.port) or not self.process.is_running(), 20, f"{self.name} listens")
        assert self.process.is_running(), self.tail()
        return self

    def tail(self, lines=20):
        logs = [path.read_text(errors="replace").splitlines()[-lines:] for path in (self.root / "log").iterdir()]
        return "\n".join([self.process.tail(lines), *(line for log in logs for line in log)])

    def is_idle(self):
        """Nothing is in its queue. Read twice, because a report comes before what it is about goes."""
        folders = [self.spool / name for name in self.queues] * 2
        return not any(files for folder in folders for _, _, files in os.walk(folder))

    def wait_idle(self, seconds):
        wait_until(self.is_idle, seconds, lambda: f"the queue of {self.name} is empty\n{self.tail()}")

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        if self.process.is_running():
            self.process.kill()
            wait_until(lambda: not is_listening(self.port), 10, f"{self.name} has ended")
            if failure:
                print(self.tail(), file=sys.stderr)


class Postfix(Mta):
    name = "postfix"
    program = (f"{INSIDE}/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d")
    queues = ("active", "maildrop", "incoming", "active", "deferred", "hold")
    folders = ("active", "bounce", "corrupt", "data", "defer", "deferred", "flush", "hold", "incoming", "private",
               "saved", "trace")
    main_cf = """compatibility_level = 3.6
import_environment = MAIL_CONFIG TZ LD_LIBRARY_PATH
queue_directory = /queue
data_directory = /queue/data
command_directory = {inside}/usr/sbin
daemon_directory = {inside}/usr/lib/postfix/sbin
shlib_directory = {inside}/usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = /log/mail
maillog_file_prefixes = /log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {name}.example
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{{ {transports} }}
{main}
"""
    master_cf = """127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

    def make_folder(self, name, mode, owner, group):
        path = self.spool / name
        path.mkdir(exist_ok=True)
        os.chown(path, owner, group)
        path.chmod(mode)

    def configure(self, next_hops, main=""):
        for name in self.folders:
            self.make_folder(name, 0o700, OWNER, OWNER)
        self.make_folder("maildrop", 0o730, OWNER, SETGID)
        self.make_folder("public", 0o710, OWNER, SETGID)
        self.make_folder("pid", 0o755, 0, 0)
        self.make_folder(".", 0o755, 0, 0)
        transports = ", ".join(f"{{ {domain} = smtp:[127.0.0.1]:{port} }}" for domain, port in next_hops.items())
        self.write("postfix/main.cf", self.main_cf.format(inside=INSIDE, name=self.name, transports=transports,
                                                          main=main))
        self.write("postfix/master.cf", self.master_cf.format(port=self.port))


class Exim(Mta):
    """Without the bit that makes it root again: deliver_drop_privilege."""
    name = "exim"
    program = (f"{INSIDE}/usr/sbin/exim4", "-bdf")
    queues = ("input",)
    configuration = """exim_path = {inside}/usr/sbin/exim4
primary_hostname = {name}.example
spool_directory = /queue
log_file_path = /log/%s
pid_file_path = /run/exim.pid
keep_environment =
notifier_socket =
deliver_drop_privilege = true
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
disable_ipv6 = true
host_lookup =
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
{main}
begin acl
acl_rcpt:
{rcpt}
  accept
acl_data:
{data}
  accept
begin routers
hosts:
  driver = manualroute
  domains = *
  route_list = {routes}
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = 25
  allow_localhost
  hosts_try_dane =
begin retry
"""

    def configure(self, next_hops, main="", rcpt="", data=""):
        routes = " ; ".join(f"{domain} 127.0.0.1::{port} byname" for domain, port in
                            sorted(next_hops.items(), reverse=True))  # the first that fits: "*" is last
        self.write("exim4/exim4.conf", self.configuration.format(
            inside=INSIDE, name=self.name, port=self.port, routes=routes, main=main, rcpt=rcpt, data=data))
