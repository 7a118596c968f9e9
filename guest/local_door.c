/* {"version":1,"token":"<32 hex>","secret":"<64 hex>"} */
#include "guest/local_door.h"

#include "common/fs.h"
#include "common/json.h"
#include "common/link_platform.h"
#include "common/secure.h"

#include <stdio.h>
#include <string.h>

#define DOOR_VERSION 1
#define DOOR_BYTES   512
#define TOKEN_BYTES  16

static void to_hex(const uint8_t *bytes, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* False unless text is exactly count bytes in lower-case hex. */
static bool from_hex(const char *text, uint8_t *out, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(text) != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *high = strchr(digits, text[2 * i]), *low = strchr(digits, text[2 * i + 1]);

        if (!high || !low)
            return false;
        out[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

static bool place(const char *folder, struct local_door *door, struct err *err)
{
    door->address.kind = LINK_UV;
    return link_platform_local(folder, door->token, door->address.path) ||
           err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, folder, LOCAL_DOOR_FILE, NULL);
}

bool local_door_make(const char *folder, struct local_door *ret_door, struct err *err)
{
    struct local_door door = {.token = ""};
    uint8_t token[TOKEN_BYTES];
    bool ok = false;

    if (!secure_random(token, sizeof token) || !secure_random(door.secret, sizeof door.secret)) {
        err_set(err, ERR_IO, TEXT_KEY_RANDOM, NULL);
    } else {
        to_hex(token, sizeof token, door.token);
        ok = place(folder, &door, err);
    }
    if (ok)
        *ret_door = door;
    secure_wipe(&door, sizeof door);
    return ok;
}

bool local_door_tell(const char *folder, const struct local_door *door, struct err *err)
{
    char path[FS_PATH_BYTES], text[DOOR_BYTES], secret[2 * KEY_SECRET_BYTES + 1];
    bool ok;
    int n;

    to_hex(door->secret, KEY_SECRET_BYTES, secret);
    n = snprintf(text,
                 sizeof text,
                 "{\"version\":%d,\"token\":\"%s\",\"secret\":\"%s\"}\n",
                 DOOR_VERSION,
                 door->token,
                 secret);
    ok = fs_join(path, folder, LOCAL_DOOR_FILE, err) &&
         fs_write_atomic(path, text, (size_t)n, FS_PRIVATE, err);
    secure_wipe(text, sizeof text);
    secure_wipe(secret, sizeof secret);
    return ok;
}

static bool read_door(const cJSON *json, struct local_door *door)
{
    const char *token = "", *secret = "";
    uint8_t bytes[TOKEN_BYTES];
    int64_t version = 0;

    if (!cJSON_IsObject(json) ||
        !json_int(json, "version", DOOR_VERSION, DOOR_VERSION, &version, NULL) ||
        version != DOOR_VERSION || !json_string(json, "token", NULL, &token, NULL) ||
        !json_string(json, "secret", NULL, &secret, NULL) ||
        !from_hex(token, bytes, sizeof bytes) || !from_hex(secret, door->secret, KEY_SECRET_BYTES))
        return false;
    text_copy(door->token, sizeof door->token, token);
    return true;
}

bool local_door_find(const char *folder, struct local_door *ret_door, struct err *err)
{
    struct local_door door = {.token = ""};
    char path[FS_PATH_BYTES];
    cJSON *json = NULL, *secret;
    struct buf text;
    bool ok;

    buf_init(&text, DOOR_BYTES);
    ok = fs_join(path, folder, LOCAL_DOOR_FILE, err) && fs_read(path, DOOR_BYTES, &text, err);
    if (ok && !(json_parse(buf_str(&text), text.len, &json_limits_message, &json, NULL) &&
                read_door(json, &door)))
        ok = err_set(err, ERR_BAD_INPUT, TEXT_LOCAL_DOOR_DAMAGED, path, NULL);
    ok = ok && place(folder, &door, err);
    if (ok)
        *ret_door = door;
    secret = cJSON_GetObjectItemCaseSensitive(json, "secret");
    if (cJSON_IsString(secret))
        secure_wipe(secret->valuestring, strlen(secret->valuestring));
    cJSON_Delete(json);
    if (text.data)
        secure_wipe(text.data, text.cap);
    buf_done(&text);
    secure_wipe(&door, sizeof door);
    return ok;
}

void local_door_forget(const char *folder)
{
    char path[FS_PATH_BYTES];

    if (fs_join(path, folder, LOCAL_DOOR_FILE, NULL))
        fs_remove(path, NULL);
}
