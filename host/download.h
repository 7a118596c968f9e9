/*
 * One file from the internet, by the curl that comes with Windows (and every Linux): resumed where
 * an earlier run was cut off, through a proxy or not, and with an error that says what was wrong
 * (flow F3). Neither address nor proxy stands on a command line: both are in a private file, as a
 * proxy's address may hold a password. Blocking; any thread.
 */
#ifndef GPUPV_HOST_DOWNLOAD_H
#define GPUPV_HOST_DOWNLOAD_H

#include "common/fs.h"

#define DOWNLOAD_TYPE_BYTES 64

struct download {
    const char *url;
    const char *proxy;  /* "" for none */
    const char *folder; /* private; the file and its part lie here */
    const char *name;   /* of the file */
    uint64_t most_bytes;

    /* Told now and then; total is 0 while unknown. May be NULL. */
    void (*on_progress)(uint64_t done, uint64_t total, void *user);
    void *user;
};

/* How a run of curl ended. */
struct download_end {
    int code;         /* of curl */
    int status;       /* of the server, 0: none */
    int proxy_status; /* of the proxy's answer to CONNECT, 0: none */
    char type[DOWNLOAD_TYPE_BYTES];
};

/* Fetches into <folder>/<name>.part, of which what an earlier run left is used; *ret_resumed tells
 * whether it was. ret_path: FS_PATH_BYTES. On failure what came so far stays for the next try, if
 * it can be of use. */
bool download_run(const struct download *download,
                  char *ret_path,
                  bool *ret_resumed,
                  struct err *err);

/* Sets err to what the end of a run means. Returns false. */
bool download_explain(const struct download *download,
                      const struct download_end *end,
                      struct err *err);

/* The host of an address; returns out. */
const char *download_host(const char *url, char *out, size_t size);

#endif
