/* From an image to a disk of its own. */
#include "host/images_build.h"

#include "common/secure.h"
#include "common/steps.h"
#include "common/ui/console.h"
#include "common/ui/progress.h"
#include "host/disk.h"
#include "host/image/build.h"
#include "host/inject.h"
#include "host/journal.h"
#include "host/medium.h"
#include "host/place.h"
#include "host/secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define KIND       "build-"
#define SUFFIX     ".vhdx"
#define WORK_END   ".build.vhdx" /* the disk while it is made: nobody else's has that name */
#define GB         ((uint64_t)1 << 30)
#define GB_DEFAULT 128
#define GB_LEAST   20
#define GB_MOST    65536

const struct option images_build_options[] = {
    {"out", 0, OPTION_TEXT, "DISK", TEXT_BUILD_HELP_OUT, 0, 0},
    {"edition", 0, OPTION_TEXT, "NAME|N", TEXT_BUILD_HELP_EDITION, 0, 0},
    {"disk-size", 0, OPTION_NUMBER, "GB", TEXT_BUILD_HELP_SIZE, GB_LEAST, GB_MOST},
    {"computer", 0, OPTION_TEXT, "NAME", TEXT_BUILD_HELP_COMPUTER, 0, 0},
    {"user", 0, OPTION_TEXT, "NAME", TEXT_BUILD_HELP_USER, 0, 0},
    {"password-from", 0, OPTION_TEXT, "WHERE", TEXT_HELP_OPTION_PASSWORD_FROM, 0, 0},
    {"no-autologon", 0, OPTION_FLAG, NULL, TEXT_BUILD_HELP_NO_AUTOLOGON, 0, 0},
    {"product-key-from", 0, OPTION_TEXT, "WHERE", TEXT_BUILD_HELP_KEY, 0, 0},
    {0},
};

/* Those that speak of the set-up of Windows. */
static const char *const of_setup[] = {
    "computer", "password-from", "no-autologon", "product-key-from"};

/* One build, or the taking back of one. */
struct making {
    struct call *call;
    struct image_port *port;
    struct medium medium;
    struct progress progress;
    struct build_request request;
    char path[FS_PATH_BYTES], work[FS_PATH_BYTES]; /* of the disk, and while it is made */
    uint32_t size_gb;
    char computer[ACCOUNT_COMPUTER_BYTES], user[ACCOUNT_USER_BYTES];
    char password[ACCOUNT_PASSWORD_BYTES], product_key[UNATTEND_KEY_BYTES];
};

/* ---- the command line ---- */

bool images_build_refuse_options(const struct call *call, struct err *err)
{
    for (const struct option *row = images_build_options; row->name; row++)
        if (arguments_get(&call->args, row->name)->set)
            return err_set(err, ERR_USAGE, TEXT_BUILD_ONLY_BUILD, row->name, NULL);
    return true;
}

static bool ends_like_a_disk(const char *path)
{
    size_t length = strlen(path), suffix = sizeof SUFFIX - 1;

    if (length <= suffix)
        return false;
    for (size_t i = 0; i < suffix; i++)
        if (tolower((unsigned char)path[length - suffix + i]) != SUFFIX[i])
            return false;
    return true;
}

static bool take_out(struct making *making, struct err *err)
{
    const char *out = call_text(making->call, "out");

    if (!out) {
        err_set(err, ERR_USAGE, TEXT_BUILD_OUT_MISSING, NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    if (!ends_like_a_disk(out)) {
        err_set(err, ERR_USAGE, TEXT_BUILD_OUT_NAME, out, NULL);
        return err_hint(err, TEXT_BUILD_OUT_NAME_HINT);
    }
    return place_absolute(out, making->path, err);
}

static bool name_work(struct making *making, struct err *err)
{
    size_t length = strlen(making->path);

    text_copy(making->work, sizeof making->work, making->path);
    if (length + sizeof WORK_END > sizeof making->work)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, making->path, NULL);
    text_copy(making->work + length, sizeof making->work - length, WORK_END);
    return true;
}

/* The name of the disk's file without folder and ending. */
static void stem_of(const char *path, char *out, size_t size)
{
    const char *name = path;

    for (const char *at = path; *at; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    text_copy(out, size, name);
    if (strlen(out) >= sizeof SUFFIX)
        out[strlen(out) - (sizeof SUFFIX - 1)] = 0;
}

static bool take_names(struct making *making, struct err *err)
{
    const struct call *call = making->call;
    const char *user = call_text(call, "user"), *computer = call_text(call, "computer");
    char stem[FS_PATH_BYTES];

    for (size_t i = 0; !user && i < sizeof of_setup / sizeof *of_setup; i++)
        if (arguments_get(&call->args, of_setup[i])->set)
            return err_set(err, ERR_USAGE, TEXT_BUILD_NEEDS_USER, of_setup[i], NULL);
    if (!user)
        return true;
    stem_of(making->path, stem, sizeof stem);
    text_copy(making->user, sizeof making->user, user);
    account_computer(stem, user, making->computer);
    if (computer && strlen(computer) >= sizeof making->computer)
        return account_check_computer(computer, user, err);
    if (computer)
        text_copy(making->computer, sizeof making->computer, computer);
    return account_check_user(user, err) && account_check_computer(making->computer, user, err);
}

static bool take_secrets(struct making *making, struct err *err)
{
    struct call *call = making->call;
    const char *from = call_text(call, "password-from"), *key = call_text(call, "product-key-from");

    if (!*making->user)
        return true;
    if (key && !secret_read(&call->ui,
                            key,
                            making->user,
                            making->computer,
                            making->product_key,
                            sizeof making->product_key,
                            err))
        return false;
    if (key && !unattend_check_key(making->product_key, err))
        return false;
    return secret_read(&call->ui,
                       from ? from : "prompt",
                       making->user,
                       making->computer,
                       making->password,
                       sizeof making->password,
                       err) &&
           account_check_password(making->password, err);
}

static bool understand(struct making *making, struct err *err)
{
    const struct call *call = making->call;
    const char *edition = call_text(call, "edition");
    char image[FS_PATH_BYTES];

    if (call->word_count != 1) {
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MISSING, "images build", "FILE", NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    making->size_gb = (uint32_t)call_number(call, "disk-size", GB_DEFAULT);
    return take_out(making, err) && name_work(making, err) && take_names(making, err) &&
           place_absolute(call->words[0], image, err) &&
           medium_open(image, edition ? edition : "", &making->medium, err) &&
           take_secrets(making, err);
}

/* ---- the work ---- */

static bool on_progress(const struct build_progress *progress, void *user)
{
    struct making *making = user;
    char left[32];

    if (progress->left_ms < 0 || !making->progress.bar)
        progress_step(
            &making->progress, progress->permille, build_stage_title(progress->stage), NULL);
    else
        progress_step(&making->progress,
                      progress->permille,
                      TEXT_BUILD_APPLY_LEFT,
                      ui_span_text(left, sizeof left, making->call->ui.lang, progress->left_ms),
                      NULL);
    return !console_is_interrupted();
}

static bool make_plan(struct making *making, struct err *err)
{
    struct inject_what what = {.parts = INJECT_PROGRAM | INJECT_POLICIES | INJECT_PAYLOADS};
    struct host_locale host;
    struct unattend setup;

    host_locale(&host);
    medium_setup(&making->medium, &host, &setup);
    setup.computer = making->computer;
    setup.user = making->user;
    setup.password = making->password;
    setup.product_key = making->product_key;
    setup.autologon = !call_flag(making->call, "no-autologon");
    if (*making->user) {
        what.parts |= INJECT_SETUP;
        what.setup = &setup;
    }
    return plan_new(&making->request.plan, err) &&
           inject_add(making->call, &what, making->request.plan, err);
}

static bool prepare(void *user, cJSON *record, struct err *err)
{
    const struct making *making = user;

    return cJSON_AddStringToObject(record, "path", making->path) || err_no_memory(err);
}

static bool disk_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct making *making = user;
    const struct build_watch watch = {.on_progress = on_progress, .user = making};

    (void)steps;
    (void)record;
    return build_disk(making->port, &making->request, &watch, err);
}

static bool disk_undo(void *user, const cJSON *record, struct err *err)
{
    struct making *making = user;

    return json_string_into(record, "path", NULL, making->path, sizeof making->path, err) &&
           name_work(making, err) && making->port->disk->remove(making->port, making->work, err);
}

/* Nothing comes behind it: whoever died here has made the disk. */
static bool place_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct making *making = user;

    (void)steps;
    (void)record;
    return making->port->file->preflight(making->port, making->path, err) &&
           fs_rename(making->work, making->path, err);
}

static const struct step rows[] = {
    {.name = "disk",
     .title = TEXT_BUILD_STAGE_DISK,
     .prepare = prepare,
     .act = disk_act,
     .undo = disk_undo},
    {.name = "place", .title = TEXT_BUILD_STAGE_DISK, .prepare = prepare, .act = place_act},
};

static struct steps_plan plan_of(const struct journal *journal)
{
    return (struct steps_plan){
        .name = journal->name, .rows = rows, .count = sizeof rows / sizeof *rows};
}

/* Under the journal: ends what died earlier first. */
static bool make(struct making *making, const struct journal *journal, struct err *err)
{
    struct steps_plan plan = plan_of(journal);
    struct err why = ERR_INIT;

    if (!steps_undo(&plan, journal->path, making, NULL, err))
        return false;
    if (!making->port->file->preflight(making->port, making->path, err))
        return err_context(err, TEXT_BUILD_MAKING, making->path);
    if (steps_run(&plan, journal->path, making, NULL, &why))
        return true;
    steps_undo(&plan, journal->path, making, NULL, NULL);
    /* programs that the build waited for were interrupted too */
    if (console_is_interrupted() && why.kind != ERR_CANCELLED) {
        err_clear(&why);
        err_set(&why, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    }
    if (err)
        *err = why;
    return false;
}

static bool work(struct making *making, struct err *err)
{
    struct journal journal;
    bool ok;

    if (!journal_open(making->call, KIND, making->path, &journal, err))
        return false;
    progress_begin(&making->progress, &making->call->ui, NULL, true);
    ok = disk_open_port(making->call, &making->port, err) && make_plan(making, err) &&
         make(making, &journal, err);
    progress_end(&making->progress);
    journal_close(&journal);
    return ok;
}

/* ---- what came of it ---- */

static bool show_json(const struct making *making, struct err *err)
{
    const struct edition *edition = making->medium.edition;
    cJSON *document = ui_document_new("images.build");
    bool ok = cJSON_AddStringToObject(document, "disk", making->path) &&
              json_add_int(document, "size_gb", making->size_gb) &&
              cJSON_AddStringToObject(document, "source", making->medium.path) &&
              json_add_int(document, "index", edition->index) &&
              cJSON_AddStringToObject(document, "edition", edition->id) &&
              cJSON_AddStringToObject(document, "name", edition->name) &&
              json_add_int(document, "build", edition->build) &&
              cJSON_AddStringToObject(document, "language", medium_language(&making->medium)) &&
              cJSON_AddStringToObject(document, "computer", making->computer) &&
              cJSON_AddStringToObject(document, "user", making->user);

    if (ok)
        return ui_document(&making->call->ui, document, err);
    cJSON_Delete(document);
    return err_no_memory(err);
}

static bool show(const struct making *making, struct err *err)
{
    struct ui *ui = &making->call->ui;

    if (ui->json)
        return show_json(making, err);
    ui_say(ui,
           TONE_GOOD,
           TEXT_BUILD_BUILT,
           making->path,
           making->medium.edition->name,
           TEXT_NUM(making->size_gb),
           NULL);
    ui_say(ui, TONE_DIM, TEXT_BUILD_BUILT_NEXT, NULL);
    return true;
}

static void making_free(struct making *making)
{
    if (!making)
        return;
    plan_free(making->request.plan);
    image_free(making->port);
    medium_done(&making->medium);
    secure_wipe(making->password, sizeof making->password);
    secure_wipe(making->product_key, sizeof making->product_key);
    free(making);
}

bool images_build(struct call *call, struct err *err)
{
    struct making *making = calloc(1, sizeof *making);
    bool ok;

    if (!making)
        return err_no_memory(err);
    making->call = call;
    console_watch_interrupt();
    ok = understand(making, err) && call_open_store(call, err);
    if (ok) {
        making->request.path = making->work;
        making->request.size_bytes = making->size_gb * GB;
        making->request.needed_bytes = making->medium.edition->size_bytes;
        making->request.source = making->medium.source;
        making->request.boot.locale = medium_language(&making->medium);
        ok = work(making, err) && show(making, err);
    }
    making_free(making);
    return ok;
}

/* ---- what died ---- */

struct recovery {
    struct making *making;
    void (*told)(const char *disk, void *user);
    void *user;
};

static bool recover(const struct journal *journal, void *user, struct err *err)
{
    struct recovery *recovery = user;
    struct steps_plan plan = plan_of(journal);
    struct making *making = recovery->making;

    *making->path = 0;
    if (!steps_undo(&plan, journal->path, making, NULL, err))
        return false;
    if (*making->path && recovery->told)
        recovery->told(making->path, recovery->user);
    return true;
}

bool images_build_recover(struct call *call,
                          void (*told)(const char *disk, void *user),
                          void *user,
                          struct err *err)
{
    struct making *making = calloc(1, sizeof *making);
    struct recovery recovery = {making, told, user};
    bool ok;

    if (!making)
        return err_no_memory(err);
    making->call = call;
    ok = disk_open_port(call, &making->port, err) &&
         journal_each(call, KIND, recover, &recovery, err);
    making_free(making);
    return ok;
}
