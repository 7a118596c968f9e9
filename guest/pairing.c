/* {"version":1,"code":"...","made_ms":...,"attempts":n}: every use is written before it counts. */
#include "guest/pairing.h"

#include "common/fs.h"
#include "common/json.h"
#include "common/secure.h"

#include <string.h>

#define PAIRING_VERSION 1
#define PAIRING_BYTES   512

struct pairing {
    char code[PAIR_CODE_BYTES];
    int64_t made_ms;
    int64_t attempts;
};

static bool save(const char *folder, const struct pairing *pairing, struct err *err)
{
    char path[FS_PATH_BYTES], text[PAIRING_BYTES];
    int n = snprintf(text,
                     sizeof text,
                     "{\"version\":%d,\"code\":\"%s\",\"made_ms\":%lld,\"attempts\":%lld}\n",
                     PAIRING_VERSION,
                     pairing->code,
                     (long long)pairing->made_ms,
                     (long long)pairing->attempts);
    bool ok = fs_join(path, folder, PAIRING_FILE, err) &&
              fs_write_atomic(path, text, (size_t)n, FS_PRIVATE, err);

    secure_wipe(text, sizeof text);
    return ok;
}

static bool read_fields(const cJSON *json, struct pairing *pairing, struct err *err)
{
    static const char *const known[] = {"version", "code", "made_ms", "attempts", NULL};
    const char *code = NULL;
    int64_t version = 0;

    pairing->attempts = PAIRING_ATTEMPTS; /* when nobody says how many there were */
    return cJSON_IsObject(json) && json_only_known(json, known, err) &&
           json_int(json, "version", PAIRING_VERSION, PAIRING_VERSION, &version, err) &&
           version == PAIRING_VERSION && json_string(json, "code", NULL, &code, err) &&
           pair_code_parse(code, pairing->code, err) &&
           json_int(json, "made_ms", 0, JSON_INT_MAX, &pairing->made_ms, err) &&
           json_int(json, "attempts", 0, PAIRING_ATTEMPTS, &pairing->attempts, err);
}

static void wipe_json(cJSON *json)
{
    cJSON *code = cJSON_GetObjectItemCaseSensitive(json, "code");

    if (cJSON_IsString(code))
        secure_wipe(code->valuestring, strlen(code->valuestring));
    cJSON_Delete(json);
}

/* ERR_NOT_FOUND when there is none, ERR_BAD_INPUT when it is damaged. */
static bool load(const char *folder, struct pairing *ret_pairing, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct pairing pairing = {.made_ms = 0};
    struct fs_stat stat;
    cJSON *json = NULL;
    struct buf text;
    bool ok;

    if (!fs_join(path, folder, PAIRING_FILE, err) || !fs_stat(path, &stat, err))
        return false;
    if (stat.kind == FS_MISSING) {
        err_set(err, ERR_NOT_FOUND, TEXT_PAIR_NONE, NULL);
        return err_hint(err, TEXT_PAIR_AGAIN_HINT);
    }
    buf_init(&text, PAIRING_BYTES);
    ok = fs_read(path, PAIRING_BYTES, &text, err);
    if (ok && !(json_parse(buf_str(&text), text.len, &json_limits_message, &json, NULL) &&
                read_fields(json, &pairing, NULL)))
        ok = err_set(err, ERR_BAD_INPUT, TEXT_PAIR_DAMAGED, path, NULL);
    if (ok)
        *ret_pairing = pairing;
    wipe_json(json);
    if (text.data)
        secure_wipe(text.data, text.cap);
    buf_done(&text);
    secure_wipe(&pairing, sizeof pairing);
    return ok;
}

/* True for a file that no code can come from any more; what merely could not be read stays. */
static bool is_useless(const struct err *why)
{
    return why->kind == ERR_BAD_INPUT || why->kind == ERR_TOO_LARGE;
}

/* Sets err when the code can no longer be used. */
static bool still_good(const struct pairing *pairing, struct clock *clock, struct err *err)
{
    int64_t age_ms = clock_wall_ms(clock) - pairing->made_ms;

    if (age_ms > PAIR_LIFE_MS || age_ms < -PAIRING_SLACK_MS)
        err_set(err, ERR_AUTH, TEXT_PAIR_EXPIRED, TEXT_NUM(PAIR_LIFE_MS / 60000), NULL);
    else if (pairing->attempts >= PAIRING_ATTEMPTS)
        err_set(err, ERR_AUTH, TEXT_PAIR_USED_UP, TEXT_NUM(PAIRING_ATTEMPTS), NULL);
    else
        return true;
    return err_hint(err, TEXT_PAIR_AGAIN_HINT);
}

bool pairing_begin(const char *folder, const char *code, struct clock *clock, struct err *err)
{
    struct pairing pairing = {.made_ms = clock_wall_ms(clock)};
    bool ok;

    text_copy(pairing.code, sizeof pairing.code, code);
    ok = fs_make_dirs(folder, FS_PRIVATE, err) && save(folder, &pairing, err);
    secure_wipe(&pairing, sizeof pairing);
    return ok;
}

bool pairing_secret(const char *folder,
                    const char *identity,
                    const char *own_vm,
                    struct clock *clock,
                    uint8_t ret_secret[KEY_SECRET_BYTES],
                    struct err *err)
{
    struct pairing pairing = {.made_ms = 0};
    struct err why = ERR_INIT;
    char vm[KEY_VM_BYTES];
    bool ok = false;

    if (!pair_identity_vm(identity, vm))
        return err_set(err, ERR_BAD_INPUT, TEXT_KEY_VM, identity, NULL);
    if (own_vm[0] && strcmp(own_vm, vm) != 0)
        return err_set(err, ERR_CONFLICT, TEXT_PAIR_OTHER_VM, vm, own_vm, NULL);
    if (!load(folder, &pairing, &why)) {
        if (is_useless(&why))
            pairing_end(folder, NULL);
        if (err)
            *err = why;
        return false;
    }
    if (!still_good(&pairing, clock, err)) {
        pairing_end(folder, NULL);
    } else {
        pairing.attempts++;
        ok = save(folder, &pairing, err) && pair_secret(pairing.code, vm, ret_secret, err);
    }
    secure_wipe(&pairing, sizeof pairing);
    return ok;
}

bool pairing_end(const char *folder, struct err *err)
{
    char path[FS_PATH_BYTES];

    return fs_join(path, folder, PAIRING_FILE, err) && fs_remove(path, err);
}

void pairing_sweep(const char *folder, struct clock *clock)
{
    struct pairing pairing = {.made_ms = 0};
    struct err err = ERR_INIT;

    if (load(folder, &pairing, &err) ? !still_good(&pairing, clock, NULL) : is_useless(&err))
        pairing_end(folder, NULL);
    secure_wipe(&pairing, sizeof pairing);
}
