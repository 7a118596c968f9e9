/* The account, without looking into it. */
#include "guest/parsec/account.h"

#include <string.h>

#define ACCOUNT_FILE "user.bin"

/* The newer of the two places; the user's is passed over when it cannot be looked at. */
static bool
find_file(struct files_port *files, bool *ret_file, int64_t *ret_modified_ms, struct err *err)
{
    struct fs_stat shared = {.kind = FS_MISSING}, user = {.kind = FS_MISSING};

    if (!files->ops->stat(files, ROOT_PARSEC_SHARED, ACCOUNT_FILE, &shared, err))
        return false;
    if (!files->ops->stat(files, ROOT_PARSEC_USER, ACCOUNT_FILE, &user, NULL))
        user.kind = FS_MISSING;
    *ret_file = shared.kind == FS_FILE || user.kind == FS_FILE;
    *ret_modified_ms = 0;
    if (shared.kind == FS_FILE)
        *ret_modified_ms = shared.modified_ms;
    if (user.kind == FS_FILE && user.modified_ms > *ret_modified_ms)
        *ret_modified_ms = user.modified_ms;
    return true;
}

/* True when Parsec's server does not accept the session that the file holds now. The log's clock
 * and the file's cannot be compared, so the file's time is noted when the refusal is first seen. */
static bool is_refused(const struct parsec_log_state *log, struct account_view *view)
{
    const struct parsec_log_trouble *trouble = &log->troubles[PARSEC_TROUBLE_ACCOUNT];

    if (!trouble->stands)
        return false;
    if (trouble->line != view->refused_line) {
        view->refused_line = trouble->line;
        view->refused_ms = view->modified_ms;
    }
    return view->refused_ms == view->modified_ms;
}

bool account_look(struct files_port *files,
                  const struct parsec_log_state *log,
                  struct parsec_state *state,
                  struct account_view *view,
                  bool *ret_state_changed,
                  struct err *err)
{
    if (!find_file(files, &view->file, &view->modified_ms, err))
        return false;
    *ret_state_changed = view->file && !state->account_seen;
    state->account_seen = state->account_seen || view->file;
    if (view->file)
        view->account = is_refused(log, view) ? ACCOUNT_LOST : ACCOUNT_YES;
    else
        view->account = state->account_seen ? ACCOUNT_LOST : ACCOUNT_NO;
    return true;
}
