/* The rules that the emulator of Hyper-V must keep: `check GROUP` runs one group of them, each in a
 * machine that the script has seeded. Rules are those of schema.txt and the documentation named
 * there; where nobody knows what Windows does, the settings in README.md choose. */
#include "check.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(void);
} groups[] = {
    {"connect", check_connect},
    {"fault", check_fault},
    {"guest", check_guest},
    {"hooked", check_hooked},
    {"machine", check_machine},
    {"many", check_many},
    {"object", check_object},
    {"old", check_old},
    {"query", check_query},
    {"resource", check_resource},
    {"share", check_share},
};

static int run(const char *name)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (!strcmp(name, groups[i].name))
            return groups[i].run();
    fprintf(stderr, "no group %s\n", name);
    return 64;
}

int main(int argc, char **argv)
{
    int failed;

    if (argc != 2 || FAILED(CoInitializeEx(NULL, COINIT_MULTITHREADED)))
        return 64;
    CoInitializeSecurity(NULL,
                         -1,
                         NULL,
                         NULL,
                         RPC_C_AUTHN_LEVEL_DEFAULT,
                         RPC_C_IMP_LEVEL_IMPERSONATE,
                         NULL,
                         EOAC_NONE,
                         NULL);
    failed = run(argv[1]);
    CoUninitialize();
    return failed;
}
