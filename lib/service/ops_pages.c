/* SPDX-License-Identifier: Apache-2.0
 * The pages. A probe answers 200 when each role passes, 503 otherwise, and names each role. */
#include "service/ops_pages.h"

#include <string.h>

#include "service/process_metrics.h"

enum { HTTP_OK = 200, HTTP_NOT_FOUND = 404, HTTP_UNAVAILABLE = 503 };

static bool is_alive(const struct role_view *view)
{
    return view->is_alive;
}

static bool is_started(const struct role_view *view)
{
    return view->is_started;
}

static bool is_ready(const struct role_view *view)
{
    return view->is_ready;
}

/* Of what concerns the whole process; says why not. */
static unsigned process_status(const struct ops_state *state, struct buf *out)
{
    if (!state->is_starting)
        return HTTP_OK;
    buf_add_str(out, "process: starting\n");
    return HTTP_UNAVAILABLE;
}

static unsigned probe(const struct ops_state *state, bool (*passes)(const struct role_view *view),
                      unsigned status, struct buf *out)
{
    for (size_t i = 0; i < state->count; i++) {
        struct role_view view;
        role_look(state->roles[i], &view);
        if (passes(&view)) {
            buf_addf(out, "%s: ok\n", view.name);
            continue;
        }
        status = HTTP_UNAVAILABLE;
        buf_addf(out, "%s: %s\n", view.name, view.is_alive ? view.why : "the loop is wedged");
    }
    return status;
}

static unsigned page_livez(const struct ops_state *state, struct buf *out)
{
    return probe(state, is_alive, HTTP_OK, out);
}

static unsigned page_startupz(const struct ops_state *state, struct buf *out)
{
    return probe(state, is_started, process_status(state, out), out);
}

static unsigned page_readyz(const struct ops_state *state, struct buf *out)
{
    return probe(state, is_ready, process_status(state, out), out);
}

static const char *yes_or_no(bool is_so)
{
    return is_so ? "yes" : "no";
}

static unsigned page_healthz(const struct ops_state *state, struct buf *out)
{
    unsigned status = process_status(state, out);

    for (size_t i = 0; i < state->count; i++) {
        struct role_view view;
        role_look(state->roles[i], &view);
        if (!view.is_alive || !view.is_started || !view.is_working)
            status = HTTP_UNAVAILABLE;
        buf_addf(out, "%s: alive %s, started %s, ready %s, working %s%s%s\n", view.name,
                 yes_or_no(view.is_alive), yes_or_no(view.is_started), yes_or_no(view.is_ready),
                 yes_or_no(view.is_working), view.is_working ? "" : ": ",
                 view.is_working ? "" : view.why);
    }
    return status;
}

static unsigned page_metrics(const struct ops_state *state, struct buf *out)
{
    struct metrics *all[OPS_ROLES_MAX + 1] = {state->process};

    if (!state->process) {
        buf_add_str(out, "nothing is counted: the setting service.metrics is false\n");
        return HTTP_NOT_FOUND;
    }
    process_metrics_measure(state->process);
    for (size_t i = 0; i < state->count; i++)
        all[i + 1] = state->roles[i]->env.metrics;
    metrics_expose(all, state->count + 1, out);
    return HTTP_OK;
}

static const struct {
    const char *path;
    unsigned (*page)(const struct ops_state *state, struct buf *out);
} PAGES[] = {
    {"/healthz", page_healthz}, {"/livez", page_livez},       {"/metrics", page_metrics},
    {"/readyz", page_readyz},   {"/startupz", page_startupz},
};

unsigned ops_page(void *owner, const char *path, struct buf *out)
{
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++)
        if (strcmp(PAGES[i].path, path) == 0)
            return PAGES[i].page(owner, out);
    return HTTP_NOT_FOUND;
}
