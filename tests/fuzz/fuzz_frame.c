/* Frames out of any bytes in any pieces: never beyond the limits, never more than was fed. */
#include "tests/fuzz/fuzz.h"

#include "common/frame.h"

#include <stdlib.h>

#define JSON_MAX 300
#define BODY_MAX 500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_reader reader;
    enum frame_result result = FRAME_MORE;
    size_t piece = size > 0 ? data[0] + 1u : 1, taken = 0;

    frame_reader_init(&reader, JSON_MAX, BODY_MAX);
    for (size_t at = 1; at < size && result != FRAME_BAD; at += piece) {
        const uint8_t *next = data + at;
        size_t left = size - at < piece ? size - at : piece;

        do {
            struct frame frame;

            result = frame_reader_feed(&reader, &next, &left, &frame, NULL);
            if (result != FRAME_READY)
                continue;
            taken += FRAME_HEADER_BYTES + frame.json_length + frame.body_length;
            if (frame.json_length > JSON_MAX || frame.body_length > BODY_MAX || taken > size)
                abort();
        } while (result == FRAME_READY && left > 0);
        if (reader.buf.len > FRAME_HEADER_BYTES + JSON_MAX + BODY_MAX)
            abort();
    }
    frame_reader_done(&reader);
    return 0;
}
