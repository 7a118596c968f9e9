/* This build has no services to install. */
#include "guest/install.h"

static bool only_windows(struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, TEXT_INSTALL_ONLY_WINDOWS, NULL);
}

bool install_look(struct install_state *ret_state, struct err *err)
{
    (void)ret_state;
    return only_windows(err);
}

bool install_permitted(struct err *err)
{
    return only_windows(err);
}

bool install_full_path(const char *path, char *out, struct err *err)
{
    (void)path;
    (void)out;
    return only_windows(err);
}

bool install_data_is_ours(const char *folder, struct err *err)
{
    (void)folder;
    return only_windows(err);
}

bool install_run(const struct install_options *options, bool *ret_changed, struct err *err)
{
    (void)options;
    (void)ret_changed;
    return only_windows(err);
}

bool uninstall_run(const struct uninstall_options *options, bool *ret_later, struct err *err)
{
    (void)options;
    (void)ret_later;
    return only_windows(err);
}

bool install_remove_later(struct err *err)
{
    return only_windows(err);
}
