/* Profiles. What is accepted comes back from its own JSON as the same profile; what is refused says
 * why and changes nothing. */
#include "tests/fuzz/fuzz.h"

#include "common/profile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile profile;
    struct profile back;
    struct err err = ERR_INIT;
    cJSON *json = NULL;

    if (!json_parse((const char *)data, size, &json_limits_file, &json, NULL))
        return 0;
    if (profile_parse(json, &profile, &err)) {
        cJSON *again = profile_to_json(&profile);

        if (!again || !profile_parse(again, &back, NULL) || !profile_equal(&profile, &back))
            abort();
        if (profile.display.mode_count < 1 || profile.display.mode_count > PROFILE_MODES ||
            profile.parsec.config_count > PROFILE_CONFIG_LINES)
            abort();
        cJSON_Delete(again);
    } else if (!err_is_set(&err)) {
        abort();
    }
    cJSON_Delete(json);
    return 0;
}
