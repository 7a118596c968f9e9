/* JSON of a peer. What is accepted can be written, read again, and is the same; the unknown-field
 * check finds a name for whatever is there. */
#include "tests/fuzz/fuzz.h"

#include "common/json.h"

#include <stdlib.h>
#include <string.h>

static void write_and_read_again(const cJSON *json, bool (*write)(const cJSON *, struct buf *))
{
    struct buf text;
    cJSON *back = NULL;

    /* an escape is up to six times as long as its character, indentation as deep as the limit */
    buf_init(&text, 64 * json_limits_message.bytes);
    if (!write(json, &text) ||
        !json_parse(buf_str(&text), text.len, &json_limits_file, &back, NULL) ||
        !cJSON_Compare(json, back, true))
        abort();
    cJSON_Delete(back);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const known[] = {"name", "version", NULL};
    cJSON *json = NULL;
    struct err err = ERR_INIT;
    char message[512];

    if (json_parse((const char *)data, size, &json_limits_message, &json, &err)) {
        struct err copy;

        write_and_read_again(json, json_write);
        write_and_read_again(json, json_write_pretty);
        json_only_known(json, known, &err);
        err_from_json(&copy, json);
        if (!err_is_set(&copy))
            abort();
        err_message(&copy, TEXT_ZH, message, sizeof message);
    } else if (!err_is_set(&err) || json) {
        abort();
    }
    err_message(&err, TEXT_EN, message, sizeof message);
    cJSON_Delete(json);
    return 0;
}
