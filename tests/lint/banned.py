# SPDX-License-Identifier: Apache-2.0
"""Calls and constructs that the house does without, and the few files that own an exception."""
import re

from sources import code, files, is_production, line_of, read, run

PRINTF = r"(?:v|f|s|vf|vs|sn|vsn|d|vd)?printf|puts|fputs|putchar|fputc|putc"
# pattern, where allowed (path prefixes; tests count as "tests/"), why
CALLS = (
    (r"strcpy|strcat|strncat|stpcpy|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atof|gets|alloca|strdupa|sscanf|fscanf|scanf",
     (), "has no bound or no error; use slices, buf and slice_to_u64"),
    (r"malloc|calloc|realloc|free|strdup|strndup|posix_memalign", ("lib/base/xalloc.c", "tests/"),
     "use base/xalloc.h or an arena"),
    (r"time|gettimeofday|clock_gettime|clock", ("lib/net/clock.c", "tests/"),
     "only net/clock.h reads the clocks; take now as a value"),
    (PRINTF, ("lib/base/", "lib/service/service.c", "lib/service/flags.c", "ctl/", "tests/"),
     "use buf_addf, arena_printf or err_set"),
    (r"sleep|usleep|nanosleep", (), "waiting is not synchronising"),
    (r"setjmp|longjmp|signal_safe_longjmp", ("tests/",), "use states"),
    (r"system|popen", (), "no shell"),
    (r"assert", ("tests/",), "use ASSERT"),
)
WORDS = (
    (r"goto", (), "no goto"),
    (r"typedef", (), "no typedefs: struct and enum tags"),
)
# A call of our own function of that name through a struct (role->free(...)) is no call of libc's.
CALL = r"(?<![\w.>])({})\s*\("
STATIC = re.compile(r"^[ \t]*static\s+(?!inline|_Noreturn|const\b|_Static)([^;={{}}()]*?)(?:=|;|\[)", re.M)
GLOBAL = re.compile(r"^(?:struct |enum |unsigned |int |char |bool |int64_t |uint64_t |size_t )[^;(){}=]*(?:=|;)", re.M)


def is_allowed(path, prefixes):
    return any(path.startswith(prefix) for prefix in prefixes)


def is_declaration(plain, position):
    """A prototype, a member or a designated initialiser of that name."""
    line = plain[plain.rfind("\n", 0, position) + 1:position]
    return bool(re.search(r"\(\*$|\.$|\b(?:int|void|char|bool|struct \w+ ?\*?) \**$", line))


def check_statics(path, plain):
    for match in STATIC.finditer(plain):
        declaration = match.group(1)
        if not re.search(r"\bconst\b", declaration) and "_Atomic" not in declaration:
            yield path, line_of(plain, match.start()), "mutable static data: hang it off a struct"
    for match in GLOBAL.finditer(plain):
        text = match.group(0)
        if "const" not in text and not re.match(r"(?:struct|enum) \w+;", text) and path.endswith(".c"):
            yield path, line_of(plain, match.start()), "a mutable global: hang it off a struct"


def banned(root):
    for path in files(root, (".c", ".h")):
        plain = code(read(root, path))
        for names, allowed, why in CALLS:
            for match in re.finditer(CALL.format(names), plain):
                if not is_allowed(path, allowed) and not is_declaration(plain, match.start()):
                    yield path, line_of(plain, match.start()), f"{match.group(1)}(): {why}"
        for word, allowed, why in WORDS:
            for match in re.finditer(rf"\b{word}\b", plain):
                if not is_allowed(path, allowed):
                    yield path, line_of(plain, match.start()), why
        if is_production(path):
            yield from check_statics(path, plain)


if __name__ == "__main__":
    run(banned)
