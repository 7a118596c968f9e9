/* The agent's end of its helper and the helper's end: no line breaks either, and what was read is
 * within bounds and reads the same again. */
#include "tests/fuzz/fuzz.h"

#include "guest/machine/windows/session_wire.h"

#include <stdlib.h>
#include <string.h>

static void check_request(const char *line, size_t length)
{
    struct session_request request, again;
    struct buf out;

    if (!session_request_parse(line, length, &request, NULL))
        return;
    buf_init(&out, SESSION_LINE_BYTES);
    if (request.call >= SESSION_CALLS || !session_request_print(&request, &out) ||
        !session_request_parse(buf_str(&out), out.len - 1, &again, NULL) ||
        again.call != request.call)
        abort();
    buf_done(&out);
}

static void check_displays(const cJSON *answer)
{
    static struct session_displays displays, again;
    cJSON *json;

    if (!session_displays_from_json(answer, &displays, NULL))
        return;
    json = session_displays_to_json(&displays);
    if (displays.count > SESSION_DISPLAYS || !json ||
        !session_displays_from_json(json, &again, NULL) ||
        memcmp(&displays, &again, sizeof again) != 0)
        abort();
    cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    cJSON *answer = NULL;
    int64_t idle_ms;

    check_request((const char *)data, size);
    if (session_reply_parse((const char *)data, size, &answer, &err)) {
        check_displays(answer);
        if (session_idle_from_json(answer, &idle_ms, NULL) && idle_ms < 0)
            abort();
    } else if (!err_is_set(&err)) {
        abort();
    }
    cJSON_Delete(answer);
    return 0;
}
