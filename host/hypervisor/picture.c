/* PNG (ISO/IEC 15948), written with runs of equal rows only: zlib's fixed codes, RFC 1950 and 1951.
 */
#include "host/hypervisor/picture.h"

#include "host/image/crc.h"

#include <stdlib.h>
#include <string.h>

#define PIXEL_BYTES 3u
#define COPY_MOST   258u
#define COPY_LEAST  3u
#define ADLER_BASE  65521u

static void put_u32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static bool put_chunk(struct buf *out, const char *type, const uint8_t *data, size_t length)
{
    uint8_t head[8], tail[4];
    uint32_t crc;

    put_u32(head, (uint32_t)length);
    memcpy(head + 4, type, 4);
    crc = crc32_ieee(crc32_ieee(0, head + 4, 4), data, length);
    put_u32(tail, crc);
    return buf_put(out, head, sizeof head) && buf_put(out, data, length) &&
           buf_put(out, tail, sizeof tail);
}

/* ---- the stream of bits ---- */

struct bits {
    struct buf *out;
    uint32_t held;
    unsigned count;
    bool ok;
};

static void put_bits(struct bits *bits, uint32_t value, unsigned count)
{
    bits->held |= value << bits->count;
    bits->count += count;
    while (bits->count >= 8) {
        uint8_t byte = (uint8_t)bits->held;

        bits->ok = bits->ok && buf_put(bits->out, &byte, 1);
        bits->held >>= 8;
        bits->count -= 8;
    }
}

/* Huffman codes go out with their first bit first. */
static void put_code(struct bits *bits, uint32_t code, unsigned count)
{
    uint32_t turned = 0;

    for (unsigned i = 0; i < count; i++)
        turned |= ((code >> i) & 1) << (count - 1 - i);
    put_bits(bits, turned, count);
}

/* The fixed codes of RFC 1951, 3.2.6. */
static void put_symbol(struct bits *bits, unsigned symbol)
{
    if (symbol < 144)
        put_code(bits, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(bits, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(bits, symbol - 256, 7);
    else
        put_code(bits, 0xc0 + symbol - 280, 8);
}

/* A copy of length bytes from one pixel before. */
static void put_copy(struct bits *bits, unsigned length)
{
    static const struct {
        unsigned first, extra;
    } codes[] = {{3, 0},   {4, 0},   {5, 0},   {6, 0},   {7, 0},  {8, 0},  {9, 0},  {10, 0},
                 {11, 1},  {13, 1},  {15, 1},  {17, 1},  {19, 2}, {23, 2}, {27, 2}, {31, 2},
                 {35, 3},  {43, 3},  {51, 3},  {59, 3},  {67, 4}, {83, 4}, {99, 4}, {115, 4},
                 {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}};
    unsigned at = sizeof codes / sizeof *codes - 1;

    while (codes[at].first > length)
        at--;
    put_symbol(bits, 257 + at);
    put_bits(bits, length - codes[at].first, codes[at].extra);
    put_code(bits, PIXEL_BYTES - 1, 5); /* distances 1 to 4 are codes 0 to 3 */
}

static uint32_t adler(const uint8_t *data, size_t length)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < length; i++) {
        a = (a + data[i]) % ADLER_BASE;
        b = (b + a) % ADLER_BASE;
    }
    return b << 16 | a;
}

/* How many bytes at `at` repeat those of one pixel before. */
static unsigned repeated(const uint8_t *data, size_t at, size_t length)
{
    unsigned n = 0;

    while (at >= PIXEL_BYTES && n < COPY_MOST && at + n < length &&
           data[at + n] == data[at + n - PIXEL_BYTES])
        n++;
    return n;
}

static bool deflate(const uint8_t *data, size_t length, struct buf *out)
{
    static const uint8_t head[] = {0x78, 0x01};
    struct bits bits = {.out = out, .ok = buf_put(out, head, sizeof head)};
    uint8_t sum[4];
    size_t at = 0;

    put_bits(&bits, 1, 1); /* the last block */
    put_bits(&bits, 1, 2); /* with fixed codes */
    while (at < length) {
        unsigned n = repeated(data, at, length);

        if (n >= COPY_LEAST) {
            put_copy(&bits, n);
            at += n;
        } else {
            put_symbol(&bits, data[at++]);
        }
    }
    put_symbol(&bits, 256);
    put_bits(&bits, 0, 7); /* to the next byte */
    put_u32(sum, adler(data, length));
    return bits.ok && buf_put(out, sum, sizeof sum);
}

/* ---- the picture ---- */

/* Rows of 8-bit red, green, blue, each after its filter byte. */
static uint8_t *to_rows(const struct picture *picture, size_t *ret_length)
{
    size_t row = 1 + (size_t)picture->width * PIXEL_BYTES, length = row * picture->height;
    uint8_t *rows = calloc(1, length), *out = rows;
    const uint8_t *in = picture->pixels.data;

    for (uint32_t y = 0; rows && y < picture->height; y++) {
        *out++ = 0;
        for (uint32_t x = 0; x < picture->width; x++, in += 2) {
            unsigned pixel = in[0] | (unsigned)in[1] << 8;

            *out++ = (uint8_t)((pixel >> 11) * 255 / 31);
            *out++ = (uint8_t)((pixel >> 5 & 63) * 255 / 63);
            *out++ = (uint8_t)((pixel & 31) * 255 / 31);
        }
    }
    *ret_length = length;
    return rows;
}

static bool fits(const struct picture *picture)
{
    return picture->width && picture->height && picture->width <= PICTURE_SIDE_MAX &&
           picture->height <= PICTURE_SIDE_MAX &&
           picture->pixels.len == (size_t)picture->width * picture->height * 2;
}

bool picture_png(const struct picture *picture, struct buf *out, struct err *err)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint8_t head[13] = {0}, *rows;
    struct buf packed;
    size_t length = 0;
    bool ok;

    if (!fits(picture))
        return err_set(err,
                       ERR_BAD_INPUT,
                       TEXT_HV_PICTURE_BAD,
                       TEXT_NUM(picture->width),
                       TEXT_NUM(picture->height),
                       TEXT_NUM((int64_t)picture->pixels.len),
                       NULL);
    rows = to_rows(picture, &length);
    if (!rows)
        return err_no_memory(err);
    put_u32(head, picture->width);
    put_u32(head + 4, picture->height);
    head[8] = 8; /* bits a sample */
    head[9] = 2; /* true colour */
    buf_init(&packed, PICTURE_BYTES_MAX);
    ok = deflate(rows, length, &packed) && buf_put(out, signature, sizeof signature) &&
         put_chunk(out, "IHDR", head, sizeof head) &&
         put_chunk(out, "IDAT", packed.data, packed.len) && put_chunk(out, "IEND", signature, 0);
    free(rows);
    buf_done(&packed);
    return ok || err_no_memory(err);
}

bool picture_is_plain(const struct picture *picture)
{
    const uint8_t *pixels = picture->pixels.data;

    for (size_t i = 2; i < picture->pixels.len; i++)
        if (pixels[i] != pixels[i - 2])
            return false;
    return true;
}
