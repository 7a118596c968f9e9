/*
 * image_tool: disks made and read by our code, for the scripts that let other people's programs
 * judge them. Test code only.
 *
 *   image_tool windows FOLDER                         a stand-in for Windows, with hives
 *   image_tool create FILE MIB [BLOCK-MIB [SECTOR]]   an empty dynamic disk
 *   image_tool child FILE PARENT RELATIVE             a differencing disk
 *   image_tool from-raw FILE RAW [BLOCK-MIB]          a dynamic disk with the content of a file
 *   image_tool write FILE POSITION FROM               writes the content of a file into a disk
 *   image_tool cat FILE                               prints the content of a disk through its
 * chain image_tool dirty FILE                             leaves it as a crash does image_tool
 * layout FILE [SECTOR]                   writes the partition table of Windows (.vhdx or raw)
 *   image_tool partitions FILE [SECTOR]               prints the partition table
 *   image_tool iso FILE CONTENT [KIND [EXTENT [IN-ENTRY [NEW]]]]   an ISO with sources/install.wim
 *   image_tool iso-cat FILE PATH                      prints a file of an ISO
 */
#include "host/image/dir_windows.h"
#include "host/image/udf.h"
#include "host/image/vhdx.h"
#include "tests/support/gpt_write.h"
#include "tests/support/udf_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB          (UINT64_C(1) << 20)
#define PIECE_BYTES  ((size_t)1 << 20)
#define FILE_BYTES   ((size_t)256 << 20)
#define WORDS_MOST   6
#define ISO_BLOCKS   8000
#define SECTOR_LEAST 512

static uint64_t number(const char *word, uint64_t missing)
{
    return word ? strtoull(word, NULL, 0) : missing;
}

static bool is_vhdx(const char *path)
{
    size_t length = strlen(path);

    return length > 5 && strcmp(path + length - 5, ".vhdx") == 0;
}

static bool do_windows(char **words, struct err *err)
{
    return dir_windows_make(words[0], err);
}

static bool do_create(char **words, struct err *err)
{
    return vhdx_write_create(words[0],
                             number(words[1], 0) * MIB,
                             (uint32_t)(number(words[2], 0) * MIB),
                             (uint32_t)number(words[3], 0),
                             err);
}

static bool do_child(char **words, struct err *err)
{
    return vhdx_write_create_child(words[0], words[1], words[2], NULL, 0, err);
}

static bool do_from_raw(char **words, struct err *err)
{
    return vhdx_write_from_raw(words[0], words[1], (uint32_t)(number(words[2], 0) * MIB), 0, err);
}

static bool do_write(char **words, struct err *err)
{
    struct vhdx_writer *writer = NULL;
    struct buf data;
    bool ok;

    buf_init(&data, FILE_BYTES);
    ok = fs_read(words[2], FILE_BYTES, &data, err) && vhdx_write_open(words[0], &writer, err) &&
         vhdx_write_at(writer, number(words[1], 0), data.data, data.len, err);
    ok = vhdx_write_close(writer, ok ? err : NULL) && ok;
    buf_done(&data);
    return ok;
}

static bool print_source(struct source *source, struct err *err)
{
    uint8_t *piece = malloc(PIECE_BYTES);
    bool ok = piece || err_no_memory(err);

    for (uint64_t at = 0; ok && at < source->size_bytes; at += PIECE_BYTES) {
        uint64_t left = source->size_bytes - at;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        ok = source_read(source, at, piece, size, err) && fwrite(piece, 1, size, stdout) == size;
    }
    free(piece);
    return ok;
}

static bool do_cat(char **words, struct err *err)
{
    struct vhdx_chain *chain = NULL;
    bool ok = vhdx_chain_open(words[0], &chain, err) && print_source(vhdx_chain_source(chain), err);

    vhdx_chain_free(chain);
    return ok;
}

static bool do_dirty(char **words, struct err *err)
{
    return vhdx_write_dirty(words[0], err);
}

static bool layout_vhdx(const char *path, struct err *err)
{
    struct vhdx_writer *writer = NULL;
    struct gpt gpt;
    bool ok;

    if (!vhdx_write_open(path, &writer, err))
        return false;
    ok = gpt_plan(vhdx_write_size(writer),
                  vhdx_write_sector(writer),
                  gpt_windows_layout,
                  gpt_windows_layout_count,
                  &gpt,
                  err) &&
         gpt_write_vhdx(writer, &gpt, err);
    return vhdx_write_close(writer, ok ? err : NULL) && ok;
}

static bool do_layout(char **words, struct err *err)
{
    struct fs_stat stat;
    struct gpt gpt;

    if (is_vhdx(words[0]))
        return layout_vhdx(words[0], err);
    return fs_stat(words[0], &stat, err) &&
           gpt_plan(stat.size_bytes,
                    (uint32_t)number(words[1], SECTOR_LEAST),
                    gpt_windows_layout,
                    gpt_windows_layout_count,
                    &gpt,
                    err) &&
           gpt_write_raw(words[0], &gpt, err);
}

static void print_table(const struct gpt *gpt)
{
    char type[GUID_TEXT_BYTES];

    for (size_t i = 0; i < gpt->count; i++)
        printf("%zu %llu %llu %s %s\n",
               i + 1,
               (unsigned long long)gpt_offset(gpt, i),
               (unsigned long long)gpt_size(gpt, i),
               guid_text(&gpt->partitions[i].type, type),
               gpt->partitions[i].name);
    if (gpt->from_backup)
        printf("from the copy\n");
}

static bool do_partitions(char **words, struct err *err)
{
    struct vhdx_chain *chain = NULL;
    struct source *file = NULL;
    struct gpt gpt;
    bool ok;

    if (is_vhdx(words[0]))
        ok = vhdx_chain_open(words[0], &chain, err) &&
             gpt_read(vhdx_chain_source(chain), vhdx_chain_info(chain, 0)->sector_bytes, &gpt, err);
    else
        ok = source_open_file(words[0], &file, err) &&
             gpt_read(file, (uint32_t)number(words[1], SECTOR_LEAST), &gpt, err);
    if (ok)
        print_table(&gpt);
    vhdx_chain_free(chain);
    source_free(file);
    return ok;
}

static bool do_iso(char **words, struct err *err)
{
    const struct udf_shape plain = {.kind = UDF_BUILD_SHORT};
    const struct udf_shape shape = {.kind = (enum udf_build_kind)number(words[2], 0),
                                    .extent_bytes = (uint32_t)number(words[3], 0),
                                    .in_entry = (size_t)number(words[4], 0),
                                    .extended_entry = number(words[5], 0) != 0};
    struct udf_build_entry file = {"install.wim", 0, false, false, true};
    struct udf_build_entry folder = {"sources", 0, true, false, false};
    struct udf_build *build;
    struct buf data;

    buf_init(&data, FILE_BYTES);
    if (!fs_read(words[1], FILE_BYTES, &data, err))
        return false;
    build = udf_build_open(words[0], ISO_BLOCKS);
    file.block = udf_build_file(build, 0, data.data, data.len, &shape);
    folder.block = udf_build_folder(build, 0, &file, 1, &plain);
    udf_build_close(build, udf_build_folder(build, 0, &folder, 1, &plain));
    buf_done(&data);
    return true;
}

static bool do_iso_cat(char **words, struct err *err)
{
    struct source *iso = NULL, *file = NULL;
    struct udf *udf = NULL;
    bool ok = source_open_file(words[0], &iso, err) && udf_open(iso, &udf, err) &&
              udf_open_file(udf, words[1], &file, err) &&
              (file || err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, words[1], NULL)) &&
              print_source(file, err);

    source_free(file);
    udf_close(udf);
    source_free(iso);
    return ok;
}

static const struct {
    const char *name;
    int least;
    bool (*run)(char **words, struct err *err);
} rows[] = {
    {"windows", 1, do_windows},
    {"create", 2, do_create},
    {"child", 3, do_child},
    {"from-raw", 2, do_from_raw},
    {"write", 3, do_write},
    {"cat", 1, do_cat},
    {"dirty", 1, do_dirty},
    {"layout", 1, do_layout},
    {"partitions", 1, do_partitions},
    {"iso", 2, do_iso},
    {"iso-cat", 2, do_iso_cat},
};

int main(int argc, char **argv)
{
    char *words[WORDS_MOST] = {NULL}, text[512];
    struct err err = ERR_INIT;

    for (int i = 2; i < argc && i < 2 + WORDS_MOST; i++)
        words[i - 2] = argv[i];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (argc < 2 || strcmp(argv[1], rows[i].name) != 0 || argc - 2 < rows[i].least)
            continue;
        if (rows[i].run(words, &err))
            return 0;
        fprintf(stderr, "image_tool: %s\n", err_message(&err, TEXT_EN, text, sizeof text));
        return 1;
    }
    fprintf(stderr, "image_tool: usage: see tests/support/image_tool.c\n");
    return 2;
}
