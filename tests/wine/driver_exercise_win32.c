/*
 * Reads the driver package behind a GPU of this Windows, as gpupv does for its guests, and prints
 * it: driver_exercise GPU CACHE
 */
#include "host/driver/driver_package.h"

#include <stdio.h>
#include <string.h>

static int complain(const struct err *err)
{
    char text[512];

    printf("%s: %s\n", err_kind_name(err->kind), err_message(err, TEXT_EN, text, sizeof text));
    return 1;
}

static void print(const struct driver_package *package)
{
    const struct driver_adapter *adapter = &package->adapter;

    printf("adapter %s | %s | %s | %s\n",
           adapter->name,
           adapter->class_key,
           adapter->inf,
           adapter->version);
    printf("package %s, %u files, %u read\n",
           package->name,
           (unsigned)package->files.count,
           (unsigned)package->hashed);
    for (size_t i = 0; i < package->folder_count; i++)
        printf("folder %s\n", package->folders[i].name);
    for (size_t i = 0; i < package->loose_count; i++)
        printf("loose %s <- %s\n", package->loose[i].tree, package->loose[i].source);
    for (size_t i = 0; i < package->extra.value_count; i++)
        printf("value %s = %u %s\n",
               package->extra.values[i].name,
               (unsigned)package->extra.values[i].number,
               package->extra.values[i].text);
    for (size_t i = 0; i < package->extra.link_count; i++)
        printf("link %s\n", package->extra.links[i]);
}

int main(int argc, char **argv)
{
    struct driver_package *package = NULL;
    struct driver_port *port = NULL;
    struct err err = ERR_INIT;

    if (argc != 3)
        return 64;
    if (!driver_open_system(&port, &err))
        return complain(&err);
    if (!driver_package_read(port, argv[1], argv[2], NULL, &package, &err)) {
        driver_free(port);
        return complain(&err);
    }
    print(package);
    driver_package_free(package);
    driver_free(port);
    return 0;
}
