/*
 * Hyper-V's port keeps the contract of the hypervisor port, over the emulated provider, which
 * hypervisor_contract.sh seeds. Guests are what the files of the emulator say.
 */
#include "tests/unit/contract/contract_hypervisor.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "C:\\emulator\\hyperv\\"

static void open_world(struct hypervisor_bench *b, const char *folder)
{
    struct host_info host;
    size_t i = 0;

    (void)folder;
    memset(b, 0, sizeof *b);
    DO(hypervisor_open_system(&b->h, &do_err));
    DO(b->h->ops->host(b->h, &host, &do_err));
    while (i < host.gpu_count && host.gpus[i].kind != GPU_KIND_GPU)
        i++;
    assert_in_range(i, 0, host.gpu_count - 1);
    text_copy(b->gpu, sizeof b->gpu, host.gpus[i].path);
}

/* The emulator names its files as Hyper-V spells ids. */
static void guest_file(const char *kind, const char *id, const char *text)
{
    char path[FS_PATH_BYTES];

    snprintf(path, sizeof path, FOLDER "%s\\%s", kind, id);
    for (char *c = path + strlen(path) - strlen(id); *c; c++)
        *c = (char)toupper((unsigned char)*c);
    DO(fs_write_atomic(path, text, strlen(text), FS_SHARED, &do_err));
}

/* It answers as soon as it is started. */
static void install(struct hypervisor_bench *b, const char *id)
{
    (void)b;
    guest_file("heartbeat", id, "ok");
}

static void publish(struct hypervisor_bench *b, const char *id, const char *text)
{
    char line[KVP_BYTES + 64];

    (void)b;
    snprintf(line, sizeof line, "guest other value\nguest gpupv %s\n", text);
    guest_file("kvp", id, line);
}

const struct hypervisor_world hypervisor_world = {
    .name = "hyperv", .open = open_world, .install = install, .publish = publish};

int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return _cmocka_run_group_tests(
        hypervisor_world.name, hypervisor_contract, hypervisor_contract_count, NULL, NULL);
}
