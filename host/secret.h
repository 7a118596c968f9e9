/*
 * Passwords: never on a command line, in a spec, a journal or a log; asked of a person without
 * being shown, or read from the environment or a file. The caller wipes what it got (secure_wipe).
 */
#ifndef GPUPV_HOST_SECRET_H
#define GPUPV_HOST_SECRET_H

#include "common/ui/ui.h"

/* Reads the password of user in the VM vm from where `from` says: "prompt", "env:NAME" or
 * "file:PATH". ERR_USAGE; out is wiped on failure. */
bool secret_read(struct ui *ui,
                 const char *from,
                 const char *user,
                 const char *vm,
                 char *out,
                 size_t size,
                 struct err *err);

/* How a secret is asked for. The sentences take two arguments. */
struct secret_question {
    enum text_id ask, nobody, nobody_hint;
    bool twice; /* it is a new one */
};

/* Reads any secret as secret_read does, asking another question. */
bool secret_ask(struct ui *ui,
                const char *from,
                const struct secret_question *question,
                const char *first,
                const char *second,
                char *out,
                size_t size,
                struct err *err);

/* A password that nobody knows: of a simulated guest. out: at least 33 bytes. */
bool secret_make(char *out, size_t size, struct err *err);

#endif
