/* Applying through dism.exe. What it prints is in the language of this Windows; of that only the
 * digits before a percent sign are read. */
#include "host/image/windows/inside.h"

#include "common/clock.h"
#include "host/process.h"

#include <stdio.h>
#include <string.h>

#define ARG_BYTES (FS_PATH_BYTES + 32)

struct watch {
    const struct apply *apply;
    int64_t heard_ms;
    unsigned permille;
    unsigned whole, tenths; /* of the number that is being read */
    enum { NO_NUMBER, WHOLE, TENTHS } state;
};

/* Takes one character; a percent sign after "12.3" makes it 123 permille. */
static void read_character(struct watch *watch, char c)
{
    bool digit = c >= '0' && c <= '9';

    if (digit && watch->state == TENTHS) {
        watch->tenths = (unsigned)(c - '0');
    } else if (digit && watch->state == WHOLE) {
        if (watch->whole < 1000)
            watch->whole = watch->whole * 10 + (unsigned)(c - '0');
    } else if (digit) {
        watch->whole = (unsigned)(c - '0');
        watch->tenths = 0;
        watch->state = WHOLE;
    } else if ((c == '.' || c == ',') && watch->state == WHOLE) {
        watch->state = TENTHS;
    } else {
        if (c == '%' && watch->state != NO_NUMBER && watch->whole <= 100)
            watch->permille = watch->whole * 10 + (watch->whole < 100 ? watch->tenths : 0);
        watch->state = NO_NUMBER;
    }
}

static bool on_output(const void *bytes, size_t length, void *user, struct err *err)
{
    struct watch *watch = user;
    const char *text = bytes;
    int64_t now = clock_now_ms(clock_system());

    for (size_t i = 0; i < length; i++)
        read_character(watch, text[i]);
    if (length)
        watch->heard_ms = now;
    if (watch->apply->progress && !watch->apply->progress(watch->permille, watch->apply->user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    if (now - watch->heard_ms <= watch->apply->port->limits.silence_ms)
        return true;
    err_set(err, ERR_TIMEOUT, TEXT_DISK_APPLY_STUCK, watch->apply->from->path, "dism.exe", NULL);
    return err_hint(err, TEXT_DISK_HINT_STUCK);
}

bool dism_check(struct err *err)
{
    char program[FS_PATH_BYTES];

    return library_program("dism.exe", program) ||
           err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_PROGRAM, "dism.exe", NULL);
}

/* "install.swm" to "install*.swm", which dism.exe wants for the parts of a split image. */
static bool parts_pattern(const char *file, char out[ARG_BYTES])
{
    size_t length = strlen(file);

    if (length < 4 || _stricmp(file + length - 4, ".swm"))
        return false;
    snprintf(out, ARG_BYTES, "/SWMFile:%.*s*.swm", (int)(length - 4), file);
    return true;
}

bool dism_apply(const struct apply *apply, enum apply_failure *ret_failure, struct err *err)
{
    struct watch watch = {.apply = apply, .heard_ms = clock_now_ms(clock_system())};
    char program[FS_PATH_BYTES], image[ARG_BYTES], folder[ARG_BYTES], index[48], parts[ARG_BYTES];
    size_t root_length = strlen(apply->root);
    const char *args[] = {"dism.exe", "/Apply-Image", image, index, folder, NULL, NULL};
    int exit_code = -1;

    *ret_failure = APPLY_FOR_GOOD;
    if (!library_program("dism.exe", program))
        return dism_check(err);
    snprintf(image, sizeof image, "/ImageFile:%s", apply->file);
    snprintf(index, sizeof index, "/Index:%u", apply->from->index);
    /* a backslash at the end would quote the quotation mark */
    snprintf(folder, sizeof folder, "/ApplyDir:%.*s", (int)root_length - 1, apply->root);
    if (parts_pattern(apply->file, parts))
        args[5] = parts;
    if (!process_watch(program, args, on_output, &watch, &exit_code, err))
        return false;
    /* it ends with the Win32 code or HRESULT of what went wrong */
    return exit_code == 0 ||
           explain_source((DWORD)exit_code, TEXT_DISK_APPLY, apply->from->path, err);
}
