/*
 * A client that uses nothing of ours: openssl s_client with the PSK, bytes from PROTOCOL.md on its
 * standard input, the answer on its standard output. Skipped where there is no openssl.
 */
#include "tests/support/session_pair.h"

#include "common/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX 65536
#define SUITE      "ECDHE-PSK-CHACHA20-POLY1305"

/* The first frame of PROTOCOL.md's example, byte for byte. */
static const uint8_t hello[] = {
    0x86, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00,
    0x00, '{',  '"',  'j',  's',  'o',  'n',  'r',  'p',  'c',  '"',  ':',  '"',  '2',  '.',
    '0',  '"',  ',',  '"',  'i',  'd',  '"',  ':',  '1',  ',',  '"',  'm',  'e',  't',  'h',
    'o',  'd',  '"',  ':',  '"',  'h',  'e',  'l',  'l',  'o',  '"',  ',',  '"',  'p',  'a',
    'r',  'a',  'm',  's',  '"',  ':',  '{',  '"',  'p',  'r',  'o',  't',  'o',  'c',  'o',
    'l',  '_',  'm',  'i',  'n',  '"',  ':',  '1',  ',',  '"',  'p',  'r',  'o',  't',  'o',
    'c',  'o',  'l',  '_',  'm',  'a',  'x',  '"',  ':',  '1',  ',',  '"',  'b',  'u',  'i',
    'l',  'd',  '"',  ':',  '"',  '0',  '.',  '1',  '.',  '0',  '"',  ',',  '"',  'c',  'a',
    'p',  'a',  'b',  'i',  'l',  'i',  't',  'i',  'e',  's',  '"',  ':',  '[',  '"',  'b',
    'u',  'l',  'k',  '"',  ',',  '"',  'r',  'e',  'l',  'a',  'y',  '"',  ']',  '}',  '}'};

struct run {
    struct pair pair;
    uv_process_t process;
    uv_pipe_t input, output;
    uv_write_t write;
    bool exited, gone;
    int handles;
    uint8_t got[OUTPUT_MAX];
    size_t got_length;
    bool answered; /* a whole frame came */
};

static int set_up(void **state)
{
    struct run *run = calloc(1, sizeof *run);

    assert_non_null(run);
    pair_start(&run->pair, "openssl", NULL, 0);
    *state = run;
    return 0;
}

static int tear_down(void **state)
{
    struct run *run = *state;

    pair_stop(&run->pair);
    free(run);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;

    run->gone = --run->handles == 0;
}

static void on_exit_process(uv_process_t *process, int64_t status, int signal)
{
    struct run *run = process->data;

    (void)status;
    (void)signal;
    run->exited = true;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret_buf)
{
    struct run *run = handle->data;

    (void)size;
    *ret_buf =
        uv_buf_init((char *)run->got + run->got_length, (unsigned)(OUTPUT_MAX - run->got_length));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct run *run = stream->data;

    (void)buf;
    if (count < 0) {
        uv_read_stop(stream);
        return;
    }
    run->got_length += (size_t)count;
    run->answered = run->got_length >= FRAME_HEADER_BYTES &&
                    run->got_length >= FRAME_HEADER_BYTES + frame_get32(run->got);
}

static char *hex_key(char *out, uint8_t first)
{
    for (int i = 0; i < SESSION_SECRET_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", i == 0 ? first : pair_secret()[i]);
    return out;
}

/* Starts s_client with these last arguments; false when there is no openssl. */
static bool start(struct run *run, const char *version, const char *suite, const char *key)
{
    char *arguments[] = {(char *)(uintptr_t) "openssl",
                         (char *)(uintptr_t) "s_client",
                         (char *)(uintptr_t) "-quiet",
                         (char *)(uintptr_t) "-unix",
                         run->pair.address.path,
                         (char *)(uintptr_t) "-psk_identity",
                         (char *)(uintptr_t)PAIR_IDENTITY,
                         (char *)(uintptr_t) "-psk",
                         (char *)(uintptr_t)key,
                         (char *)(uintptr_t)version,
                         (char *)(uintptr_t) "-cipher",
                         (char *)(uintptr_t)suite,
                         NULL};
    uv_stdio_container_t pipes[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&run->input},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&run->output},
        {.flags = UV_IGNORE}};
    uv_process_options_t options = {.file = "openssl",
                                    .args = arguments,
                                    .stdio = pipes,
                                    .stdio_count = 3,
                                    .exit_cb = on_exit_process};
    bool started;

    uv_pipe_init(&run->pair.loop, &run->input, 0);
    uv_pipe_init(&run->pair.loop, &run->output, 0);
    run->process.data = run->input.data = run->output.data = run;
    started = uv_spawn(&run->pair.loop, &run->process, &options) == 0;
    run->handles = 3;
    if (started)
        uv_read_start((uv_stream_t *)&run->output, on_alloc, on_read);
    return started;
}

static void end(struct run *run)
{
    if (uv_is_active((uv_handle_t *)&run->process))
        uv_process_kill(&run->process, SIGTERM);
    uv_close((uv_handle_t *)&run->process, on_closed);
    uv_close((uv_handle_t *)&run->input, on_closed);
    uv_close((uv_handle_t *)&run->output, on_closed);
    pair_until(&run->pair, &run->gone);
}

static void say_hello(struct run *run)
{
    uv_buf_t part = uv_buf_init((char *)(uintptr_t)hello, sizeof hello);

    uv_write(&run->write, (uv_stream_t *)&run->input, &part, 1, NULL);
}

/* What openssl must not get through with. */
static void server_refuses_openssl_with_anything_else(void **state)
{
    static const struct {
        const char *name, *version, *suite;
        uint8_t first;
    } rows[] = {
        {"wrong key", "-tls1_2", SUITE, 0xff},
        {"TLS 1.3", "-tls1_3", SUITE, 1},
        {"TLS 1.1", "-tls1_1", "ALL:@SECLEVEL=0", 1},
        {"TLS 1.0", "-tls1", "ALL:@SECLEVEL=0", 1},
        {"AES", "-tls1_2", "ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256", 1},
        {"no forward secrecy", "-tls1_2", "PSK-CHACHA20-POLY1305", 1},
        {"no PSK", "-tls1_2", "ECDHE-RSA-CHACHA20-POLY1305", 1},
        {"no encryption", "-tls1_2", "ECDHE-PSK-NULL-SHA256:@SECLEVEL=0", 1},
    };
    struct run *run = *state;
    char key[2 * SESSION_SECRET_BYTES + 1];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run->exited = run->gone = run->answered = false;
        if (!start(run, rows[i].version, rows[i].suite, hex_key(key, rows[i].first))) {
            end(run);
            skip();
        }
        say_hello(run);
        pair_until(&run->pair, &run->exited);
        if (run->answered || run->pair.hellos > 0)
            fail_msg("answered: %s", rows[i].name);
        end(run);
    }
}

static void openssl_completes_the_handshake_and_gets_an_answer_to_hello(void **state)
{
    struct run *run = *state;
    char key[2 * SESSION_SECRET_BYTES + 1];

    if (!start(run, "-tls1_2", SUITE, hex_key(key, 1))) {
        end(run);
        skip();
    }
    say_hello(run);
    pair_until(&run->pair, &run->answered);
    assert_int_equal(run->got[12], FRAME_REPLY);
    assert_int_equal(frame_get32(run->got + 8), 1);
    run->got[run->got_length] = '\0';
    assert_non_null(
        strstr((char *)run->got + FRAME_HEADER_BYTES, "\"result\":{\"protocol_min\":1"));
    assert_non_null(strstr((char *)run->got + FRAME_HEADER_BYTES, "\"generation\":3"));
    assert_int_equal(run->pair.hellos, 1);
    end(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            server_refuses_openssl_with_anything_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            openssl_completes_the_handshake_and_gets_an_answer_to_hello, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
