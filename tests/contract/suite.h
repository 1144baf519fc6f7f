/* SPDX-License-Identifier: Apache-2.0
 * The parts of the contract suite; each returns the number of tests that failed. */
#pragma once

int backlog_tests(void);
int publish_tests(void);
int consume_tests(void);
int group_tests(void);
int fetch_tests(void);
int compaction_tests(void);
int scan_tests(void);
int crash_tests(void);

/* The child process of the crash tests: publishes, or consumes, until it is killed. Never returns
 * with success. */
int crash_child(const char *what, const char *place);
