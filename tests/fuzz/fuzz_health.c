/* Health reports of a guest. What is accepted is in range, and comes back from its own JSON with
 * the same states. */
#include "tests/fuzz/fuzz.h"

#include "common/health.h"

#include <stdlib.h>
#include <string.h>

static void check_range(const struct health *health)
{
    unsigned i;

    if (health->level >= LEVEL_COUNT || !memchr(health->build, 0, sizeof health->build) ||
        !memchr(health->boot_id, 0, sizeof health->boot_id) ||
        !memchr(health->gpu_name, 0, sizeof health->gpu_name) ||
        !memchr(health->stream.encoder, 0, sizeof health->stream.encoder))
        abort();
    for (i = 0; i < CHECK_COUNT; i++) {
        const struct health_check *check = &health->checks[i];

        if (check->status >= STATUS_COUNT || check->why.kind >= ERR_KINDS ||
            check->why.arg_count > ERR_ARGS)
            abort();
    }
}

static void check_same_states(const struct health *a, const struct health *b)
{
    unsigned i;

    if (a->level != b->level || a->sequence != b->sequence)
        abort();
    for (i = 0; i < CHECK_COUNT; i++) {
        if (a->checks[i].status != b->checks[i].status ||
            a->checks[i].attempts != b->checks[i].attempts)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct health health;
    static struct health back;
    struct err err = ERR_INIT;
    cJSON *json = NULL;

    if (!json_parse((const char *)data, size, &json_limits_message, &json, NULL))
        return 0;
    if (health_from_json(json, &health, &err)) {
        cJSON *again;

        check_range(&health);
        again = health_to_json(&health);
        if (!again || !health_from_json(again, &back, NULL))
            abort();
        check_same_states(&health, &back);
        cJSON_Delete(again);
    } else if (!err_is_set(&err)) {
        abort();
    }
    cJSON_Delete(json);
    return 0;
}
