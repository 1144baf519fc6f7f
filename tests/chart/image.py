# SPDX-License-Identifier: Apache-2.0
"""The image, built from the Dockerfile by buildah without a daemon, and its root file system to run programs in. The
base that the Dockerfile names comes from the machine's own Debian mirror, by mmdebstrap, not from an image registry."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from tools import CACHE

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = "debian:bookworm-slim"
USER = "65532"


def missing():
    """Why it cannot be built here; empty: it can."""
    if os.geteuid() != 0:
        return "only root can build an image without a daemon"
    programs = [name for name in ("buildah", "mmdebstrap", "bwrap") if not shutil.which(name)]
    return f"not installed: {', '.join(programs)}" if programs else ""


def base():
    """The minimal Debian as a tar, made once."""
    made = CACHE.parent / "base-bookworm.tar"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        partial = made.with_suffix(".partial.tar")
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", partial], check=True)
        partial.rename(made)
    return made


class Image:
    """Built, and mounted at .root until remove()."""

    def __init__(self, context=ROOT):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hikyaku-image-"))
        try:
            self.import_base()
            self.buildah("bud", "--pull-never", "--layers=false", "--isolation=chroot", "--format=oci",
                         "--tag=hikyaku", str(context))
            self.container = self.buildah("from", "--pull-never", "hikyaku")
            self.root = pathlib.Path(self.buildah("mount", self.container))
        except BaseException:
            self.remove()
            raise

    def buildah(self, *arguments):
        done = subprocess.run(["buildah", "--root", self.folder / "store", "--runroot", self.folder / "run", *arguments],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "BUILDAH_ISOLATION": "chroot"})
        if done.returncode:
            raise AssertionError(f"buildah {arguments[0]}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout.strip()

    def import_base(self):
        empty = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", empty, str(base()), "/")
        self.buildah("commit", "--quiet", empty, f"localhost/{BASE}")
        self.buildah("rm", empty)

    def configuration(self):
        return json.loads(self.buildah("inspect", "--type=image", "hikyaku"))["OCIv1"]["config"]

    def size_mb(self):
        said = subprocess.run(["du", "-sm", "--one-file-system", self.root], text=True, stdout=subprocess.PIPE)
        return int(said.stdout.split()[0])

    def run(self, *command, timeout=60):
        """As a pod would: nobody in particular, root read-only, no capability, a network of its own."""
        confined = ["bwrap", "--unshare-all", "--uid", USER, "--gid", USER, "--die-with-parent", "--ro-bind", self.root,
                    "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/var/lib/hikyaku",
                    "--cap-drop", "ALL", "--clearenv", "--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin"]
        return subprocess.run([*confined, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout)

    def remove(self):
        subprocess.run(["buildah", "--root", self.folder / "store", "--runroot", self.folder / "run", "umount", "--all"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)
