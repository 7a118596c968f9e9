/*
 * Port: virtual disks and what is in them, cut where Windows has to do the work: disks, file
 * systems, applying a Windows image, the tree of files of a volume, boot files. Implementations:
 * `dir` (a disk is a plain folder: simulation and tests), `fault` (wraps any other and lets the
 * n-th call fail), and Windows' own. Sequences (layout, injection, undo) are portable code above
 * the port.
 *
 * Names inside a volume are components separated by '/', relative to its root, compared without
 * case; each must be safe as a file name (fs_name_is_safe), else ERR_UNSAFE. Links in a volume are
 * never followed (ERR_UNSAFE): a guest may have planted them. Everything blocks; one thread at a
 * time for one port. What is attached is let go of when the process dies, however it dies.
 */
#ifndef GPUPV_IMAGE_H
#define GPUPV_IMAGE_H

#include "common/buf.h"
#include "common/err.h"
#include "common/fs.h"

#define IMAGE_PARTITIONS  8
#define IMAGE_LABEL_BYTES 32
#define IMAGE_ID_BYTES    37 /* a GUID in lower case, without braces */
#define IMAGE_LOOK_PARTS  32

struct image_port;
struct image_disk;   /* an attached disk */
struct image_volume; /* a partition of it; lives as long as the disk is attached */

enum image_access { IMAGE_READ, IMAGE_WRITE };
enum image_fs { IMAGE_FAT32, IMAGE_NTFS };
enum image_role {
    IMAGE_ESP,
    IMAGE_MSR,
    IMAGE_WINDOWS, /* basic data: Windows' own volume, or any other with files */
    IMAGE_RECOVERY,
    IMAGE_OTHER /* found on a disk, never laid out */
};

/* Who may use a file or folder; what is made new has it from the first byte on. */
enum image_acl {
    IMAGE_ACL_INHERIT, /* what the folder gives; a file that is replaced keeps its own */
    IMAGE_ACL_PRIVATE, /* SYSTEM and Administrators */
    IMAGE_ACL_PROGRAM  /* they may write, users may read and run */
};

struct image_partition {
    enum image_role role;
    uint64_t size_bytes; /* 0: what is left; the last one only */
};

/* What the first sectors of a partition say. */
enum image_content {
    IMAGE_CONTENT_OTHER,
    IMAGE_CONTENT_FAT,
    IMAGE_CONTENT_NTFS,
    IMAGE_CONTENT_BITLOCKER
};

/* One partition of a disk that is not attached. */
struct image_part {
    enum image_role role;
    uint64_t offset_bytes, size_bytes;
    enum image_content content;
    bool dirty; /* NTFS: not shut down cleanly, or to be checked at the next start */
};

/* A disk that is not attached, as its file says. */
struct image_look {
    uint64_t size_bytes;
    char id[IMAGE_ID_BYTES];        /* changes with every session that wrote (DataWriteGuid) */
    char parent[FS_PATH_BYTES];     /* "": a disk of its own */
    char parent_id[IMAGE_ID_BYTES]; /* the id that the parent must have */
    bool unclean;                   /* the file was not closed: its own log is to be replayed */
    size_t part_count;
    struct image_part parts[IMAGE_LOOK_PARTS];
};

/* Where a Windows image comes from. */
struct image_source {
    const char *path;   /* WIM, ESD or SWM; or the ISO that it is in */
    const char *inside; /* its name in the ISO ("sources/install.wim"), NULL when path is it */
    unsigned index;     /* from 1 */
};

/* How a disk is made to start. */
struct image_boot {
    const char *locale; /* "en-US" */
    bool ca_2023;       /* the loader signed by the authority of 2023, where the image has it */
};

/* Told how far long work is (0..1000), a few times a second also while nothing moves; returning
 * false cancels (ERR_CANCELLED). */
typedef bool (*image_progress)(unsigned permille, void *user);

/* Files of disks that are not attached. */
struct image_file_ops {
    /* Whether a disk can be made at path and filled: rights, the programs and libraries that this
     * needs, the file system and the attributes of the folder. ERR_EXISTS when there is something
     * at path. The hint says what to do. */
    bool (*preflight)(struct image_port *port, const char *path, struct err *err);
    /* Reads what the file and its parents say, without attaching and without changing anything. A
     * parent that is missing or was changed is ERR_CONFLICT; no disk, or not one of ours:
     * ERR_BAD_INPUT; ERR_NOT_FOUND. */
    bool (*inspect)(struct image_port *port,
                    const char *path,
                    struct image_look *ret_look,
                    struct err *err);
    /* Makes a disk of its own with the content of source and of source's parents. What it began
     * is gone when it fails. `instant`: only when the file system can share what is equal, else
     * ERR_UNSUPPORTED. progress may be NULL. */
    bool (*copy)(struct image_port *port,
                 const char *path,
                 const char *source,
                 bool instant,
                 image_progress progress,
                 void *user,
                 struct err *err);
};

struct image_disk_ops {
    /* Makes an empty dynamic disk; ERR_EXISTS when there is something at path. */
    bool (*create)(struct image_port *port, const char *path, uint64_t size_bytes, struct err *err);
    /* Makes a disk whose content is that of parent until it is changed. */
    bool (*create_child)(struct image_port *port,
                         const char *path,
                         const char *parent,
                         struct err *err);
    /* ERR_BUSY while somebody else has it. With IMAGE_READ nothing in it changes and writing to it
     * is ERR_DENIED. */
    bool (*attach)(struct image_port *port,
                   const char *path,
                   enum image_access access,
                   struct image_disk **ret_disk,
                   struct err *err);
    /* Writes the partition table; what was on the disk is gone. */
    bool (*layout)(struct image_port *port,
                   struct image_disk *disk,
                   const struct image_partition *partitions,
                   size_t count,
                   struct err *err);
    /* The volume of the first partition with this role; ERR_NOT_FOUND. */
    bool (*volume)(struct image_port *port,
                   struct image_disk *disk,
                   enum image_role role,
                   struct image_volume **ret_volume,
                   struct err *err);
    /* The volume of a partition by its place in image_look.parts; ERR_NOT_FOUND. */
    bool (*partition)(struct image_port *port,
                      struct image_disk *disk,
                      size_t index,
                      struct image_volume **ret_volume,
                      struct err *err);
    /* Flushes and lets go; frees disk and its volumes also when it returns false. NULL is fine. */
    bool (*detach)(struct image_port *port, struct image_disk *disk, struct err *err);
    /* Deletes a disk that is not attached; a missing one is fine. */
    bool (*remove)(struct image_port *port, const char *path, struct err *err);
};

struct image_volume_ops {
    /* Makes an empty file system. */
    bool (*format)(struct image_port *port,
                   struct image_volume *volume,
                   enum image_fs fs,
                   const char *label,
                   struct err *err);
    /* Bytes that still fit. */
    bool (*free_space)(struct image_port *port,
                       struct image_volume *volume,
                       uint64_t *ret_bytes,
                       struct err *err);
};

struct image_apply_ops {
    /* Unpacks a Windows image to the root of an empty volume. ERR_NOT_FOUND: no such file or
     * index; ERR_BAD_INPUT: damaged. progress may be NULL. */
    bool (*apply)(struct image_port *port,
                  const struct image_source *source,
                  struct image_volume *volume,
                  image_progress progress,
                  void *user,
                  struct err *err);
    /* Makes the disk start the Windows on `windows`. */
    bool (*boot)(struct image_port *port,
                 struct image_volume *windows,
                 struct image_volume *esp,
                 const struct image_boot *boot,
                 struct err *err);
};

struct image_tree_ops {
    /* Makes a folder; one that is there keeps what it has. Parents that are missing are made too
     * and inherit. */
    bool (*make_dir)(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     enum image_acl acl,
                     struct err *err);
    /* Writes a file; one that is there is replaced as a whole or not at all. */
    bool (*put)(struct image_port *port,
                struct image_volume *volume,
                const char *name,
                const void *data,
                size_t length,
                enum image_acl acl,
                struct err *err);
    /* The same with the content of a file of this computer. */
    bool (*put_file)(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     const char *source,
                     enum image_acl acl,
                     struct err *err);
    /* Appends the content of a file to out; ERR_NOT_FOUND. */
    bool (*get)(struct image_port *port,
                struct image_volume *volume,
                const char *name,
                struct buf *out,
                struct err *err);
    /* The same with at most max bytes from offset; fewer at the end of the file. */
    bool (*read)(struct image_port *port,
                 struct image_volume *volume,
                 const char *name,
                 uint64_t offset,
                 size_t max,
                 struct buf *out,
                 struct err *err);
    bool (*stat)(struct image_port *port,
                 struct image_volume *volume,
                 const char *name,
                 struct fs_stat *ret_stat,
                 struct err *err);
    /* Changes who may use what is there already; not what is below a folder. */
    bool (*set_acl)(struct image_port *port,
                    struct image_volume *volume,
                    const char *name,
                    enum image_acl acl,
                    struct err *err);
    /* Removes a file or a whole folder; a missing one is fine. */
    bool (*remove)(struct image_port *port,
                   struct image_volume *volume,
                   const char *name,
                   struct err *err);
};

/* First member of every implementation. */
struct image_port {
    const struct image_file_ops *file;
    const struct image_disk_ops *disk;
    const struct image_volume_ops *volume;
    const struct image_apply_ops *apply;
    const struct image_tree_ops *tree;
    void (*free)(struct image_port *port);
};

/* NULL is fine. */
void image_free(struct image_port *port);

/* Disks are folders: a disk's Windows volume is the folder itself, the other partitions are folders
 * below it whose names begin with '.'; a Windows image is a folder to copy, and for a file, or with
 * path "", a stand-in for Windows is made. Caller frees with image_free. */
bool image_open_dir(struct image_port **ret_port, struct err *err);

/* The operating system's own disks; ERR_UNSUPPORTED where it has none. work is a private folder for
 * short-lived things, made when it is needed; what a process that died left in it is removed.
 * Caller frees with image_free. */
bool image_open_system(const char *work, struct image_port **ret_port, struct err *err);

/* Which call fails, and how. */
struct image_fault {
    unsigned call; /* counted from 1 over all functions; 0: none */
    enum err_kind kind;
    bool after; /* fails after it was done, as a lost answer would */
};

/* Wraps inner, which it does not own; fault may be changed between calls. Caller frees with
 * image_free. image_fault_calls counts what was called so far. */
bool image_open_fault(struct image_port *inner,
                      const struct image_fault *fault,
                      struct image_port **ret_port,
                      struct err *err);
unsigned image_fault_calls(const struct image_port *port);

#endif
