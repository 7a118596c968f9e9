/* SHA-256 by mbedtls; through its generic interface, which is the same in 2.28 and 3.6. */
#include "common/digest.h"

#include "common/fs.h"

#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_BYTES 32
#define PIECE_BYTES  ((size_t)256 * 1024)

struct digest {
    mbedtls_md_context_t context;
    bool failed; /* the library refused; cannot happen with its software SHA-256 */
};

bool digest_new(struct digest **ret_digest, struct err *err)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    struct digest *digest = calloc(1, sizeof *digest);

    if (!digest)
        return err_no_memory(err);
    mbedtls_md_init(&digest->context);
    if (mbedtls_md_setup(&digest->context, info, 0) != 0 ||
        mbedtls_md_starts(&digest->context) != 0) {
        digest_free(digest);
        return err_no_memory(err);
    }
    *ret_digest = digest;
    return true;
}

void digest_free(struct digest *digest)
{
    if (!digest)
        return;
    mbedtls_md_free(&digest->context);
    free(digest);
}

void digest_add(struct digest *digest, const void *data, size_t length)
{
    if (length > 0 && mbedtls_md_update(&digest->context, data, length) != 0)
        digest->failed = true;
}

void digest_end(struct digest *digest, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[DIGEST_BYTES];
    size_t i;

    if (mbedtls_md_finish(&digest->context, bytes) != 0)
        digest->failed = true;
    for (i = 0; i < DIGEST_BYTES; i++) {
        ret_hex[2 * i] = digits[bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    /* an empty text equals no digest */
    ret_hex[digest->failed ? 0 : 2 * DIGEST_BYTES] = '\0';
}

bool digest_data(const void *data, size_t length, char *ret_hex, struct err *err)
{
    struct digest *digest = NULL;

    if (!digest_new(&digest, err))
        return false;
    digest_add(digest, data, length);
    digest_end(digest, ret_hex);
    digest_free(digest);
    return true;
}

bool digest_file(
    const char *folder, const char *name, char *ret_hex, uint64_t *ret_size, struct err *err)
{
    struct digest *digest = NULL;
    struct fs_dir *dir = NULL;
    uint64_t offset = 0;
    struct buf piece;
    bool ok = false;

    buf_init(&piece, PIECE_BYTES);
    if (!digest_new(&digest, err) || !fs_dir_open(folder, &dir, err))
        goto out;
    do {
        buf_clear(&piece);
        if (!fs_dir_read(dir, name, offset, PIECE_BYTES, &piece, err))
            goto out;
        digest_add(digest, piece.data, piece.len);
        offset += piece.len;
    } while (piece.len > 0);
    digest_end(digest, ret_hex);
    if (ret_size)
        *ret_size = offset;
    ok = true;

out:
    fs_dir_close(dir);
    digest_free(digest);
    buf_done(&piece);
    return ok;
}

bool digest_is_hex(const char *text)
{
    return strlen(text) == DIGEST_HEX_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == DIGEST_HEX_BYTES - 1;
}
