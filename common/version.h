/*
 * The version of this build. Both ends carry the same one, and each tells it to the other in
 * `hello`.
 */
#ifndef GPUPV_COMMON_VERSION_H
#define GPUPV_COMMON_VERSION_H

/* Returns the version as "major.minor.patch"; static storage, safe in any thread. */
const char *version_text(void);

#endif
