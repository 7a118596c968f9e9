/* The offer of a transfer as JSON. */
#include "common/bulk_chunk.h"
#include "common/secure.h"

#include <stdlib.h>
#include <string.h>

#define TRANSFER_DIGITS (2 * BULK_TRANSFER_BYTES)

static bool add_have(cJSON *resume, size_t file, uint64_t offset)
{
    cJSON *pair = cJSON_CreateArray();

    return pair && cJSON_AddItemToArray(resume, pair) &&
           cJSON_AddItemToArray(pair, cJSON_CreateNumber((double)file)) &&
           cJSON_AddItemToArray(pair, cJSON_CreateNumber((double)offset));
}

cJSON *bulk_offer_to_json(const struct bulk_offer *offer)
{
    static const char hex[] = "0123456789abcdef";
    char transfer[TRANSFER_DIGITS + 1] = "";
    cJSON *json = cJSON_CreateObject();
    cJSON *resume = json ? cJSON_CreateArray() : NULL;
    bool ok = resume != NULL;

    for (size_t i = 0; i < BULK_TRANSFER_BYTES; i++) {
        transfer[2 * i] = hex[offer->transfer[i] >> 4];
        transfer[2 * i + 1] = hex[offer->transfer[i] & 15];
    }
    ok = ok && cJSON_AddStringToObject(json, "transfer", transfer) &&
         json_add_int(json, "window_bytes", (int64_t)offer->window_bytes) &&
         json_add_int(json, "files", (int64_t)offer->count);
    for (size_t i = 0; ok && i < offer->count; i++) {
        if (offer->have[i].complete || offer->have[i].offset > 0)
            ok = add_have(resume, i, offer->have[i].offset);
    }
    if (ok && cJSON_AddItemToObject(json, "resume", resume))
        return json;
    cJSON_Delete(resume);
    cJSON_Delete(json);
    return NULL;
}

static bool bad(const char *field, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, field, "bulk offer", NULL);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_transfer(const cJSON *json, uint8_t *out, struct err *err)
{
    const char *text;

    if (!json_string(json, "transfer", NULL, &text, err))
        return false;
    if (strlen(text) != TRANSFER_DIGITS)
        return bad("transfer", err);
    for (size_t i = 0; i < BULK_TRANSFER_BYTES; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return bad("transfer", err);
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_whole(const cJSON *item, uint64_t max, uint64_t *ret_value)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= (double)max) ||
        (double)(uint64_t)item->valuedouble != item->valuedouble)
        return false;
    *ret_value = (uint64_t)item->valuedouble;
    return true;
}

static bool read_resume(const cJSON *json,
                        const struct manifest *files,
                        struct bulk_have *have,
                        struct err *err)
{
    const cJSON *resume = NULL, *pair;
    uint64_t file, offset;

    if (!json_array(json, "resume", &resume, err))
        return false;
    cJSON_ArrayForEach(pair, resume)
    {
        if (!cJSON_IsArray(pair) || files->count == 0 ||
            !read_whole(cJSON_GetArrayItem(pair, 0), files->count - 1, &file) ||
            !read_whole(cJSON_GetArrayItem(pair, 1), files->entries[file].size_bytes, &offset))
            return bad("resume", err);
        have[file].offset = offset;
        have[file].complete = offset == files->entries[file].size_bytes;
    }
    return true;
}

bool bulk_offer_from_json(const cJSON *result,
                          const uint8_t *body,
                          size_t body_length,
                          const struct manifest *files,
                          struct bulk_offer *ret_offer,
                          struct err *err)
{
    struct bulk_offer offer = {.count = files->count};
    int64_t window = 0, count = -1;
    bool ok = false;

    if (body_length != BULK_KEY_BYTES)
        return bad("key", err);
    memcpy(offer.key, body, BULK_KEY_BYTES);
    offer.have = calloc(files->count + 1, sizeof *offer.have);
    if (!offer.have) {
        err_no_memory(err);
        goto out;
    }
    if (!read_transfer(result, offer.transfer, err) ||
        !json_int(result, "window_bytes", BULK_CHUNK_MAX, INT64_C(1) << 30, &window, err) ||
        !json_int(result, "files", 0, MANIFEST_ENTRIES_MAX, &count, err))
        goto out;
    if (window == 0 || count != (int64_t)files->count) {
        bad(window == 0 ? "window_bytes" : "files", err);
        goto out;
    }
    offer.window_bytes = (uint64_t)window;
    ok = read_resume(result, files, offer.have, err);

out:
    if (ok)
        *ret_offer = offer;
    else
        bulk_offer_done(&offer);
    return ok;
}

bool bulk_offer_is_complete(const struct bulk_offer *offer)
{
    for (size_t i = 0; i < offer->count; i++) {
        if (!offer->have[i].complete)
            return false;
    }
    return true;
}

void bulk_offer_done(struct bulk_offer *offer)
{
    free(offer->have);
    secure_wipe(offer, sizeof *offer);
}
