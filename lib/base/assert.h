/* SPDX-License-Identifier: Apache-2.0
 * ASSERT: a broken invariant of our own code. Always on, prints file:line, aborts. Never used on
 * input: what comes from the wire, the log, Redis or DNS is refused, not asserted. */
#pragma once

#define ASSERT(condition) ((condition) ? (void)0 : assert_failed(__FILE__, __LINE__, #condition))

_Noreturn void assert_failed(const char *file, int line, const char *condition);
