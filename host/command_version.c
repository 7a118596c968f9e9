/* version: what this build is, and with -v where it keeps things. */
#include "common/version.h"
#include "host/command.h"

#include "common/method.h"

static bool version_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct ui *ui = &call->ui;
    cJSON *json;

    *ret_code = CODE_OK;
    if (ui->json) {
        json = ui_document_new("version");
        cJSON_AddStringToObject(json, "gpupv", version_text());
        cJSON_AddNumberToObject(json, "protocol", METHOD_PROTOCOL_MAX);
        cJSON_AddStringToObject(json, "state", call->state);
        return ui_document(ui, json, err);
    }
    ui_say(ui, TONE_PLAIN, TEXT_HOST_VERSION, version_text(), NULL);
    if (ui->verbose) {
        ui_say(ui, TONE_PLAIN, TEXT_HOST_VERSION_PROTOCOL, TEXT_NUM(METHOD_PROTOCOL_MAX), NULL);
        ui_say(ui, TONE_PLAIN, TEXT_HOST_VERSION_STATE, call->state, NULL);
    }
    return true;
}

const struct command command_version = {
    .name = "version",
    .summary = TEXT_HELP_VERSION,
    .args = "",
    .flags = COMMAND_READ_ONLY,
    .most_words = 0,
    .exec = version_exec,
};
