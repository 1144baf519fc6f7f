/* SPDX-License-Identifier: Apache-2.0
 * How far a parser came that takes bytes as they arrive from a peer. */
#pragma once

enum parse {
    PARSE_DONE, /* whole: the result is set, what follows was not touched */
    PARSE_MORE, /* all was taken, and it has not ended */
    PARSE_BAD,  /* it is not what it should be */
};
