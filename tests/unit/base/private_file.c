/* SPDX-License-Identifier: Apache-2.0
 * mkstemp: a path that nobody else has, for the owner alone. */
#include "unit/base/private_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"

void private_file_new(char path[PRIVATE_FILE_PATH], struct slice bytes)
{
    static const char TEMPLATE[] = "/tmp/hikyaku-test-XXXXXX";

    memcpy(path, TEMPLATE, sizeof TEMPLATE);
    int fd = mkstemp(path);
    ASSERT(fd >= 0);
    ASSERT(write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len);
    ASSERT(close(fd) == 0);
}

void private_file_replace(const char *path, struct slice bytes)
{
    char next[PRIVATE_FILE_PATH];

    private_file_new(next, bytes);
    ASSERT(rename(next, path) == 0);
}
