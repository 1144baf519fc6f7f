/* SPDX-License-Identifier: Apache-2.0
 * A self-signed certificate for mail.test and 127.0.0.1 in a private folder, made anew for each
 * test program. */
#pragma once

struct certificate {
    char folder[64];
    char certificate_file[96], key_file[96];
};

void certificate_new(struct certificate *certificate);
/* Removes the files. */
void certificate_free(struct certificate *certificate);
