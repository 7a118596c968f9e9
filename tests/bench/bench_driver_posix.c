/*
 * Measures the way of a GPU driver package into a guest; tests/bench/drivers.sh runs it.
 *
 *   bench_driver make FOLDER FILES BYTES LARGE   a host with a package of so many files of that
 * size bench_driver key DATA                        a key for the agent whose data that is
 *   bench_driver sync SOCKET DATA FOLDER CACHE [full]
 *                     prints: ms to read the package, to send, to commit (flush included), files
 */
#include "common/clock.h"
#include "common/key.h"
#include "host/driver/driver_make.h"
#include "host/driver/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GPU     "PCI\\VEN_1AF4&DEV_1050\\0"
#define VM      "4f3c2a10-0000-4000-8000-00000000beef"
#define OPEN_MS 10000

static void must(bool ok, const struct err *err)
{
    char text[512];

    if (ok)
        return;
    fprintf(stderr, "bench_driver: %s\n", err_message(err, TEXT_EN, text, sizeof text));
    exit(1);
}

static void make(char **words)
{
    struct driver_make what = {.gpus = {{GPU, "Card", "32.0.15.6094"}},
                               .gpu_count = 1,
                               .files = (unsigned)strtoul(words[1], NULL, 10),
                               .file_bytes = strtoull(words[2], NULL, 10),
                               .large_bytes = strtoull(words[3], NULL, 10)};
    struct err err = ERR_INIT;

    must(driver_make(words[0], &what, &err), &err);
}

static void key_path(const char *data, char *out)
{
    struct err err = ERR_INIT;

    must(fs_join(out, data, "key.json", &err), &err);
}

static void make_key(const char *data)
{
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    struct key_file key;

    key_path(data, path);
    must(fs_make_dirs(data, FS_PRIVATE, &err) && key_new(VM, &key, &err) &&
             key_save(path, &key_seal_plain, &key, &err),
         &err);
}

static struct client *dial(const char *socket, const char *data)
{
    struct client_target target = {.address = {.kind = LINK_UV}};
    struct client *client = NULL;
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    struct key_file key;

    key_path(data, path);
    must(key_load(path, &key_seal_plain, &key, &err), &err);
    text_copy(target.address.path, sizeof target.address.path, socket);
    client_target_keys(&target, &key);
    must(client_open(&target, OPEN_MS, &client, &err), &err);
    return client;
}

static void sync_package(char **words, bool full)
{
    const struct sync_options options = {.when = "now", .full = full};
    struct link_address address = {.kind = LINK_UV};
    struct driver_package *package = NULL;
    struct driver_port *port = NULL;
    struct client *client = dial(words[0], words[1]);
    struct sync_result result;
    struct err err = ERR_INIT;
    int64_t begun = clock_now_ms(clock_system()), read_ms, all_ms;

    must(driver_open_folder(words[2], &port, &err), &err);
    must(driver_package_read(port, GPU, words[3], NULL, &package, &err), &err);
    read_ms = clock_now_ms(clock_system()) - begun;
    text_copy(address.path, sizeof address.path, words[0]);
    begun = clock_now_ms(clock_system());
    must(sync_run(client, &address, package, &options, &result, &err), &err);
    all_ms = clock_now_ms(clock_system()) - begun;
    if (result.state != SYNC_DONE)
        exit(1);
    printf("%d %d %d %d\n",
           (int)read_ms,
           (int)(all_ms - result.flush_ms),
           (int)result.flush_ms,
           (int)result.files);
    sync_done(&result);
    driver_package_free(package);
    driver_free(port);
    client_close(client);
}

int main(int argc, char **argv)
{
    if (argc == 6 && !strcmp(argv[1], "make"))
        make(argv + 2);
    else if (argc == 3 && !strcmp(argv[1], "key"))
        make_key(argv[2]);
    else if (argc >= 6 && !strcmp(argv[1], "sync"))
        sync_package(argv + 2, argc > 6);
    else
        return 64;
    return 0;
}
