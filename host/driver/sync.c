#include "host/driver/sync.h"

#include "common/bulk.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/frame.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#define LIST_BYTES  ((size_t)16 << 20)
#define PIECE_BYTES (FRAME_BODY_MAX - 4096)
#define REFUSED     3     /* bulk connections that come to nothing while the session stands */
#define BUSY_MS     15000 /* files of another connection may still come for so long */
#define SILENT_MS   60000 /* a guest that starts anew may take so long */
#define RETRY_MS    250
#define SEND_MS     (INT64_C(4) * 60 * 60 * 1000)

static const char *const state_names[SYNC_STATES] = {
    [SYNC_NONE] = "none",
    [SYNC_DONE] = "done",
    [SYNC_WAITING] = "waiting",
    [SYNC_REBOOT] = "reboot_needed",
};

const char *sync_state_name(enum sync_state state)
{
    return state_names[state];
}

void sync_done(struct sync_result *result)
{
    manifest_done(&result->lacking);
}

bool sync_is_complete(const struct sync_result *result)
{
    return result->state != SYNC_NONE && result->files == 0 && result->strange == 0;
}

/* The word of the guest for a state; others say nothing. */
static enum sync_state parse_state(const cJSON *result)
{
    int state = SYNC_NONE;

    json_choice(result, "state", state_names, SYNC_STATES, &state, NULL);
    return (enum sync_state)state;
}

/* ---- what the guest has ---- */

static cJSON *params_of(const struct driver_package *package)
{
    cJSON *params = cJSON_CreateObject();

    if (params && cJSON_AddStringToObject(params, "package", package->name))
        return params;
    cJSON_Delete(params);
    return NULL;
}

/* One piece of the list; *ret_size: of the whole list. */
static bool fetch_piece(struct client *client,
                        const struct driver_package *package,
                        bool full,
                        struct buf *list,
                        int64_t *ret_size,
                        char *digest,
                        struct sync_result *result,
                        struct err *err)
{
    struct client_call call = {.method = METHOD_DRIVERS_MANIFEST};
    struct client_reply reply = CLIENT_REPLY_INIT;
    cJSON *params = params_of(package);
    bool ok = (params && json_add_int(params, "offset", (int64_t)list->len) &&
               cJSON_AddBoolToObject(params, "full", full)) ||
              err_no_memory(err);

    call.params = params;
    ok = ok && client_call(client, &call, &reply, err) &&
         json_int(reply.result, "size_bytes", 0, (int64_t)LIST_BYTES, ret_size, err) &&
         json_string_into(reply.result, "sha256", NULL, digest, DIGEST_HEX_BYTES, err) &&
         json_string_into(reply.result, "version", "", result->guest, sizeof result->guest, err);
    if (ok) {
        result->state = parse_state(reply.result);
        ok = ((reply.body_length > 0 || (int64_t)list->len == *ret_size) &&
              (int64_t)(list->len + reply.body_length) <= *ret_size) ||
             err_set(err, ERR_BAD_INPUT, TEXT_DRIVER_PAGES, NULL);
    }
    ok = ok && (buf_put(list, reply.body, reply.body_length) || err_no_memory(err));
    client_reply_done(&reply);
    cJSON_Delete(params);
    return ok;
}

static bool fetch_list(struct client *client,
                       const struct driver_package *package,
                       bool full,
                       struct manifest *ret_files,
                       struct sync_result *result,
                       struct err *err)
{
    char digest[DIGEST_HEX_BYTES] = "", made[DIGEST_HEX_BYTES];
    struct manifest files;
    int64_t size = -1;
    struct buf list;
    bool ok, last = false;

    buf_init(&list, LIST_BYTES);
    do
        ok = fetch_piece(client, package, full, &list, &size, digest, result, err);
    while (ok && (int64_t)list.len < size);
    ok = ok && digest_data(list.data, list.len, made, err) &&
         (!strcmp(made, digest) || err_set(err, ERR_CONFLICT, TEXT_DRIVER_PAGES, NULL));
    if (ok) {
        manifest_init(&files, MANIFEST_XXH3);
        ok = manifest_read_page(&files, list.data, list.len, &last, err) &&
             (last || err_set(err, ERR_BAD_INPUT, TEXT_DRIVER_PAGES, NULL));
        if (ok)
            *ret_files = files;
        else
            manifest_done(&files);
    }
    buf_done(&list);
    return ok;
}

struct compare {
    const struct driver_package *package;
    struct sync_result *result;
    struct err *err;
    bool ok;
};

static bool on_difference(enum manifest_change change,
                          const struct manifest_entry *have,
                          const struct manifest_entry *want,
                          void *user)
{
    struct compare *compare = user;
    struct sync_result *result = compare->result;
    const char *path;

    if (change == MANIFEST_TOUCHED)
        return true;
    if (change == MANIFEST_REMOVED) {
        result->strange++;
        return true;
    }
    path = manifest_path(&compare->package->files, want);
    /* the driver's settings are the guest's own once it has some */
    if (have && strncmp(path, "programdata/", 12) == 0)
        return true;
    result->files++;
    result->bytes += want->size_bytes;
    compare->ok = manifest_add(&result->lacking, path, want, compare->err);
    return compare->ok;
}

bool sync_compare(struct client *client,
                  const struct driver_package *package,
                  const struct sync_options *options,
                  struct sync_result *ret_result,
                  struct err *err)
{
    struct sync_result result = {.state = SYNC_NONE};
    struct compare compare = {package, &result, err, true};
    struct manifest have;
    bool ok;

    manifest_init(&result.lacking, MANIFEST_XXH3);
    if (!fetch_list(client, package, options->full, &have, &result, err)) {
        sync_done(&result);
        return false;
    }
    manifest_diff(&have, &package->files, false, on_difference, &compare);
    manifest_done(&have);
    ok = compare.ok && manifest_complete(&result.lacking, err);
    if (ok)
        *ret_result = result;
    else
        sync_done(&result);
    return ok;
}

/* ---- sending ---- */

struct sender {
    struct client *client;
    const struct link_address *address;
    const struct driver_package *package;
    const struct sync_options *options;
    struct sync_result *result;
    uint64_t before; /* bytes of files before this batch */
    uint64_t sent;   /* of this batch, at most so far */
    bool offered;    /* the guest stood by for the batch */
    bool done;
    struct err why;
};

static void tell_progress(struct sender *s, uint64_t sent)
{
    if (s->options->on_progress)
        s->options->on_progress(s->before + sent, s->result->bytes, s->options->user);
}

static bool locate(const char *path, char *out, void *user, struct err *err)
{
    return driver_package_source(((struct sender *)user)->package, path, out, err);
}

static void on_sent_bytes(uint64_t sent, uint64_t total, void *user)
{
    struct sender *s = user;

    (void)total;
    s->sent = sent > s->sent ? sent : s->sent;
    tell_progress(s, sent);
}

static void on_sent(const struct err *why, void *user)
{
    struct sender *s = user;

    err_clear(&s->why);
    if (why)
        s->why = *why;
    s->done = true;
}

static bool is_done(void *user)
{
    return ((struct sender *)user)->done;
}

/* Sends what an offer lacks over the bulk connection. */
static bool send_offer(struct sender *s,
                       const struct manifest *files,
                       const struct bulk_offer *offer,
                       struct err *err)
{
    const struct bulk_send_job job = {.address = *s->address,
                                      .folder = "",
                                      .locate = locate,
                                      .files = files,
                                      .offer = offer,
                                      .on_progress = on_sent_bytes,
                                      .on_done = on_sent,
                                      .user = s};
    struct bulk_send *send = NULL;
    bool ok;

    s->done = false;
    if (!bulk_send_start(client_loop(s->client), &job, &send, err))
        return false;
    ok = client_run(s->client, is_done, s, SEND_MS, err);
    if (!s->done)
        bulk_send_cancel(send);
    while (!s->done)
        uv_run(client_loop(s->client), UV_RUN_ONCE);
    if (ok && err_is_set(&s->why)) {
        if (err)
            *err = s->why;
        return false;
    }
    return ok;
}

static bool put_bulk(struct sender *s, const struct manifest *files, struct err *err)
{
    struct client_call call = {.method = METHOD_DRIVERS_PUT};
    struct client_reply reply = CLIENT_REPLY_INIT;
    struct bulk_offer offer = {.count = 0};
    cJSON *params = params_of(s->package);
    size_t cursor = 0;
    struct buf page;
    bool ok, last = false;

    buf_init(&page, FRAME_BODY_MAX);
    ok = (params && cJSON_AddTrueToObject(params, "bulk")) || err_no_memory(err);
    ok = ok && manifest_write_page(files, &cursor, FRAME_BODY_MAX, &page, &last, err);
    call.params = params;
    call.body = page.data;
    call.body_length = page.len;
    ok = ok && client_call(s->client, &call, &reply, err) &&
         bulk_offer_from_json(reply.result, reply.body, reply.body_length, files, &offer, err);
    s->offered = ok;
    ok = ok && (bulk_offer_is_complete(&offer) || send_offer(s, files, &offer, err));
    bulk_offer_done(&offer);
    client_reply_done(&reply);
    buf_done(&page);
    cJSON_Delete(params);
    return ok;
}

/* ---- without a bulk connection ---- */

static bool put_piece(struct sender *s,
                      const char *path,
                      uint64_t size,
                      struct fs_file *file,
                      uint8_t *piece,
                      uint64_t *offset,
                      bool probe,
                      struct err *err)
{
    struct client_call call = {.method = METHOD_DRIVERS_PUT, .body = piece};
    struct client_reply reply = CLIENT_REPLY_INIT;
    cJSON *params = params_of(s->package);
    int64_t next = 0;
    bool ok = (params && cJSON_AddStringToObject(params, "path", path) &&
               json_add_int(params, "size_bytes", (int64_t)size) &&
               json_add_int(params, "offset", (int64_t)*offset)) ||
              err_no_memory(err);

    call.params = params;
    ok = ok && (probe || fs_file_read(file, *offset, piece, PIECE_BYTES, &call.body_length, err)) &&
         client_call(s->client, &call, &reply, err) &&
         json_int(reply.result, "next", 0, (int64_t)size, &next, err);
    if (ok && !probe && (uint64_t)next <= *offset && size > 0)
        ok = err_set(err, ERR_CONFLICT, TEXT_DRIVER_CHANGED, NULL);
    if (ok)
        *offset = (uint64_t)next;
    client_reply_done(&reply);
    cJSON_Delete(params);
    return ok;
}

static bool put_file(struct sender *s, const struct manifest *files, size_t index, struct err *err)
{
    const struct manifest_entry *entry = &files->entries[index];
    const char *path = manifest_path(files, entry);
    uint8_t *piece = malloc(PIECE_BYTES);
    struct fs_file *file = NULL;
    char source[FS_PATH_BYTES];
    uint64_t offset = 0;
    bool ok = piece || err_no_memory(err);

    ok = ok && locate(path, source, s, err) &&
         fs_file_open(source, FS_READ, FS_SHARED, &file, err) &&
         (entry->size_bytes == 0 ||
          put_piece(s, path, entry->size_bytes, file, piece, &offset, true, err));
    do {
        if (!ok || (offset == entry->size_bytes && offset > 0))
            break;
        ok = put_piece(s, path, entry->size_bytes, file, piece, &offset, false, err);
        if (ok)
            tell_progress(s, offset);
    } while (offset < entry->size_bytes);
    fs_file_close(file);
    free(piece);
    s->before += ok ? entry->size_bytes : 0;
    return ok;
}

static bool put_in_session(struct sender *s, const struct manifest *files, struct err *err)
{
    uint64_t before = s->before;
    bool ok = true;

    for (size_t i = 0; ok && i < files->count; i++)
        ok = put_file(s, files, i, err);
    s->before = before;
    return ok;
}

/* ---- again and again ---- */

static bool is_silence(const struct err *err)
{
    return err->kind == ERR_UNREACHABLE || err->kind == ERR_TIMEOUT || err->kind == ERR_CLOSED ||
           err->kind == ERR_IO;
}

/* Sends one batch; a link that breaks is made anew, also when the guest has to start anew. */
static bool send_batch(struct sender *s, const struct manifest *files, struct err *err)
{
    int64_t moved = clock_now_ms(clock_system());
    struct err why = ERR_INIT;
    uint64_t best = 0;
    int refused = 0;

    s->sent = 0;
    for (;;) {
        int64_t now, patience_ms;

        err_clear(&why);
        if (put_bulk(s, files, &why))
            return true;
        now = clock_now_ms(clock_system());
        if (s->sent > best) {
            best = s->sent;
            moved = now;
        }
        /* a listener that takes no bulk connection closes it at once */
        if (is_silence(&why) && s->offered && best == 0 && ++refused >= REFUSED)
            return put_in_session(s, files, err);
        patience_ms = why.kind == ERR_BUSY ? BUSY_MS : is_silence(&why) ? SILENT_MS : 0;
        if (now - moved >= patience_ms)
            break;
        clock_sleep_ms(clock_system(), RETRY_MS);
    }
    if (why.message == TEXT_BULK_SOURCE_CHANGED || why.message == TEXT_BULK_HASH) {
        err_set(&why, ERR_CONFLICT, TEXT_DRIVER_CHANGED, NULL);
        err_hint(&why, TEXT_DRIVER_CHANGED_HINT);
    }
    if (err)
        *err = why;
    return false;
}

/* The files from *cursor on that fit into one message, as a list of their own. */
static bool
next_batch(const struct manifest *all, size_t *cursor, struct manifest *ret_batch, struct err *err)
{
    size_t from = *cursor;
    struct buf page;
    bool ok, last = false;

    buf_init(&page, FRAME_BODY_MAX);
    ok = manifest_write_page(all, cursor, PIECE_BYTES, &page, &last, err);
    buf_done(&page);
    manifest_init(ret_batch, MANIFEST_XXH3);
    for (size_t i = from; ok && i < *cursor; i++)
        ok = manifest_add(ret_batch, manifest_path(all, &all->entries[i]), &all->entries[i], err);
    ok = ok && manifest_complete(ret_batch, err);
    if (!ok)
        manifest_done(ret_batch);
    return ok;
}

static bool send_all(struct sender *s, struct err *err)
{
    const struct manifest *lacking = &s->result->lacking;
    size_t cursor = 0;
    bool ok = true;

    while (ok && cursor < lacking->count) {
        struct manifest batch;

        ok = next_batch(lacking, &cursor, &batch, err);
        if (!ok)
            break;
        ok = send_batch(s, &batch, err);
        s->before += manifest_bytes(&batch);
        manifest_done(&batch);
    }
    return ok;
}

/* ---- the commit ---- */

static bool commit_piece(
    struct sender *s, const struct buf *list, size_t offset, size_t length, struct err *err)
{
    struct client_call call = {
        .method = METHOD_DRIVERS_COMMIT, .body = list->data + offset, .body_length = length};
    struct client_reply reply = CLIENT_REPLY_INIT;
    cJSON *params = params_of(s->package);
    const char *when = s->options->when;
    bool ok = (params && cJSON_AddStringToObject(params, "version", s->package->adapter.version) &&
               json_add_int(params, "size_bytes", (int64_t)list->len) &&
               json_add_int(params, "offset", (int64_t)offset) &&
               (!when || cJSON_AddStringToObject(params, "when", when))) ||
              err_no_memory(err);

    call.params = params;
    ok = ok && client_call(s->client, &call, &reply, err);
    if (ok)
        s->result->state = parse_state(reply.result);
    client_reply_done(&reply);
    cJSON_Delete(params);
    return ok;
}

static bool commit(struct sender *s, struct err *err)
{
    int64_t begun = clock_now_ms(clock_system());
    size_t cursor = 0, offset = 0;
    struct buf list;
    bool ok, last = false;

    buf_init(&list, LIST_BYTES);
    ok = manifest_write_page(&s->package->files, &cursor, LIST_BYTES, &list, &last, err) &&
         (last || err_set(err, ERR_TOO_LARGE, TEXT_DRIVER_PAGES, NULL));
    while (ok && offset < list.len) {
        size_t length = list.len - offset < PIECE_BYTES ? list.len - offset : PIECE_BYTES;

        ok = commit_piece(s, &list, offset, length, err);
        offset += length;
    }
    buf_done(&list);
    s->result->flush_ms = clock_now_ms(clock_system()) - begun;
    return ok;
}

static bool run_once(struct client *client,
                     const struct link_address *address,
                     const struct driver_package *package,
                     const struct sync_options *options,
                     struct sync_result *ret_result,
                     struct err *err)
{
    struct sync_result result;
    struct sender sender = {.client = client,
                            .address = address,
                            .package = package,
                            .options = options,
                            .result = &result};
    bool waits;

    if (!sync_compare(client, package, options, &result, err))
        return false;
    /* what waits is asked for once more when somebody says when */
    waits = options->when && result.state == SYNC_WAITING;
    if ((!sync_is_complete(&result) || waits) &&
        (!send_all(&sender, err) || !commit(&sender, err))) {
        sync_done(&result);
        return false;
    }
    *ret_result = result;
    return true;
}

bool sync_run(struct client *client,
              const struct link_address *address,
              const struct driver_package *package,
              const struct sync_options *options,
              struct sync_result *ret_result,
              struct err *err)
{
    struct err why = ERR_INIT;
    int64_t first = 0; /* failure */

    while (!run_once(client, address, package, options, ret_result, &why)) {
        int64_t now = clock_now_ms(clock_system());

        first = first ? first : now;
        if (!is_silence(&why) || now - first >= SILENT_MS) {
            if (err)
                *err = why;
            return false;
        }
        err_clear(&why);
        clock_sleep_ms(clock_system(), RETRY_MS);
    }
    return true;
}
