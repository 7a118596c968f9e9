/*
 * image_oracle: the content of files in UDF images and of chains of disks as other people's
 * libraries read them, to compare with ours. Built where libudfread and libvhdi are at hand. Test
 * code only.
 *
 *   image_oracle udf ISO PATH          prints a file of an ISO (libudfread)
 *   image_oracle vhdi FILE [PARENT...] prints a disk, with its parents from the nearest on
 * (libvhdi)
 */
#include <libvhdi.h>
#include <udfread/udfread.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define FILES_MOST  8

static unsigned char piece[PIECE_BYTES];

static int print_udf(const char *iso, const char *path)
{
    udfread *udf = udfread_init();
    UDFFILE *file = NULL;
    ssize_t got = -1;

    if (udf && udfread_open(udf, iso) == 0)
        file = udfread_file_open(udf, path);
    while (file && (got = udfread_file_read(file, piece, sizeof piece)) > 0)
        if (fwrite(piece, 1, (size_t)got, stdout) != (size_t)got)
            got = -1;
    if (file)
        udfread_file_close(file);
    if (udf)
        udfread_close(udf);
    return got == 0 ? 0 : 1;
}

static int print_content(libvhdi_file_t *file)
{
    size64_t size = 0;
    off64_t at = 0;

    if (libvhdi_file_get_media_size(file, &size, NULL) != 1)
        return 1;
    while ((size64_t)at < size) {
        size64_t left = size - (size64_t)at;
        size_t wanted = left < sizeof piece ? (size_t)left : sizeof piece;
        ssize_t got = libvhdi_file_read_buffer_at_offset(file, piece, wanted, at, NULL);

        if (got <= 0 || fwrite(piece, 1, (size_t)got, stdout) != (size_t)got)
            return 1;
        at += got;
    }
    return 0;
}

static int print_vhdi(char **paths, int count)
{
    libvhdi_file_t *files[FILES_MOST] = {NULL};
    int status = count <= FILES_MOST ? 0 : 1;

    for (int i = count - 1; !status && i >= 0; i--) {
        if (libvhdi_file_initialize(&files[i], NULL) != 1 ||
            libvhdi_file_open(files[i], paths[i], LIBVHDI_OPEN_READ, NULL) != 1)
            status = 1;
        else if (i + 1 < count && libvhdi_file_set_parent_file(files[i], files[i + 1], NULL) != 1)
            status = 1;
    }
    if (!status)
        status = print_content(files[0]);
    for (int i = 0; i < count && i < FILES_MOST; i++)
        if (files[i])
            libvhdi_file_free(&files[i], NULL);
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "udf"))
        return print_udf(argv[2], argv[3]);
    if (argc > 2 && !strcmp(argv[1], "vhdi"))
        return print_vhdi(argv + 2, argc - 2);
    fprintf(stderr, "image_oracle: usage: see tests/support/image_oracle_posix.c\n");
    return 2;
}
