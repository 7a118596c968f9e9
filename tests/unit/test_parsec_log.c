/* Parsec's log: what its lines mean, and following it through rotation. */
#include "tests/support/support.h"

#include "guest/parsec/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

static void feed(struct parsec_log_state *state, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");

        parsec_log_line(state, text, length);
        text += length + (text[length] == '\n');
    }
}

static struct parsec_log_state read_text(const char *text)
{
    struct parsec_log_state state;

    parsec_log_init(&state);
    feed(&state, text);
    return state;
}

#define T "2026-03-15 10:30:00] "

/* A host whose NVIDIA library does not load, with Intel's encoder taking over. */
static const char session_text[] =
    "[F " T "===== Parsec: Started =====\r\n"
    "[D " T "log: Parsec release15 (150-104a, Service: 13, Loader: 17)\r\n"
    "[D " T "IPC AS Client Connected.\r\n"
    "[I " T "STUN reply from ::ffff:198.51.100.7:3478\r\n"
    "[D " T "net           = BUD|::ffff:192.0.2.56|31858\r\n"
    "[D " T "Virtual Display Driver State: OK\r\n"
    "[I " T "wei#9877093 connected.\r\n"
    "[D " T "dxgi          = 1.5\r\n"
    "[I " T "* aexclusive_start/acapture_start[459] = -9000\r\n"
    "[D " T "format        = BGRA\r\n"
    "[I " T "* encode_init[127] = -15101\r\n"
    "[D " T "display_x     = 3840\r\n"
    "[D " T "display_y     = 2160\r\n"
    "[D " T "display_hz    = 60\r\n"
    "[D " T "encoder       = intel\r\n"
    "[D " T "codec         = h265\r\n"
    "[D " T "encode_x      = 1920\r\n"
    "[D " T "encode_y      = 1080\r\n"
    "[D " T "[0] FPS:59.9/0, L:5.2/11.0, B:9.8/50.0, N:0/0/0\r\n";

static void a_session_is_understood(void **unused)
{
    struct parsec_log_state state = read_text(session_text);
    struct health_stream stream;

    (void)unused;
    assert_true(state.started);
    assert_true(state.network);
    assert_string_equal(state.release, "150-104a");
    assert_int_equal(state.service, 13);
    assert_int_equal(state.loader, 17);
    assert_string_equal(state.driver, "OK");
    assert_int_equal(state.client_count, 1);
    assert_string_equal(state.clients[0], "wei#9877093");
    parsec_log_stream(&state, &stream);
    assert_string_equal(stream.encoder, "intel");
    assert_string_equal(stream.codec, "h265");
    assert_int_equal(stream.width, 1920);
    assert_int_equal(stream.height, 1080);
    assert_int_equal(stream.hz, 60);
    assert_int_equal(stream.clients, 1);
    assert_int_equal(stream.bitrate_mbps, 10);
}

static void an_encoder_that_was_found_disproves_one_that_was_not(void **unused)
{
    struct parsec_log_state state = read_text(session_text);

    (void)unused;
    assert_int_equal(state.troubles[PARSEC_TROUBLE_ENCODER].code, -15101);
    assert_false(state.troubles[PARSEC_TROUBLE_ENCODER].stands);
    assert_true(state.troubles[PARSEC_TROUBLE_AUDIO].stands);
    feed(&state, "[I " T "* encode_frame[12] = -15002\n");
    assert_true(state.troubles[PARSEC_TROUBLE_ENCODER].stands);
    feed(&state, "[D " T "encoder       = openh264\n");
    assert_true(state.troubles[PARSEC_TROUBLE_ENCODER].stands);
}

struct trouble_row {
    const char *line;
    enum parsec_trouble trouble;
    int32_t code;
};

static const struct trouble_row trouble_rows[] = {
    {"[I " T "'SetDisplayConfig' failed with error 0x1F", PARSEC_TROUBLE_NO_DISPLAY, 0},
    {"[I " T "'SetDisplayConfig' failed because no displays are connected.",
     PARSEC_TROUBLE_NO_DISPLAY,
     0},
    {"[D " T "capture failed because no displays are connected", PARSEC_TROUBLE_NO_DISPLAY, 0},
    {"[I " T "* capture_init[99] = -14003", PARSEC_TROUBLE_CAPTURE, -14003},
    {"[I " T "* encode_init[127] = -15101", PARSEC_TROUBLE_ENCODER, -15101},
    {"[D " T "nvEncOpenEncodeSessionEx failed with error 10", PARSEC_TROUBLE_ENCODER, 0},
    {"[I " T "* MFXInit[77] = -3", PARSEC_TROUBLE_ENCODER, 0},
    {"[I " T "* acapture_start[459] = -9000", PARSEC_TROUBLE_AUDIO, -9000},
    {"[I " T "* nat_read_packet[1] = -710054", PARSEC_TROUBLE_NETWORK, -710054},
    {"[I " T "* host_msg_thread_cleanup[3] = -12007", PARSEC_TROUBLE_CLIENT, -12007},
    {"[I " T "* ws_connect[128] = -3008", PARSEC_TROUBLE_ACCOUNT, -3008},
    {"[I " T "* ws_connect[128] = -6101", PARSEC_TROUBLE_SERVER, -6101},
    {"[I " T "* tls[9] = -600001", PARSEC_TROUBLE_SERVER, -600001},
    {"[I " T "* d3d11_device[9] = -22003", PARSEC_TROUBLE_GPU, -22003},
    {"[I " T "* version_check[9] = -36000", PARSEC_TROUBLE_VERSION, -36000},
    {"[D " T "Virtual Display Driver State: Not Installed", PARSEC_TROUBLE_DRIVER, 0},
    {"[I " T "Parsec Virtual USB Adapter (0.3) failed to initialize", PARSEC_TROUBLE_GAMEPAD, 0},
};

static void complaints_are_told_apart(void **unused)
{
    size_t i, j;

    (void)unused;
    for (i = 0; i < sizeof trouble_rows / sizeof trouble_rows[0]; i++) {
        const struct trouble_row *row = &trouble_rows[i];
        struct parsec_log_state state = read_text(row->line);

        for (j = 0; j < PARSEC_TROUBLES; j++) {
            if (state.troubles[j].stands != (j == row->trouble))
                fail_msg("%s: %s", row->line, parsec_log_trouble_name((enum parsec_trouble)j));
        }
        assert_int_equal(state.troubles[row->trouble].code, row->code);
        assert_int_equal(state.troubles[row->trouble].last_s, 1773570600);
    }
}

static void lines_without_meaning_are_counted(void **unused)
{
    static const char *const lines[] = {"",
                                        "\x01\xFF",
                                        "[D " T,
                                        "[D 2026-03-15 10:30:00",
                                        "[D " T "IPC AS Client Connected.",
                                        "[D " T "UPNP: device reported as not connected",
                                        "[D " T "someone#12 connected.",
                                        "[I " T "someone connected.",
                                        "[I " T "#12 connected.",
                                        "[I " T "someone#12x connected.",
                                        "[I " T "someone#12 connected. Not really",
                                        "[I " T
                                        "someone#123456789012345678901234567890123 connected.",
                                        "[I " T "* upnp_add[4] = -19000",
                                        "[I " T "* something[4] = -99999999999999999999",
                                        "[D " T "Parsec release without anything",
                                        "====="};
    size_t i;

    (void)unused;
    for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct parsec_log_state state;

        parsec_log_init(&state);
        parsec_log_line(&state, lines[i], strlen(lines[i]));
        if (state.unknown_lines != 1 || parsec_log_clients(&state) != 0)
            fail_msg("understood: %s", lines[i]);
    }
}

static void clients_are_a_set(void **unused)
{
    struct parsec_log_state state = read_text("[I " T "a b#1 connected.\n"
                                              "[I " T "a b#1 connected.\n"
                                              "[I " T "c#2 is trying to connect to your computer.\n"
                                              "[I " T "c#2 connected.\n"
                                              "[I " T "d#3 disconnected.\n");

    (void)unused;
    assert_int_equal(parsec_log_clients(&state), 2);
    feed(&state, "[I " T "a b#1 disconnected. Reason: 12\n");
    assert_int_equal(parsec_log_clients(&state), 1);
    assert_string_equal(state.clients[0], "c#2");
    feed(&state, "[I " T "* host_msg_thread_cleanup[3] = -12007\n");
    assert_int_equal(parsec_log_clients(&state), 0);
}

static void who_waits_for_approval_is_known(void **unused)
{
    struct parsec_log_state state =
        read_text("[I " T "c#2 is trying to connect to your computer.\n");

    (void)unused;
    assert_string_equal(state.waiting, "c#2");
    feed(&state, "[I " T "c#2 connected.\n");
    assert_string_equal(state.waiting, "");
}

static void a_start_forgets_the_session(void **unused)
{
    struct parsec_log_state state = read_text(session_text);
    uint64_t lines = state.lines;

    (void)unused;
    feed(&state, "[F " T "===== Parsec: Started =====\n");
    assert_int_equal(parsec_log_clients(&state), 0);
    assert_string_equal(state.encoder, "");
    assert_false(state.troubles[PARSEC_TROUBLE_AUDIO].stands);
    assert_false(state.network);
    assert_int_equal(state.lines, lines + 1);
}

static void more_clients_than_there_is_room_for_are_counted(void **unused)
{
    struct parsec_log_state state;
    char line[96];
    int i;

    (void)unused;
    parsec_log_init(&state);
    for (i = 0; i < PARSEC_LOG_CLIENTS + 5; i++) {
        snprintf(line, sizeof line, "[I " T "client#%d connected.", i);
        feed(&state, line);
    }
    assert_int_equal(parsec_log_clients(&state), PARSEC_LOG_CLIENTS + 5);
    for (i = 0; i < PARSEC_LOG_CLIENTS + 5; i++) {
        snprintf(line, sizeof line, "[I " T "client#%d disconnected.", i);
        feed(&state, line);
    }
    assert_int_equal(parsec_log_clients(&state), 0);
}

static void names_are_harmless_and_bounded(void **unused)
{
    struct parsec_log_state state;
    char line[PARSEC_LOG_LINE_BYTES];
    char name[700];

    (void)unused;
    parsec_log_init(&state);
    feed(&state, "[I " T "\x1b[2Jevil\xE2\x80\xAE#77 connected.\n");
    assert_string_equal(state.clients[0], "?[2Jevil?#77");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(line, sizeof line, "[I " T "%s#78 connected.", name);
    feed(&state, line);
    assert_int_equal(strlen(state.clients[1]), PARSEC_LOG_NAME_BYTES - 1);
    assert_string_equal(state.clients[1] + PARSEC_LOG_NAME_BYTES - 4, "#78");
    snprintf(line, sizeof line, "[I " T "%s#78 disconnected.", name);
    feed(&state, line);
    assert_int_equal(state.client_count, 1);
}

static void a_name_that_imitates_the_log_is_still_a_name(void **unused)
{
    struct parsec_log_state state =
        read_text("[I " T "x#1 disconnected. y#2 connected.\n"
                  "[I " T "===== Parsec: Started ===== z#3 connected.\n");

    (void)unused;
    assert_string_equal(state.clients[0], "x#1 disconnected. y#2");
    assert_int_equal(parsec_log_clients(&state), 2);
}

static void a_lost_desktop_is_an_alarm_only_when_it_repeats(void **unused)
{
    struct parsec_log_state state;
    char line[96];
    int i;

    (void)unused;
    parsec_log_init(&state);
    for (i = 0; i < 30; i++) {
        snprintf(line,
                 sizeof line,
                 "[D 2026-03-15 1%d:%02d:00] FRAME: DXGI_ERROR_ACCESS_LOST",
                 i / 60,
                 i * 2);
        feed(&state, line);
    }
    assert_false(state.troubles[PARSEC_TROUBLE_TOPOLOGY].stands);
    for (i = 0; i < 10; i++)
        feed(&state, "[D 2026-03-15 12:00:05] FRAME: DXGI_ERROR_ACCESS_LOST\n");
    assert_true(state.troubles[PARSEC_TROUBLE_TOPOLOGY].stands);
    feed(&state, "[D " T "[0] FPS:60.0/0, L:5.2/11.0, B:9.8/50.0, N:0/0/0\n");
    assert_false(state.troubles[PARSEC_TROUBLE_TOPOLOGY].stands);
}

static void several_pairs_may_share_a_line(void **unused)
{
    struct parsec_log_state state =
        read_text("[D " T "encoder = amd, codec = h264\n"
                  "[D " T "display_x = 1920, display_y = 99999999999\n");

    (void)unused;
    assert_string_equal(state.encoder, "amd");
    assert_string_equal(state.codec, "h264");
    assert_int_equal(state.display_x, 1920);
    assert_int_equal(state.display_y, 1000000);
}

static void software_encoders_are_known(void **unused)
{
    (void)unused;
    assert_true(parsec_log_encoder_is_software("openh264"));
    assert_true(parsec_log_encoder_is_software("software"));
    assert_false(parsec_log_encoder_is_software("nvidia"));
    assert_false(parsec_log_encoder_is_software(""));
}

/* ---- files ---- */

#define FAKE_FILES 4

struct fake_file {
    enum file_root root;
    const char *name;
    char *data;
    size_t length;
    int64_t modified_ms;
};

/* A files port of some texts; counts the bytes that were read. */
struct fake {
    struct files_port port;
    struct fake_file files[FAKE_FILES];
    size_t bytes_read;
    bool broken;       /* reading fails */
    bool user_refused; /* the user's folder cannot be looked at */
};

static struct fake_file *fake_find(struct fake *fake, enum file_root root, const char *name)
{
    size_t i;

    for (i = 0; i < FAKE_FILES; i++) {
        if (fake->files[i].name && fake->files[i].root == root &&
            strcmp(fake->files[i].name, name) == 0)
            return &fake->files[i];
    }
    return NULL;
}

static bool fake_stat(struct files_port *port,
                      enum file_root root,
                      const char *name,
                      struct fs_stat *ret_stat,
                      struct err *err)
{
    struct fake *fake = (struct fake *)port;
    struct fake_file *file = fake_find(fake, root, name);

    if (fake->user_refused && root == ROOT_PARSEC_USER)
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
    memset(ret_stat, 0, sizeof *ret_stat);
    ret_stat->kind = file ? FS_FILE : FS_MISSING;
    if (file) {
        ret_stat->size_bytes = file->length;
        ret_stat->modified_ms = file->modified_ms;
    }
    return true;
}

static bool fake_read(struct files_port *port,
                      enum file_root root,
                      const char *name,
                      uint64_t offset,
                      size_t max,
                      struct buf *out,
                      struct err *err)
{
    struct fake *fake = (struct fake *)port;
    struct fake_file *file = fake_find(fake, root, name);
    size_t length;

    if (fake->broken)
        return err_set(err, ERR_IO, TEXT_FILE_READ, name, NULL);
    if (!file)
        return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
    if (offset >= file->length)
        return true;
    length = file->length - (size_t)offset;
    length = length < max ? length : max;
    fake->bytes_read += length;
    return buf_put(out, file->data + offset, length);
}

static const struct files_ops fake_ops = {.stat = fake_stat, .read = fake_read};

static void fake_init(struct fake *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->port.ops = &fake_ops;
}

static void fake_done(struct fake *fake)
{
    size_t i;

    for (i = 0; i < FAKE_FILES; i++)
        free(fake->files[i].data);
}

static void fake_append(struct fake *fake, enum file_root root, const char *name, const char *text)
{
    struct fake_file *file = fake_find(fake, root, name);
    size_t i, length = strlen(text);

    for (i = 0; i < FAKE_FILES && !file; i++) {
        if (!fake->files[i].name) {
            file = &fake->files[i];
            file->root = root;
            file->name = name;
        }
    }
    assert_non_null(file);
    file->data = realloc(file->data, file->length + length + 1);
    assert_non_null(file->data);
    memcpy(file->data + file->length, text, length + 1);
    file->length += length;
    file->modified_ms++;
}

/* log.txt becomes log.1.txt. */
static void fake_rotate(struct fake *fake)
{
    struct fake_file *old = fake_find(fake, ROOT_PARSEC_SHARED, "log.1.txt");

    if (old) {
        free(old->data);
        memset(old, 0, sizeof *old);
    }
    fake_find(fake, ROOT_PARSEC_SHARED, "log.txt")->name = "log.1.txt";
}

#define SHARED ROOT_PARSEC_SHARED

static void a_missing_log_is_fine(void **unused)
{
    struct parsec_log *log = NULL;
    enum file_root root;
    struct fake fake;

    (void)unused;
    fake_init(&fake);
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_false(parsec_log_state(log)->found);
    assert_false(parsec_log_root(log, &root));
    parsec_log_free(log);
    fake_done(&fake);
}

static void a_failing_port_keeps_what_was_read(void **unused)
{
    struct err err = ERR_INIT;
    struct parsec_log *log = NULL;
    struct fake fake;

    (void)unused;
    fake_init(&fake);
    fake_append(&fake, SHARED, "log.txt", "[I " T "a#1 connected.\n");
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    fake_append(&fake, SHARED, "log.txt", "[I " T "b#2 connected.\n");
    fake.broken = true;
    assert_false(parsec_log_read(log, &fake.port, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 1);
    fake.broken = false;
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 2);
    parsec_log_free(log);
    fake_done(&fake);
}

static void reading_goes_on_where_it_stopped(void **unused)
{
    struct parsec_log *log = NULL;
    struct fake fake;

    (void)unused;
    fake_init(&fake);
    fake_append(&fake, SHARED, "log.txt", session_text);
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    fake.bytes_read = 0;
    fake_append(&fake, SHARED, "log.txt", "[I " T "b#2 conn");
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 1);
    fake_append(&fake, SHARED, "log.txt", "ected.\n");
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 2);
    assert_true(fake.bytes_read < 256);
    parsec_log_free(log);
    fake_done(&fake);
}

static void rotation_loses_no_line(void **unused)
{
    struct parsec_log *log = NULL;
    struct fake fake;

    (void)unused;
    fake_init(&fake);
    fake_append(&fake, SHARED, "log.txt", "[F " T "===== Parsec: Started =====\n[I " T "a#1 conn");
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    fake_append(&fake, SHARED, "log.txt", "ected.\n[I " T "b#2 connected.\n");
    fake_rotate(&fake);
    fake_append(&fake, SHARED, "log.txt", "[I " T "c#3 connected.\n");
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 3);
    assert_int_equal(parsec_log_state(log)->lines, 4);
    parsec_log_free(log);
    fake_done(&fake);
}

static void a_new_log_that_is_longer_already_is_noticed(void **unused)
{
    struct parsec_log *log = NULL;
    struct fake fake;
    int i;

    (void)unused;
    fake_init(&fake);
    fake_append(&fake, SHARED, "log.txt", "[I " T "a#1 connected.\n");
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    fake_rotate(&fake);
    for (i = 0; i < 20; i++)
        fake_append(&fake, SHARED, "log.txt", "[I 2026-03-15 11:00:00] z#9 connected.\n");
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 2);
    assert_int_equal(parsec_log_state(log)->lines, 21);
    parsec_log_free(log);
    fake_done(&fake);
}

static void a_start_reads_the_older_file_first(void **unused)
{
    struct parsec_log *log = NULL;
    struct fake fake;

    (void)unused;
    fake_init(&fake);
    fake_append(
        &fake, SHARED, "log.txt", "[F " T "===== Parsec: Started =====\n[I " T "a#1 connected.\n");
    fake_rotate(&fake);
    fake_append(&fake, SHARED, "log.txt", "[I " T "b#2 connected.\n");
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 2);
    assert_true(parsec_log_state(log)->started);
    parsec_log_free(log);
    fake_done(&fake);
}

static void the_newest_log_counts(void **unused)
{
    struct parsec_log *log = NULL;
    enum file_root root;
    struct fake fake;

    (void)unused;
    fake_init(&fake);
    fake_append(&fake, SHARED, "log.txt", "[I " T "a#1 connected.\n");
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    fake_append(&fake, ROOT_PARSEC_USER, "log.txt", "[I " T "b#2 connected.\n");
    fake_append(&fake, ROOT_PARSEC_USER, "log.txt", "[I " T "c#3 connected.\n");
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_true(parsec_log_root(log, &root));
    assert_int_equal(root, ROOT_PARSEC_USER);
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 2);
    fake.user_refused = true;
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_string_equal(parsec_log_state(log)->clients[0], "a#1");
    parsec_log_free(log);
    fake_done(&fake);
}

static void a_huge_log_is_entered_near_its_end(void **unused)
{
    size_t size = (size_t)24 * 1024 * 1024;
    struct parsec_log *log = NULL;
    struct fake fake;
    char *big = malloc(size + 1);

    (void)unused;
    assert_non_null(big);
    memset(big, 'x', size);
    big[size] = '\0';
    fake_init(&fake);
    fake_append(&fake, SHARED, "log.txt", big);
    fake_append(&fake, SHARED, "log.txt", "\n[I " T "a#1 connected.\n");
    assert_true(parsec_log_new(&log, NULL));
    assert_true(parsec_log_read(log, &fake.port, NULL));
    assert_int_equal(parsec_log_clients(parsec_log_state(log)), 1);
    assert_int_equal(parsec_log_state(log)->lines, 1);
    assert_true(fake.bytes_read < (size_t)5 * 1024 * 1024);
    parsec_log_free(log);
    fake_done(&fake);
    free(big);
}

static void random_bytes_are_never_fatal(void **unused)
{
    struct parsec_log_state state;
    uint32_t seed = 1;
    char line[300];
    int i, j;

    (void)unused;
    parsec_log_init(&state);
    for (i = 0; i < 20000; i++) {
        for (j = 0; j < (int)sizeof line; j++) {
            seed = seed * 1664525u + 1013904223u;
            line[j] = (char)(seed >> 24);
        }
        if (i % 2 == 0)
            memcpy(line, session_text + (size_t)i % (sizeof session_text - 300), 120);
        parsec_log_line(&state, line, sizeof line);
    }
    assert_int_equal(state.lines, 20000);
    assert_true(state.client_count <= PARSEC_LOG_CLIENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_without_meaning_are_counted),
        cmocka_unit_test(random_bytes_are_never_fatal),
        cmocka_unit_test(a_missing_log_is_fine),
        cmocka_unit_test(a_failing_port_keeps_what_was_read),
        cmocka_unit_test(a_huge_log_is_entered_near_its_end),
        cmocka_unit_test(names_are_harmless_and_bounded),
        cmocka_unit_test(a_name_that_imitates_the_log_is_still_a_name),
        cmocka_unit_test(more_clients_than_there_is_room_for_are_counted),
        cmocka_unit_test(a_session_is_understood),
        cmocka_unit_test(an_encoder_that_was_found_disproves_one_that_was_not),
        cmocka_unit_test(complaints_are_told_apart),
        cmocka_unit_test(clients_are_a_set),
        cmocka_unit_test(who_waits_for_approval_is_known),
        cmocka_unit_test(a_start_forgets_the_session),
        cmocka_unit_test(a_lost_desktop_is_an_alarm_only_when_it_repeats),
        cmocka_unit_test(several_pairs_may_share_a_line),
        cmocka_unit_test(software_encoders_are_known),
        cmocka_unit_test(reading_goes_on_where_it_stopped),
        cmocka_unit_test(rotation_loses_no_line),
        cmocka_unit_test(a_new_log_that_is_longer_already_is_noticed),
        cmocka_unit_test(a_start_reads_the_older_file_first),
        cmocka_unit_test(the_newest_log_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
