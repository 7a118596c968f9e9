/* The facts of a computer as a table. */
#include "host/computer/computer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fact_names[] = {"unknown", "no", "yes", NULL};
static const char *const feature_names[] = {
    "unknown", "absent", "disabled", "enabled", "pending", NULL};
static const char *const launch_names[] = {"unknown", COMPUTER_UNSET, "auto", "off", NULL};
static const char *const service_names[] = {"unknown", "absent", "stopped", "running", NULL};

#define CHOICE(member, list)                                                                       \
    {                                                                                              \
#member, FACT_TYPE_CHOICE, offsetof(struct computer_facts, member), list                   \
    }
#define FACT(member) CHOICE(member, fact_names)
#define NUMBER(member)                                                                             \
    {                                                                                              \
#member, FACT_TYPE_NUMBER, offsetof(struct computer_facts, member), NULL                   \
    }
#define WORDS(member)                                                                              \
    {                                                                                              \
#member, FACT_TYPE_TEXT, offsetof(struct computer_facts, member), NULL                     \
    }

const struct fact_row fact_rows[] = {
    FACT(firmware),
    FACT(hypervisor),
    FACT(nested),
    CHOICE(hyperv, feature_names),
    CHOICE(platform, feature_names),
    CHOICE(launch, launch_names),
    WORDS(edition),
    WORDS(build),
    FACT(server),
    NUMBER(memory_mb),
    NUMBER(disk_free_gb),
    FACT(lid),
    FACT(battery),
    FACT(ups),
    FACT(wsl),
    FACT(vmware),
    FACT(virtualbox),
    FACT(secure_policy),
    FACT(supported_policy),
    CHOICE(vmms, service_names),
    FACT(automount),
    FACT(reboot_pending),
    {NULL, FACT_TYPE_TEXT, 0, NULL},
};

const char *fact_get(const struct computer_facts *facts,
                     const struct fact_row *row,
                     char out[COMPUTER_TEXT_BYTES])
{
    const char *at = (const char *)facts + row->offset;
    uint32_t number = 0;

    if (row->type != FACT_TYPE_TEXT)
        memcpy(&number, at, sizeof number);
    if (row->type == FACT_TYPE_TEXT)
        text_copy(out, COMPUTER_TEXT_BYTES, at);
    else if (row->type == FACT_TYPE_NUMBER)
        snprintf(out, COMPUTER_TEXT_BYTES, "%u", (unsigned)number);
    else
        text_copy(out, COMPUTER_TEXT_BYTES, row->names[number]);
    return out;
}

bool fact_set(struct computer_facts *facts, const struct fact_row *row, const char *text)
{
    char *at = (char *)facts + row->offset, *end;
    uint32_t number = 0;

    if (row->type == FACT_TYPE_TEXT) {
        text_copy(at, COMPUTER_TEXT_BYTES, text);
        return strlen(text) < COMPUTER_TEXT_BYTES;
    }
    if (row->type == FACT_TYPE_NUMBER) {
        unsigned long long value = strtoull(text, &end, 10);

        if (end == text || *end || text[0] == '-' || value > UINT32_MAX)
            return false;
        number = (uint32_t)value;
    } else {
        while (row->names[number] && strcmp(row->names[number], text) != 0)
            number++;
        if (!row->names[number])
            return false;
    }
    memcpy(at, &number, sizeof number);
    return true;
}

void computer_free(struct computer *c)
{
    if (c)
        c->ops->free(c);
}
