# SPDX-License-Identifier: Apache-2.0
"""Each rule finds what it is for, and is silent about good code."""
import os
import tempfile
import unittest

import banned
import files
import layers
import names
import path
import requirements
import sizes

GOOD = """/* SPDX-License-Identifier: Apache-2.0
 * A good file. */
#include "base/buf.h"

static const char *const WORDS[] = {"goto", "malloc(1)", NULL};

static int add(int a, const char *const *b)
{
    /* sprintf(x) in a comment */
    return a + (b == WORDS);
}
"""
LONG = "static void much(int a, int b, int c, int d, int e, int f)\n{\n" + "    work();\n" * 60 + "}\n"
DEEP = """static void deep(void)
{
    if (a) {
        for (;;) {
            while (b) {
                if (c)
                    work();
            }
        }
    }
}
"""


class Rules(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="hikyaku-lint-")
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        full = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def expect(self, rule, *sentences):
        found = [f"{where}:{line}: {sentence}" for where, line, sentence in rule(self.folder.name)]
        self.assertEqual(len(found), len(sentences), found)
        for sentence in sentences:
            self.assertTrue(any(sentence in text for text in found), (sentence, found))

    def test_good_code_is_left_alone(self):
        self.write("lib/net/good.c", GOOD)
        for rule in (banned.banned, files.contents, layers.layers, names.names, sizes.sizes):
            self.expect(rule)

    def test_layers(self):
        self.write("lib/smtp/a.c", '#include "net/stream.h"\n')
        self.write("lib/base/b.c", "#include <uv.h>\n")
        self.write("sender/c.c", '#include "bouncer/report.h"\n')
        self.write("hikyaku/d.c", '#include "sender/pool.h"\n')
        self.write("lib/service/e.c", '#include "bus/kafka/client.h"\n')
        self.write("lib/dns/f.c", '/* #include "bus/bus.h" */\n#include <unbound.h>\n')
        self.expect(layers.layers, "lib/smtp must not include", "uv.h may be included in lib/net only",
                    "sender must not include", "knows of sender only", "belongs to that back end alone")

    def test_sizes(self):
        self.write("lib/net/a.c", LONG + "\n" + DEEP)
        self.write("lib/net/a.h", "\n" * 121)
        self.write("lib/net/b.c", "\n" * 601)
        self.expect(sizes.sizes, "a.c:1: much: 63 lines", "a.c:1: much: 6 parameters", "a.c:65: deep: nesting 4",
                    "a.h:1: 121 lines", "b.c:1: 601 lines")

    def test_outputs_are_no_parameters(self):
        self.write("lib/net/a.c", "int f(int a, int b, int c, int d, void (*e)(int, int), int *ret_f,\n"
                                  "      struct err *err)\n{\n}\n")
        self.expect(sizes.sizes)

    def test_banned(self):
        self.write("lib/net/a.c", "static int count;\nint total = 1;\n\nvoid f(void)\n{\n    strcpy(a, b);\n"
                                  "    x = malloc(1);\n    now = time(NULL);\n    printf(x);\n    goto out;\n"
                                  "    static char text[9];\n    role->free(x);\n}\ntypedef int number;\n")
        self.expect(banned.banned, "a.c:1: mutable static", "a.c:2: a mutable global", "a.c:6: strcpy()",
                    "a.c:7: malloc()", "a.c:8: time()", "a.c:9: printf()", "a.c:10: no goto", "a.c:11: mutable static",
                    "a.c:14: no typedefs")

    def test_sleep_is_banned_in_tests(self):
        self.write("tests/unit/a.c", "    usleep(1000);\n    free(x);\n")
        self.expect(banned.banned, "usleep()")

    def test_names(self):
        self.write("lib/net/a.c", "int PoolManager;\nint read_util_1;\nint message;\nint message_id; /* a handler */\n")
        self.write("lib/net/misc.h", "\n")
        self.expect(names.names, '"manager" says nothing', '"util" says nothing', '"message" says nothing',
                    "misc.h:1")

    def test_files(self):
        here = "/wo" + "rk/main/x"
        self.write("lib/net/a.c", "/* no licence */\n")
        self.write("docs/b.md", f"see {here}\n")
        self.write("scripts/run", "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\necho \n")
        self.expect(files.contents, "a.c:1: the first line must say", "b.md:1:", "run:3: blanks")

    def test_path(self):
        self.write("docs/architecture.md", "| 1 | a/b.c | `b_start` | then `c_end` |\n| 2 | a/z.c | `z_go` | x |\n")
        self.write("a/b.c", "void b_begin(void)\n{\n}\n")
        self.expect(path.path_of_a_mail, "there is no b_start in a/b.c", "there is no c_end anywhere",
                    "there is no a/z.c", "there is no z_go in a/z.c")

    def test_requirements(self):
        self.write("docs/requirements.md", "| S1 | says | a/b.c | test_gone |\n| S2 | says | a/z.c | |\n")
        self.write("a/b.c", "void b_begin(void)\n{\n}\n")
        self.expect(requirements.requirements, "S1..S40", "there is no test test_gone", "there is no a/z.c",
                    "a file goes with a test")


if __name__ == "__main__":
    unittest.main()
