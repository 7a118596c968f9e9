/* screenshot: the picture on a VM's console as a file. */
#include "host/many.h"
#include "host/place.h"
#include "host/screen.h"

#include <stdlib.h>

static bool screenshot_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct target *target = malloc(sizeof *target);
    char path[FS_PATH_BYTES];
    bool plain = false;
    bool ok = (target || err_no_memory(err)) && target_one(call, call->words[0], target, err) &&
              place_absolute(call->words[1], path, err) &&
              screen_save(call->hypervisor, target->id, path, &plain, err);

    if (ok && call->ui.json) {
        cJSON *document = ui_document_new("screenshot");

        ok = (cJSON_AddStringToObject(document, "name", target->name) &&
              cJSON_AddStringToObject(document, "file", path) &&
              cJSON_AddBoolToObject(document, "one_colour", plain) &&
              ui_document(&call->ui, document, err)) ||
             err_no_memory(err);
    } else if (ok) {
        ui_say(&call->ui,
               TONE_GOOD,
               TEXT_HV_PICTURE_SAVED,
               path,
               TEXT_NUM(SCREEN_WIDTH),
               TEXT_NUM(SCREEN_HEIGHT),
               NULL);
        if (plain)
            ui_say(&call->ui, TONE_WARN, TEXT_HV_PICTURE_PLAIN, target->name, NULL);
    }
    free(target);
    *ret_code = CODE_OK;
    return ok;
}

const struct command command_screenshot = {
    .name = "screenshot",
    .summary = TEXT_HV_HELP_SCREENSHOT,
    .args = "NAME FILE.png",
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_READ_ONLY | COMMAND_NEEDS_HYPERVISOR,
    .least_words = 2,
    .most_words = 2,
    .exec = screenshot_exec,
};
