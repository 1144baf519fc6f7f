# SPDX-License-Identifier: Apache-2.0
"""Whether bubblewrap can do its work here."""
import os
import shutil
import subprocess
import sys

SKIPPED = 77


def need_bubblewrap(what):
    """Ends a test with 77 (skipped) where it cannot: without root, or in a chroot, whose / is no mount point."""
    if os.geteuid() == 0 and shutil.which("bwrap") and \
            subprocess.run(["bwrap", "--dev-bind", "/", "/", "true"], check=False, capture_output=True).returncode == 0:
        return
    print(f"skipped: {what} need root and a bubblewrap that works (in a chroot it does not)")
    sys.exit(SKIPPED)
