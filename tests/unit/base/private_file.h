/* SPDX-License-Identifier: Apache-2.0
 * Files of one test alone, in the folder for temporary files. */
#pragma once

#include "base/slice.h"

#define PRIVATE_FILE_PATH 64

/* A new file with these bytes; the caller unlinks it. */
void private_file_new(char path[PRIVATE_FILE_PATH], struct slice bytes);
/* As it is done under a running process: another file takes the path over, never half written. */
void private_file_replace(const char *path, struct slice bytes);
