/* SPDX-License-Identifier: Apache-2.0
 * What both sides of the dialogue kit share: stepping through a script and comparing a transcript.
 */
#pragma once

#include "kit/dialogue.h"

struct dialogue {
    char side;             /* whose lines are input: 'C' or 'S' */
    struct buf transcript; /* lines the engine made, compared up to `compared` */
    size_t compared;
    struct buf input; /* gathered from neighbouring lines */
    const char *script;
    size_t line;
    void (*feed)(void *owner, struct slice bytes);
    void (*act)(void *owner, struct slice words);
    /* Moves what the engine has to say into the transcript. */
    void (*drain)(void *owner);
    void *owner;
    enum dialogue_cut cut;
};

void dialogue_run(struct dialogue *dialogue, const char *script);
/* Appends a line to the transcript: mark is "C: ", "E: "... */
void dialogue_note(struct dialogue *dialogue, const char *mark, struct slice text);
/* Each CRLF line of bytes as a line of the transcript: the first with "C: ", the others "C+ ", when
 * `joined`. */
void dialogue_note_lines(struct dialogue *dialogue, char side, struct slice bytes, bool joined);
/* Appends with CR, LF, NUL and the like as \r \n \0. */
void dialogue_escape(struct buf *out, struct slice bytes);
