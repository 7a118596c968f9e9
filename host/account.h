/*
 * Names that Windows takes for a user and for a computer, and the computer's name made from a VM's.
 * Windows Setup refuses a bad one late and without saying which, so they are refused here. Pure.
 */
#ifndef GPUPV_HOST_ACCOUNT_H
#define GPUPV_HOST_ACCOUNT_H

#include "common/err.h"

#define ACCOUNT_USER_BYTES     64 /* 20 characters as UTF-8 */
#define ACCOUNT_COMPUTER_BYTES 16 /* NetBIOS: 15 characters */
#define ACCOUNT_PASSWORD_BYTES 512

/* Checks the name of a local user. ERR_USAGE. */
bool account_check_user(const char *user, struct err *err);

/* Checks the name of a computer, which must not be that of the user either: with the same name the
 * account loses its rights as administrator. ERR_USAGE. */
bool account_check_computer(const char *computer, const char *user, struct err *err);

/* Checks a password: at most 127 characters of plain text. ERR_USAGE; never tells it. */
bool account_check_password(const char *password, struct err *err);

/* The name of the computer of a VM: at most 15 letters, digits and '-', never the name of the user.
 * out: ACCOUNT_COMPUTER_BYTES. */
void account_computer(const char *vm, const char *user, char *out);

#endif
