/* Keys that change Parsec and what Easy-GPU-PV left behind. */
#include "guest/machine/sim/edit_rows.h"

#include "guest/machine/sim/install.h"
#include "guest/machine/sim/logon.h"
#include "guest/machine/sim/parsecd.h"
#include "guest/machine/sim/parsecd_log.h"

#include <stdlib.h>

static const char *config_file(const struct world *world)
{
    return world->parsec.json_config ? "config.json" : "config.txt";
}

static bool set_parsec_config(struct sim_env *env, const char *value, struct err *err)
{
    struct world_parsec *parsec = &env->world->parsec;
    enum file_root root = parsecd_root(env->world);

    if (edit_is(value, "missing") &&
        !env->disk->ops->remove(env->disk, root, config_file(env->world), err))
        return false;
    if (edit_is(value, "stock"))
        parsecd_stock_config(env);
    else if (edit_is(value, "garbage"))
        disk_put(env->disk, root, config_file(env->world), "\x01\xff[{=garbage\n===\n");
    parsec->rewrites_left = edit_is(value, "rewritten") ? 1 : 0;
    if (edit_is(value, "rewritten") || edit_is(value, "rewritten_always"))
        parsec->rewrite = WORLD_REWRITE_ALL;
    else if (edit_is(value, "lines_removed"))
        parsec->rewrite = WORLD_REWRITE_LINES;
    else if (edit_is(value, "kept"))
        parsec->rewrite = WORLD_REWRITE_NONE;
    return true;
}

static bool set_parsec_account(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    parsecd_account(env,
                    edit_is(value, "signed_in") ? WORLD_SIGNED_IN
                    : edit_is(value, "lost")    ? WORLD_LOST
                                                : WORLD_SIGNED_OUT);
    return true;
}

static bool set_parsec_service(struct sim_env *env, const char *value, struct err *err)
{
    struct world_service *service = world_service(env->world, PARSECD_SERVICE);

    if (!service)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_SERVICE, PARSECD_SERVICE, NULL);
    edit_service(env, service, value);
    return true;
}

static bool set_parsec_install(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    if (edit_is(value, "present")) {
        install_finish(env, WORLD_EFFECT_PARSEC, "/nocleanuser");
        return true;
    }
    install_finish(env, WORLD_EFFECT_PARSEC_REMOVE, "");
    if (edit_is(value, "per_user"))
        install_for_user(env);
    return true;
}

static bool set_parsec_plan(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->parsec.plan = edit_is(value, "free")   ? WORLD_PLAN_FREE
                              : edit_is(value, "warp") ? WORLD_PLAN_WARP
                                                       : WORLD_PLAN_TEAMS;
    return true;
}

static bool set_parsec_log(struct sim_env *env, const char *value, struct err *err)
{
    static const struct {
        const char *value, *line;
    } lines[] = {
        {"display_error", "capture failed because no displays are connected"},
        {"encoder_error", "encode_init[412] = -15101"},
        {"audio_error", "acapture_start[87] = -9000"},
        {"started", "===== Parsec: Started ====="},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (edit_is(value, lines[i].value))
            parsecd_log(env, 'D', lines[i].line);
    return !edit_is(value, "missing") ||
           env->disk->ops->remove(env->disk, parsecd_root(env->world), "log.txt", err);
}

static bool set_client(struct sim_env *env, const char *value, struct err *err)
{
    return parsecd_client(env, edit_is(value, "connected")) ||
           err_set(err, ERR_CONFLICT, TEXT_SIM_NO_CLIENT, NULL);
}

static bool set_person(struct sim_env *env, const char *value, struct err *err)
{
    long seconds = atol(value);

    if (seconds < 0 || seconds > 86400)
        return err_set(
            err, ERR_USAGE, TEXT_SIM_EDIT_VALUE, "sign_in.person", value, "0..86400", NULL);
    env->world->parsec.person_s = (uint32_t)seconds;
    return true;
}

static bool set_legacy_tasks(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    if (edit_is(value, "absent"))
        logon_remove_tasks(env->world);
    else
        logon_register_tasks(env->world, edit_is(value, "present"));
    return true;
}

static bool set_legacy_scripts(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    if (edit_is(value, "absent")) {
        (void)env->disk->ops->remove_tree(env->disk, ROOT_GROUP_POLICY, "User", NULL);
        return true;
    }
    disk_put(env->disk,
             ROOT_GROUP_POLICY,
             "User/Scripts/psscripts.ini",
             "[Logon]\n0CmdLine=Install.ps1\n0Parameters= \n");
    disk_put(env->disk,
             ROOT_GROUP_POLICY,
             "User/Scripts/Logon/Install.ps1",
             "# Easy-GPU-PV logon script (simulated)\n"
             "Register-ScheduledTask -TaskName \"Install Parsec Virtual Display Driver\"\n");
    disk_put(env->disk,
             ROOT_GROUP_POLICY,
             "gpt.ini",
             "[General]\n"
             "gPCUserExtensionNames=[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}"
             "{40B66650-4972-11D1-A7CA-0000F87571E3}]\n"
             "Version=131074\n");
    return true;
}

const struct edit_row edit_parsec_rows[] = {
    {.about = {"parsec.install", "present|missing|per_user"}, .apply = set_parsec_install},
    {.about = {"parsec.service", EDIT_SERVICE_VALUES}, .apply = set_parsec_service},
    {.about = {"parsec.config",
               "stock|missing|garbage|rewritten|rewritten_always|lines_removed|kept"},
     .apply = set_parsec_config},
    {.about = {"parsec.account", "signed_in|signed_out|lost"}, .apply = set_parsec_account},
    {.about = {"parsec.plan", "free|warp|teams"}, .apply = set_parsec_plan},
    {.about = {"parsec.log", "missing|started|display_error|encoder_error|audio_error"},
     .apply = set_parsec_log},
    {.about = {"client", "connected|none"}, .apply = set_client},
    {.about = {"sign_in.person", "<seconds>"}, .apply = set_person},
    {.about = {"legacy.tasks", "present|disabled|absent"}, .apply = set_legacy_tasks},
    {.about = {"legacy.scripts", "present|absent"}, .apply = set_legacy_scripts},
    {.about = {NULL, NULL}},
};
