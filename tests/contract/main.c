/* SPDX-License-Identifier: Apache-2.0
 * Runs the contract suite on the back end it was linked with; with two arguments it is the child of
 * a crash test. */
#include <stddef.h>

#include "contract/backend.h"
#include "contract/suite.h"

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc == 3)
        return crash_child(argv[1], argv[2]);
    failed += publish_tests();
    failed += consume_tests();
    failed += group_tests();
    failed += backlog_tests();
    failed += fetch_tests();
    failed += compaction_tests();
    failed += scan_tests();
    failed += crash_tests();
    failed += backend_tests();
    return failed == 0 ? 0 : 1;
}
