#include "host/driver/driver.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define CLASS_ROOT       "SYSTEM\\CurrentControlSet\\Control\\Class\\"
#define CLASS_PATH_BYTES 512

void driver_free(struct driver_port *port)
{
    if (port)
        port->ops->free(port);
}

enum driver_vendor driver_vendor_of(const char *instance)
{
    static const struct {
        const char *id;
        enum driver_vendor vendor;
    } rows[] = {
        {"VEN_10DE", DRIVER_VENDOR_NVIDIA},
        {"VEN_1002", DRIVER_VENDOR_AMD},
        {"VEN_8086", DRIVER_VENDOR_INTEL},
    };

    for (; *instance; instance++)
        for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
            size_t i = 0;

            while (rows[row].id[i] && toupper((unsigned char)instance[i]) == rows[row].id[i])
                i++;
            if (!rows[row].id[i])
                return rows[row].vendor;
        }
    return DRIVER_VENDOR_OTHER;
}

void driver_class_path(const struct driver_adapter *adapter, const char *sub, char *out)
{
    snprintf(out,
             CLASS_PATH_BYTES,
             CLASS_ROOT "%s%s%s",
             adapter->class_key,
             sub ? "\\" : "",
             sub ? sub : "");
}

bool driver_instance_of(const char *gpu, char *out)
{
    static const char prefix[] = "\\\\?\\";
    size_t length;

    if (strncmp(gpu, prefix, sizeof prefix - 1) != 0) {
        text_copy(out, DRIVER_ID_BYTES, gpu);
        return strchr(gpu, '\\') != NULL && strlen(gpu) < DRIVER_ID_BYTES;
    }
    gpu += sizeof prefix - 1;
    /* the class of the interface ends the instance */
    length = strstr(gpu, "#{") ? (size_t)(strstr(gpu, "#{") - gpu) : 0;
    if (length == 0 || length >= DRIVER_ID_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = gpu[i] == '#' ? '\\' : gpu[i];
    out[length] = '\0';
    return true;
}
