/* Where passwords come from. */
#include "host/secret.h"

#include "common/fs.h"
#include "common/secure.h"
#include "common/ui/console.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define FILE_BYTES   1024
#define RANDOM_BYTES 16

static bool from_env(const char *name, char *out, size_t size, struct err *err)
{
    return fs_env(name, out, size) || err_set(err, ERR_USAGE, TEXT_BUILD_SECRET_UNSET, name, NULL);
}

/* The first line of a file is the password. */
static bool from_file(const char *path, char *out, size_t size, struct err *err)
{
    struct buf data;
    bool ok;

    buf_init(&data, FILE_BYTES);
    ok = buf_reserve(&data, FILE_BYTES - 1) ? fs_read(path, FILE_BYTES - 1, &data, err)
                                            : err_no_memory(err);
    if (ok) {
        size_t length = strcspn(buf_str(&data), "\r\n");

        if (length < size) {
            memcpy(out, buf_str(&data), length);
            out[length] = 0;
        } else {
            ok = err_set(err, ERR_USAGE, TEXT_BUILD_PASSWORD_BAD, NULL);
        }
    }
    if (data.data)
        secure_wipe(data.data, data.cap);
    buf_done(&data);
    return ok;
}

static bool nobody(const struct secret_question *question, const char *first, struct err *err)
{
    err_set(err, ERR_USAGE, question->nobody, first, NULL);
    return err_hint(err, question->nobody_hint);
}

static bool ask(struct ui *ui,
                const struct secret_question *question,
                const char *first,
                const char *second,
                char *out,
                size_t size,
                struct err *err)
{
    char again[FILE_BYTES];
    bool ok;

    if (!ui->interactive || size > sizeof again)
        return nobody(question, first, err);
    ui_lock();
    ui_note(ui, TONE_TITLE, question->ask, first, second, NULL);
    ok = console_secret(out, size);
    if (ok && question->twice) {
        ui_note(ui, TONE_TITLE, TEXT_BUILD_SECRET_AGAIN, NULL);
        ok = console_secret(again, size);
    }
    ui_unlock();
    if (!ok)
        return nobody(question, first, err);
    if (question->twice) {
        ok = !strcmp(out, again) || err_set(err, ERR_USAGE, TEXT_BUILD_SECRET_DIFFERS, NULL);
        secure_wipe(again, sizeof again);
    }
    return ok;
}

bool secret_ask(struct ui *ui,
                const char *from,
                const struct secret_question *question,
                const char *first,
                const char *second,
                char *out,
                size_t size,
                struct err *err)
{
    bool ok;

    if (!strcmp(from, "prompt"))
        ok = ask(ui, question, first, second, out, size, err);
    else if (!strncmp(from, "env:", 4) && from[4])
        ok = from_env(from + 4, out, size, err);
    else if (!strncmp(from, "file:", 5) && from[5])
        ok = from_file(from + 5, out, size, err);
    else {
        err_set(err, ERR_USAGE, TEXT_BUILD_SECRET_FROM, from, NULL);
        ok = err_hint(err, TEXT_BUILD_SECRET_FROM_HINT);
    }
    if (!ok)
        secure_wipe(out, size);
    return ok;
}

bool secret_read(struct ui *ui,
                 const char *from,
                 const char *user,
                 const char *vm,
                 char *out,
                 size_t size,
                 struct err *err)
{
    static const struct secret_question question = {.ask = TEXT_BUILD_SECRET_ASK,
                                                    .nobody = TEXT_BUILD_SECRET_NOBODY,
                                                    .nobody_hint = TEXT_BUILD_SECRET_NOBODY_HINT,
                                                    .twice = true};

    return secret_ask(ui, from, &question, user, vm, out, size, err);
}

bool secret_make(char *out, size_t size, struct err *err)
{
    uint8_t random[RANDOM_BYTES];
    int code = uv_random(NULL, NULL, random, sizeof random, 0, NULL);

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HOST_NO_RANDOM, NULL);
    for (size_t i = 0; i < sizeof random && 2 * i + 2 < size; i++)
        snprintf(out + 2 * i, size - 2 * i, "%02x", random[i]);
    secure_wipe(random, sizeof random);
    return true;
}
