/*
 * Reads VHDX files: what one file says (struct vhdx), and the content of a disk through its whole
 * chain of parents (struct vhdx_chain), without Windows and without attaching. Nothing is ever
 * written: a file whose log was not replayed is refused, since only its log knows what is true.
 * Files are hostile input: nothing in them is followed or allocated before it was checked, tables
 * are read piece by piece. Formats: dynamic, fixed and differencing; disks up to 64 TiB.
 */
#ifndef GPUPV_IMAGE_VHDX_H
#define GPUPV_IMAGE_VHDX_H

#include "host/image/guid.h"
#include "host/image/source.h"

#include "common/fs.h"

#define VHDX_CHAIN_MAX 64 /* files of one chain */

struct vhdx;
struct vhdx_chain;

/* How a differencing disk names its parent; "" for what is missing. */
struct vhdx_parent {
    struct guid linkage;          /* DataWriteGuid of the parent */
    char relative[FS_PATH_BYTES]; /* to the folder of the child, with '\\' */
    char absolute[FS_PATH_BYTES]; /* "C:\\..." */
};

struct vhdx_info {
    uint64_t size_bytes; /* of the disk */
    uint32_t block_bytes;
    uint32_t sector_bytes;
    uint32_t physical_sector_bytes;
    uint64_t sequence;
    struct guid file_write; /* changes with everything, also with metadata */
    struct guid data_write; /* changes when the content changes */
    struct guid disk;       /* identity of the virtual disk */
    bool differencing;
    struct vhdx_parent parent; /* when differencing */
};

/* Reads the headers and metadata of one file; borrows source. ERR_BAD_INPUT: no VHDX, damaged, or
 * with a feature that we do not know; ERR_CONFLICT: its log must be replayed first. Caller frees
 * with vhdx_free. */
bool vhdx_open(struct source *source, struct vhdx **ret_vhdx, struct err *err);

/* NULL is fine. */
void vhdx_free(struct vhdx *vhdx);

/* Owned by vhdx. */
const struct vhdx_info *vhdx_info(const struct vhdx *vhdx);

/* Who has the content of a range of the disk. */
enum vhdx_where { VHDX_ZERO, VHDX_HERE, VHDX_PARENT };

struct vhdx_extent {
    enum vhdx_where where;
    uint64_t offset; /* VHDX_HERE: in the file */
    uint64_t length; /* bytes with this answer, 1 or more */
};

/* Where the content at position is, for at most length bytes; position lies in the disk. */
bool vhdx_map(struct vhdx *vhdx,
              uint64_t position,
              uint64_t length,
              struct vhdx_extent *ret_extent,
              struct err *err);

/* Opens the disk at path with all its parents, found by the relative name beside each child, then
 * by the absolute one. ERR_NOT_FOUND: a parent is missing; ERR_CONFLICT: a parent was changed since
 * its child was made, or the chain is a circle. Caller frees with vhdx_chain_free. */
bool vhdx_chain_open(const char *path, struct vhdx_chain **ret_chain, struct err *err);

/* NULL is fine. */
void vhdx_chain_free(struct vhdx_chain *chain);

/* The content of the disk; owned by chain. */
struct source *vhdx_chain_source(struct vhdx_chain *chain);

/* The files, 0 is the one that was opened, the last one has no parent; owned by chain. */
size_t vhdx_chain_count(const struct vhdx_chain *chain);
const char *vhdx_chain_path(const struct vhdx_chain *chain, size_t index);
const struct vhdx_info *vhdx_chain_info(const struct vhdx_chain *chain, size_t index);

#endif
