/* SPDX-License-Identifier: Apache-2.0
 * Changing a users file: one line is put, replaced or taken out; comments and all others stay as
 * they are. Readers see the old file or the new one, never half of it. */
#pragma once

#include "profile/users.h"

enum user_change { USER_ADDED, USER_REPLACED, USER_REMOVED };

/* user NULL: the line of that name is taken out, which is an error when there is none. A file that
 * does not exist is made by the first user. Mode 0600, owner as before. */
MUST_CHECK int user_file_change(const char *path, struct slice name, const struct user *user,
                                enum user_change *ret_change, struct err *err);
