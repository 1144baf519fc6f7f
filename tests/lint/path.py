# SPDX-License-Identifier: Apache-2.0
"""The path of a mail (docs/architecture.md) names functions that are where it says."""
import fnmatch
import os
import re

from functions import functions
from sources import code, files, read, run

TABLE = "docs/architecture.md"
ROW = re.compile(r"^\| *\d+ *\| *([\w*/.]+) *\|([^|]*)\|([^|]*)\|", re.M)


def defined(root, paths):
    """Names of functions (declared, in headers) in these files."""
    found = set()
    for path in paths:
        text = read(root, path)
        found |= {function.name for function in functions(text)}
        if path.endswith(".h"):
            found |= set(re.findall(r"\b(\w+)\(", code(text)))
    return found


def path_of_a_mail(root):
    text = read(root, TABLE) if os.path.exists(os.path.join(root, TABLE)) else ""
    everything = list(files(root, (".c", ".h")))
    rows = list(ROW.finditer(text))
    if not rows:
        yield TABLE, 1, "the table of the path is missing"
    for row in rows:
        line = text.count("\n", 0, row.start()) + 1
        pattern, function, prose = row.groups()
        matching = fnmatch.filter(everything, pattern)
        if not matching:
            yield TABLE, line, f"there is no {pattern}"
        for name in re.findall(r"`([a-z0-9_*]+)`", function):
            if not fnmatch.filter(defined(root, matching), name):
                yield TABLE, line, f"there is no {name} in {pattern}"
        for name in re.findall(r"`([a-z0-9]+_[a-z0-9_]+)`", prose):
            if name not in defined(root, everything):
                yield TABLE, line, f"there is no {name} anywhere"


if __name__ == "__main__":
    run(path_of_a_mail)
