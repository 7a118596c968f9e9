/*
 * What Windows would say to a driver package when nobody is there to be asked, and the one
 * certificate that makes it silent. Facts: guest.md sections 2 and 6.4. Blocking; job threads only.
 */
#ifndef GPUPV_MACHINE_DRIVER_TRUST_WIN32_H
#define GPUPV_MACHINE_DRIVER_TRUST_WIN32_H

#include "guest/machine/devices.h"

/* Foresees what installing the package of the INF would do. ERR_NOT_FOUND without the file. */
bool driver_trust_look(const char *inf_path, enum driver_trust *ret_trust, struct err *err);

/* Adds the certificate that signed the package's catalogue to the machine's trusted publishers when
 * it is one of DRIVER_PUBLISHERS (else ERR_UNSAFE); never to the roots. Added before is fine. */
bool driver_trust_signer(const char *inf_path, struct err *err);

/* drivers_ops.signer and drivers_ops.distrust; a mark is the SHA-256 of the certificate. */
bool driver_trust_mark(const char *inf_path, char *ret_mark, bool *ret_trusted, struct err *err);
bool driver_trust_end(const char *mark, struct err *err);

/* The INF's path as SetupAPI wants it: full, with backslashes. The caller frees *ret_path with
 * free(); ERR_NOT_FOUND when there is no such file. */
bool driver_inf_path(const char *inf_path, uint16_t **ret_path, struct err *err);

#endif
