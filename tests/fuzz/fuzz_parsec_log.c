/* Parsec's log, line by line: any bytes keep the state within its bounds. */
#include "tests/fuzz/fuzz.h"

#include "guest/parsec/log.h"

#include <stdlib.h>
#include <string.h>

static void check(const struct parsec_log_state *state)
{
    uint32_t i;

    if (state->client_count > PARSEC_LOG_CLIENTS)
        abort();
    for (i = 0; i < state->client_count; i++) {
        char safe[PARSEC_LOG_NAME_BYTES];

        if (strlen(state->clients[i]) >= PARSEC_LOG_NAME_BYTES ||
            strcmp(text_safe(safe, sizeof safe, state->clients[i]), state->clients[i]) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parsec_log_state state;
    struct health_stream stream;

    parsec_log_init(&state);
    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t length = newline ? (size_t)(newline - data) : size;

        parsec_log_line(&state, (const char *)data, length);
        length += newline != NULL;
        data += length;
        size -= length;
    }
    check(&state);
    parsec_log_stream(&state, &stream);
    return 0;
}
