/* config: shows and changes what a VM is wanted to be. */
#include "host/boot.h"
#include "host/settings.h"

#include <string.h>

static const struct option options[] = {
    {"proxy", 0, OPTION_TEXT, "ADDRESS:PORT", TEXT_HELP_OPTION_PROXY, 0, 0},
    {0},
};

/* One line per value: "display.strategy = auto". */
static void show_values(struct ui *ui, const cJSON *value, const char *path)
{
    char line[UI_TEXT_BYTES], below[UI_TEXT_BYTES];
    const cJSON *child;
    struct buf text;

    if (cJSON_IsObject(value)) {
        cJSON_ArrayForEach(child, value)
        {
            snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", child->string);
            show_values(ui, child, below);
        }
        return;
    }
    buf_init(&text, sizeof line);
    json_write(value, &text);
    snprintf(line, sizeof line, "%.200s = %.700s", path, buf_str(&text));
    buf_done(&text);
    ui_text(ui, TONE_PLAIN, line);
}

static bool
push(struct call *call, struct target *target, const struct profile *profile, struct err *err)
{
    struct client *client = NULL;
    cJSON *params, *json;
    bool ok;

    if (!target->exists || target->vm.state != VM_RUNNING)
        return true;
    if (!boot_connect(call, target, &client, err))
        return false;
    params = cJSON_CreateObject();
    json = profile_to_json(profile);
    ok = cJSON_AddItemToObject(params, "profile", json) || err_no_memory(err);
    ok = ok && connect_call(client, METHOD_PROFILE_SET, params, NULL, err);
    cJSON_Delete(params);
    client_close(client);
    return ok;
}

static bool change(struct call *call, struct profile *profile, struct err *err)
{
    for (size_t i = 0; i < call->setting_count; i++)
        if (!settings_apply(profile, call->settings[i], err))
            return false;
    return !call_text(call, "proxy") || settings_proxy(profile, call_text(call, "proxy"), err);
}

static void config_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct profile profile = target->record.spec.guest;
    bool off = !target->exists || target->vm.state != VM_RUNNING;
    struct err err = ERR_INIT;

    if (!call->setting_count && !call_text(call, "proxy")) {
        cJSON *spec = spec_to_json(&target->record.spec);

        if (outcome->alone)
            show_values(&call->ui, spec, "");
        outcome->json = cJSON_CreateObject();
        if (!cJSON_AddItemToObject(outcome->json, "spec", spec))
            cJSON_Delete(spec);
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_CONFIG_SHOWN, NULL);
        outcome->told = true;
        return;
    }
    if (!change(call, &profile, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    if (profile_equal(&profile, &target->record.spec.guest)) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_CONFIG_SAME, NULL);
        return;
    }
    if (call_flag(call, "dry-run")) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_CONFIG_WOULD, NULL);
        return;
    }
    /* the guest first: a record that says what the guest refused would lie */
    if (!push(call, target, &profile, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    target->record.spec.guest = profile;
    target->record.profile_pending = off;
    if (store_save(call->store, &target->record, &err))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     off ? TEXT_HOST_CONFIG_LATER : TEXT_HOST_CONFIG_DONE,
                     NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_config = {
    .name = "config",
    .summary = TEXT_HELP_CONFIG,
    .args = "NAME... [KEY=VALUE...]",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN |
             COMMAND_SETTINGS,
    .each = config_each,
};
