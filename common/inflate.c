/* Inflate with canonical codes, decoded bit by bit: payloads have a megabyte, so small and plain
 * wins over fast. */
#include "common/inflate.h"

#include <string.h>

#define CODE_BITS      15  /* longest code */
#define LITERAL_CODES  288 /* literals, end and lengths; 286 and 287 never occur in valid data */
#define DISTANCE_CODES 32
#define LENGTH_CODES   19 /* codes of code lengths */
#define END_OF_BLOCK   256

struct stream {
    const uint8_t *in;
    size_t in_length, in_used;
    uint8_t *out;
    size_t out_length, out_used;
    uint32_t bits; /* read and not used yet */
    unsigned bit_count;
    bool failed;
};

/* Codes by length: how many there are of each, and the symbols in order of code. */
struct huffman {
    uint16_t counts[CODE_BITS + 1];
    uint16_t symbols[LITERAL_CODES];
};

static unsigned take_bits(struct stream *s, unsigned count)
{
    unsigned value;

    while (s->bit_count < count) {
        if (s->in_used == s->in_length) {
            s->failed = true;
            return 0;
        }
        s->bits |= (uint32_t)s->in[s->in_used++] << s->bit_count;
        s->bit_count += 8;
    }
    value = s->bits & ((1u << count) - 1);
    s->bits >>= count;
    s->bit_count -= count;
    return value;
}

/* Builds the table from the lengths of the codes. False when more codes are given than there are;
 * fewer are accepted only as the single code that the format allows. */
static bool huffman_build(struct huffman *h, const uint8_t *lengths, unsigned count)
{
    uint16_t offsets[CODE_BITS + 1];
    unsigned i, used;
    int left = 1;

    memset(h, 0, sizeof *h);
    for (i = 0; i < count; i++)
        h->counts[lengths[i]]++;
    used = count - h->counts[0];
    for (i = 1; i <= CODE_BITS; i++) {
        left = left * 2 - h->counts[i];
        if (left < 0)
            return false;
    }
    offsets[0] = offsets[1] = 0;
    for (i = 1; i < CODE_BITS; i++)
        offsets[i + 1] = (uint16_t)(offsets[i] + h->counts[i]);
    for (i = 0; i < count; i++) {
        if (lengths[i])
            h->symbols[offsets[lengths[i]]++] = (uint16_t)i;
    }
    return left == 0 || (used <= 1 && h->counts[1] == used);
}

static unsigned take_symbol(struct stream *s, const struct huffman *h)
{
    int code = 0, first = 0, index = 0;
    unsigned length;

    for (length = 1; length <= CODE_BITS && !s->failed; length++) {
        int count = h->counts[length];

        code |= (int)take_bits(s, 1);
        if (code - count < first)
            return h->symbols[index + (code - first)];
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    s->failed = true;
    return 0;
}

static void put_byte(struct stream *s, uint8_t byte)
{
    if (s->out_used == s->out_length)
        s->failed = true;
    else
        s->out[s->out_used++] = byte;
}

static void put_match(struct stream *s, size_t distance, size_t length)
{
    if (distance > s->out_used || length > s->out_length - s->out_used) {
        s->failed = true;
        return;
    }
    /* byte by byte: source and target may overlap, which repeats what is there */
    while (length-- > 0) {
        s->out[s->out_used] = s->out[s->out_used - distance];
        s->out_used++;
    }
}

static void codes(struct stream *s, const struct huffman *literals, const struct huffman *distances)
{
    static const uint16_t length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    static const uint8_t distance_bits[] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                            6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

    while (!s->failed) {
        unsigned symbol = take_symbol(s, literals), distance;
        size_t length;

        if (symbol == END_OF_BLOCK)
            return;
        if (symbol < END_OF_BLOCK) {
            if (!s->failed)
                put_byte(s, (uint8_t)symbol);
            continue;
        }
        symbol -= END_OF_BLOCK + 1;
        if (symbol >= sizeof length_bits) {
            s->failed = true;
            return;
        }
        length = length_base[symbol] + take_bits(s, length_bits[symbol]);
        distance = take_symbol(s, distances);
        if (s->failed || distance >= sizeof distance_bits) {
            s->failed = true;
            return;
        }
        put_match(s, distance_base[distance] + take_bits(s, distance_bits[distance]), length);
    }
}

static void stored_block(struct stream *s)
{
    unsigned length, check;

    s->bits = 0;
    s->bit_count = 0;
    length = take_bits(s, 16);
    check = take_bits(s, 16);
    if (s->failed || length != (check ^ 0xFFFF) || length > s->in_length - s->in_used ||
        length > s->out_length - s->out_used) {
        s->failed = true;
        return;
    }
    memcpy(s->out + s->out_used, s->in + s->in_used, length);
    s->in_used += length;
    s->out_used += length;
}

static void fixed_block(struct stream *s)
{
    struct huffman literals, distances;
    uint8_t lengths[LITERAL_CODES];

    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 256 - 144);
    memset(lengths + 256, 7, 280 - 256);
    memset(lengths + 280, 8, LITERAL_CODES - 280);
    huffman_build(&literals, lengths, LITERAL_CODES);
    memset(lengths, 5, DISTANCE_CODES);
    huffman_build(&distances, lengths, DISTANCE_CODES);
    codes(s, &literals, &distances);
}

/* The code lengths of a block, themselves packed. */
static bool
take_lengths(struct stream *s, const struct huffman *h, uint8_t *lengths, unsigned count)
{
    unsigned i = 0;

    while (i < count && !s->failed) {
        unsigned symbol = take_symbol(s, h), repeat;
        uint8_t value = 0;

        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16) {
            if (i == 0)
                return false;
            value = lengths[i - 1];
            repeat = 3 + take_bits(s, 2);
        } else {
            repeat = symbol == 17 ? 3 + take_bits(s, 3) : 11 + take_bits(s, 7);
        }
        if (repeat > count - i)
            return false;
        memset(lengths + i, value, repeat);
        i += repeat;
    }
    return !s->failed;
}

static void dynamic_block(struct stream *s)
{
    static const uint8_t order[LENGTH_CODES] = {
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERAL_CODES + DISTANCE_CODES] = {0};
    struct huffman literals, distances;
    unsigned literal_count = take_bits(s, 5) + 257, distance_count = take_bits(s, 5) + 1;
    unsigned count = take_bits(s, 4) + 4, i;

    for (i = 0; i < count; i++)
        lengths[order[i]] = (uint8_t)take_bits(s, 3);
    s->failed = s->failed || literal_count > 286 || distance_count > 30 ||
                !huffman_build(&literals, lengths, LENGTH_CODES) ||
                !take_lengths(s, &literals, lengths, literal_count + distance_count) ||
                lengths[END_OF_BLOCK] == 0 ||
                !huffman_build(&distances, lengths + literal_count, distance_count) ||
                !huffman_build(&literals, lengths, literal_count);
    if (!s->failed)
        codes(s, &literals, &distances);
}

bool inflate_block(const uint8_t *data, size_t length, uint8_t *out, size_t out_length)
{
    struct stream s = {.in = data, .in_length = length, .out = out, .out_length = out_length};
    bool last = false;

    while (!last && !s.failed) {
        last = take_bits(&s, 1) == 1;
        switch (take_bits(&s, 2)) {
        case 0:
            stored_block(&s);
            break;
        case 1:
            fixed_block(&s);
            break;
        case 2:
            dynamic_block(&s);
            break;
        default:
            s.failed = true;
        }
    }
    return !s.failed && s.in_used == s.in_length && s.out_used == s.out_length;
}
