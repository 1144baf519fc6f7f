# SPDX-License-Identifier: Apache-2.0
"""docs/requirements.md has every requirement S1..S40 once, and names only files and tests that exist."""
import os
import re

from functions import functions
from sources import files, read, run

TABLE = "docs/requirements.md"
PYTHON_TEST = re.compile(r"^def (test_\w+)\(", re.M)
ROW = re.compile(r"^\| *S(\d+) *\|[^|]*\|([^|]*)\|([^|]*)\|$", re.M)


def requirements(root):
    text = read(root, TABLE) if os.path.exists(os.path.join(root, TABLE)) else ""
    tests = {function.name for path in files(root, (".c",)) if path.startswith("tests/")
             for function in functions(read(root, path))}
    tests |= {name for path in files(root, (".py",)) if path.startswith("tests/")
              for name in PYTHON_TEST.findall(read(root, path))}
    rows = list(ROW.finditer(text))
    if [int(row.group(1)) for row in rows] != list(range(1, 41)):
        yield TABLE, 1, "the table must have S1..S40, each once and in order"
    for row in rows:
        line = text.count("\n", 0, row.start()) + 1
        path, test = row.group(2).strip(), row.group(3).strip()
        if path and not os.path.exists(os.path.join(root, path)):
            yield TABLE, line, f"there is no {path}"
        if test and test not in tests:
            yield TABLE, line, f"there is no test {test}"
        if bool(path) != bool(test):
            yield TABLE, line, "a file goes with a test"


if __name__ == "__main__":
    run(requirements)
