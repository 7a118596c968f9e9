/*
 * The files of a simulated Windows behind one small port: real folders below disk/files/ (checked
 * handles, fs_dir) or a world in memory. Also struct sim_env, what the rules of the simulation work
 * on: the world, its files and the time. Guarded by struct sim.
 */
#ifndef GPUPV_SIM_DISK_H
#define GPUPV_SIM_DISK_H

#include "guest/machine/sim/world.h"

#define DISK_READ_MAX (4u * 1024 * 1024)

struct disk;

/* The members mean what the members of struct files_ops mean. */
struct disk_ops {
    /* Kind, size and time; missing is FS_MISSING. */
    bool (*stat)(struct disk *disk,
                 enum file_root root,
                 const char *name,
                 struct fs_stat *ret_stat,
                 struct err *err);
    /* Appends up to max bytes from offset to out. */
    bool (*read)(struct disk *disk,
                 enum file_root root,
                 const char *name,
                 uint64_t offset,
                 size_t max,
                 struct buf *out,
                 struct err *err);
    /* Replaces the file; makes the folders above it. */
    bool (*write)(struct disk *disk,
                  enum file_root root,
                  const char *name,
                  const void *data,
                  size_t length,
                  struct err *err);
    /* Removes a plain file; missing is fine. */
    bool (*remove)(struct disk *disk, enum file_root root, const char *name, struct err *err);
    /* Lists a folder; missing has no entries. */
    bool (*list)(struct disk *disk,
                 enum file_root root,
                 const char *name,
                 bool (*visit)(const char *name, enum fs_kind kind, void *user),
                 void *user,
                 struct err *err);
    /* Makes a folder and those above it. */
    bool (*make_folder)(struct disk *disk, enum file_root root, const char *name, struct err *err);
    /* Removes a folder ("" = the root itself) with everything below; missing is fine. */
    bool (*remove_tree)(struct disk *disk, enum file_root root, const char *name, struct err *err);
    /* The root's path for messages and programs, whether it exists or not. */
    bool (*path)(struct disk *disk, enum file_root root, char *out, size_t size, struct err *err);
};

struct disk {
    const struct disk_ops *ops;
};

/* The files kept in world, which must outlive it. */
struct disk_memory {
    struct disk disk;
    struct world *world;
    int64_t *now_ms; /* gives files their time */
};

/* In place; nothing to undo. */
void disk_memory_init(struct disk_memory *disk, struct world *world, int64_t *now_ms);

/* Real files below folder ("DISK/files"). The caller frees with disk_folder_free. */
bool disk_folder_new(const char *folder, struct disk **ret_disk, struct err *err);

/* NULL is fine. */
void disk_folder_free(struct disk *disk);

/* What the rules work on. */
struct sim_env {
    struct world *world;
    struct disk *disk;
    int64_t now_ms;  /* machine wall time */
    int64_t real_ms; /* real wall time */
};

/* True when the entry exists as a file or folder. */
bool disk_exists(struct disk *disk, enum file_root root, const char *name);

/* Writes a text file. What the rules write is best effort, as the programs they stand for would. */
void disk_put(struct disk *disk, enum file_root root, const char *name, const char *text);

/* Appends to a text file. */
void disk_append(struct disk *disk, enum file_root root, const char *name, const char *text);

/* The whole file appended to out, nothing when it is missing; false when it could not be read. */
bool disk_text(struct disk *disk, enum file_root root, const char *name, struct buf *out);

/* Finds root and name of a path that lies below a root's path. */
bool disk_resolve(
    struct disk *disk, const char *path, enum file_root *ret_root, char *name, size_t size);

#endif
