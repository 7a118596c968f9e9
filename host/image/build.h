/*
 * Makes the disk of a guest: an empty disk, partitions, file systems, Windows applied, the files
 * that start it (made and looked at), and what the plan brings; all through the image port. When
 * anything fails, or somebody cancels, the disk is gone again and nothing is attached; a process
 * that dies leaves the file to its caller's journal. Blocking; one thread.
 */
#ifndef GPUPV_BUILD_H
#define GPUPV_BUILD_H

#include "common/clock.h"
#include "host/image/plan.h"

struct build_request {
    const char *path;
    uint64_t size_bytes;
    uint64_t needed_bytes; /* of the unpacked Windows as its image says; 0: not known */
    struct image_source source;
    struct image_boot boot;
    struct plan *plan; /* may be NULL */
};

enum build_stage {
    BUILD_CHECK,
    BUILD_DISK,
    BUILD_APPLY,
    BUILD_START, /* the files that start Windows */
    BUILD_INJECT,
    BUILD_STAGES
};

/* Where the work is. */
struct build_progress {
    enum build_stage stage;
    unsigned permille; /* of all */
    int64_t left_ms;   /* of applying; -1: cannot be told */
};

/* How the caller watches. Returning false cancels (ERR_CANCELLED). */
struct build_watch {
    bool (*on_progress)(const struct build_progress *progress, void *user); /* may be NULL */
    void *user;
    struct clock *clock; /* NULL: that of the system */
};

/* Makes the disk. watch may be NULL. ERR_EXISTS, ERR_NO_SPACE, ERR_CANCELLED and what the port
 * says. */
bool build_disk(struct image_port *port,
                const struct build_request *request,
                const struct build_watch *watch,
                struct err *err);

/* Applies a plan to the Windows of a disk that was made by build_disk or is a child of one. */
bool build_inject(struct image_port *port,
                  const char *path,
                  struct plan *plan,
                  const struct build_watch *watch,
                  struct err *err);

/* What a stage is called: "applying Windows". */
enum text_id build_stage_title(enum build_stage stage);

#endif
