# SPDX-License-Identifier: Apache-2.0
"""Files <= 600 lines, headers <= 120; functions <= 60 lines, <= 5 parameters, nesting <= 3."""
from functions import functions
from sources import files, is_production, read, run

FILE_LINES, HEADER_LINES, FUNCTION_LINES, PARAMETERS, NESTING = 600, 120, 60, 5, 3
# The contract of all back ends of the log is one header.
LONG_HEADERS = {"lib/bus/bus.h": 200}
# Outputs and the error do not count as parameters. Longer all the same:
LONG_SIGNATURES = {
    "on_request": "libmicrohttpd's callback",
    "redis_run": "a script's keys and arguments are two counted arrays",
    "stream_connect": "from, to, how long, and for whom",
}


def sizes(root):
    for path in files(root, (".c", ".h", ".py")):
        text = read(root, path)
        lines = text.count("\n")
        limit = FILE_LINES
        if path.endswith(".h"):
            limit = LONG_HEADERS.get(path, HEADER_LINES)
        if lines > limit:
            yield path, 1, f"{lines} lines; allowed: {limit}"
        if not path.endswith(".c"):
            continue
        for function in functions(text):
            if function.length > FUNCTION_LINES:
                yield path, function.line, f"{function.name}: {function.length} lines; allowed: {FUNCTION_LINES}"
            if (is_production(path) and function.parameters > PARAMETERS
                    and function.name not in LONG_SIGNATURES):
                yield (path, function.line,
                       f"{function.name}: {function.parameters} parameters; allowed: {PARAMETERS}")
            if function.nesting > NESTING:
                yield path, function.line, f"{function.name}: nesting {function.nesting}; allowed: {NESTING}"


if __name__ == "__main__":
    run(sizes)
