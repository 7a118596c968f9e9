/* Looking into disk files that are not attached. */
#include "host/image/inspect.h"

#include "host/image/gpt.h"
#include "host/image/ntfs_state.h"
#include "host/image/vhdx.h"

#include <string.h>

#define FAT32_NAME     0x52
#define FAT16_NAME     0x36
#define BITLOCKER_NAME 3

static enum image_content content_of(const uint8_t boot[NTFS_BOOT_BYTES])
{
    if (ntfs_is(boot))
        return IMAGE_CONTENT_NTFS;
    if (!memcmp(boot + BITLOCKER_NAME, "-FVE-FS-", 8))
        return IMAGE_CONTENT_BITLOCKER;
    if (!memcmp(boot + FAT32_NAME, "FAT32", 5) || !memcmp(boot + FAT16_NAME, "FAT", 3))
        return IMAGE_CONTENT_FAT;
    return IMAGE_CONTENT_OTHER;
}

static enum image_role role_of(const struct gpt *gpt, size_t index)
{
    for (int role = IMAGE_ESP; role < IMAGE_OTHER; role++)
        if (guid_is(&gpt->partitions[index].type, gpt_type((enum image_role)role)))
            return (enum image_role)role;
    return IMAGE_OTHER;
}

/* Looks at one partition; one that is too small to hold anything is of other content. */
static bool look_at_part(struct source *disk,
                         const struct gpt *gpt,
                         size_t index,
                         struct image_part *part,
                         struct err *err)
{
    uint8_t boot[NTFS_BOOT_BYTES];
    struct source *volume = NULL;
    bool ok;

    part->role = role_of(gpt, index);
    part->offset_bytes = gpt_offset(gpt, index);
    part->size_bytes = gpt_size(gpt, index);
    part->content = IMAGE_CONTENT_OTHER;
    if (part->size_bytes < sizeof boot)
        return true;
    if (!source_open_part(disk, part->offset_bytes, part->size_bytes, NULL, &volume, err))
        return false;
    ok = source_read(volume, 0, boot, sizeof boot, err);
    if (ok)
        part->content = content_of(boot);
    if (ok && part->content == IMAGE_CONTENT_NTFS && !ntfs_state(volume, &part->dirty, NULL))
        part->dirty = true; /* what cannot be understood is not to be changed */
    source_free(volume);
    return ok;
}

static bool
look_at_parts(struct source *disk, uint32_t sector_bytes, struct image_look *look, struct err *err)
{
    struct err why = ERR_INIT;
    struct gpt gpt;
    bool ok = true;

    if (!gpt_read(disk, sector_bytes, &gpt, &why)) {
        if (err && why.kind != ERR_NOT_FOUND)
            *err = why;
        return why.kind == ERR_NOT_FOUND; /* an empty disk has no table */
    }
    for (size_t i = 0; ok && i < gpt.count && i < IMAGE_LOOK_PARTS; i++) {
        ok = look_at_part(disk, &gpt, i, &look->parts[i], err);
        look->part_count += ok;
    }
    return ok;
}

bool inspect_vhdx(const char *path, struct image_look *ret_look, struct err *err)
{
    struct vhdx_chain *chain = NULL;
    const struct vhdx_info *info;
    struct image_look look = {0};
    struct fs_stat stat;
    bool ok;

    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind == FS_MISSING)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, path, NULL);
    if (!vhdx_chain_open(path, &chain, err)) {
        if (err && err->kind == ERR_NOT_FOUND)
            err->kind = ERR_CONFLICT; /* of its parents */
        return false;
    }
    info = vhdx_chain_info(chain, 0);
    look.size_bytes = info->size_bytes;
    guid_text(&info->data_write, look.id);
    if (info->differencing) {
        guid_text(&info->parent.linkage, look.parent_id);
        text_copy(look.parent, sizeof look.parent, vhdx_chain_path(chain, 1));
    }
    ok = look_at_parts(vhdx_chain_source(chain), info->sector_bytes, &look, err);
    vhdx_chain_free(chain);
    if (ok)
        *ret_look = look;
    return ok;
}
