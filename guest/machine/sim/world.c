/* The simulated Windows as data: lookups and lists. */
#include "guest/machine/sim/world.h"

#include <stdlib.h>
#include <string.h>

const char *const world_root_names[FILE_ROOTS] = {
    [ROOT_PARSEC_SHARED] = "parsec_shared",
    [ROOT_PARSEC_USER] = "parsec_user",
    [ROOT_PARSEC_PROGRAM] = "parsec_program",
    [ROOT_VDD_PROGRAM] = "vdd_program",
    [ROOT_EASY_GPU] = "easy_gpu",
    [ROOT_GROUP_POLICY] = "group_policy",
    [ROOT_DRIVER_STORE] = "driver_store",
    [ROOT_PANTHER] = "panther",
    [ROOT_SYSPREP] = "sysprep",
    [ROOT_SYSTEM_DRIVE] = "system_drive",
};

/* Shared by the worlds that were copied from one another; never changed once made. */
struct world_blob {
    unsigned refs;
    size_t length;
    unsigned char data[];
};

static void blob_release(struct world_blob *blob)
{
    if (blob && --blob->refs == 0)
        free(blob);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool world_same(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool world_begins(const char *text, const char *prefix)
{
    while (*prefix && lower(*text) == lower(*prefix)) {
        text++;
        prefix++;
    }
    return *prefix == 0;
}

void world_init(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->scale = 1;
    world->displays.width = 1920;
    world->displays.height = 1080;
    world->displays.hz = 60;
    world->displays.basic_fallback = true;
    world->displays.vdd_minor = 45;
    world->session.logon_s = 10;
    world->system.media_present = true;
    world->system.media_offered = true;
    text_copy(world->system.audio_default, sizeof(world->system.audio_default), "cable");
    text_copy(world->parsec.version, sizeof(world->parsec.version), "150-104");
}

void world_done(struct world *world)
{
    for (uint32_t i = 0; i < world->file_count; i++)
        blob_release(world->files[i].blob);
    world_init(world);
}

void world_copy(struct world *to, const struct world *from)
{
    if (to == from)
        return;
    for (uint32_t i = 0; i < from->file_count; i++)
        from->files[i].blob->refs++;
    for (uint32_t i = 0; i < to->file_count; i++)
        blob_release(to->files[i].blob);
    *to = *from;
}

struct world_device *world_device(struct world *world, const char *instance)
{
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world_same(world->devices[i].instance, instance))
            return &world->devices[i];
    return NULL;
}

struct world_device *world_device_like(struct world *world, const char *hardware_id)
{
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world_begins(world->devices[i].hardware_id, hardware_id))
            return &world->devices[i];
    return NULL;
}

struct world_service *world_service(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->service_count; i++)
        if (world_same(world->services[i].name, name))
            return &world->services[i];
    return NULL;
}

struct world_task *world_task(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->task_count; i++)
        if (world_same(world->tasks[i].name, name))
            return &world->tasks[i];
    return NULL;
}

/* "HKLM32\SOFTWARE\X" is the same place as "HKLM\SOFTWARE\WOW6432Node\X". */
static void registry_key(char *out, size_t size, const char *key)
{
    static const char narrow[] = "HKLM32\\SOFTWARE\\", wide[] = "HKLM\\SOFTWARE\\WOW6432Node\\";
    size_t used;

    out[0] = 0;
    if (world_begins(key, narrow)) {
        text_copy(out, size, wide);
        key += sizeof(narrow) - 1;
    }
    used = strlen(out);
    text_copy(out + used, size - used, key);
}

struct world_registry *world_registry(struct world *world, const char *key, const char *name)
{
    char place[sizeof(world->registry[0].key)];

    registry_key(place, sizeof(place), key);
    for (uint32_t i = 0; i < world->registry_count; i++)
        if (world_same(world->registry[i].key, place) && world_same(world->registry[i].name, name))
            return &world->registry[i];
    return NULL;
}

bool world_registry_set(struct world *world,
                        const char *key,
                        const char *name,
                        const struct registry_value *value)
{
    struct world_registry *entry = world_registry(world, key, name);

    if (value->type == REGISTRY_ABSENT) {
        if (entry)
            *entry = world->registry[--world->registry_count];
        return true;
    }
    if (strlen(value->text) >= sizeof(entry->text) || strlen(key) >= sizeof(entry->key) - 16 ||
        strlen(name) >= sizeof(entry->name))
        return false;
    if (!entry) {
        if (world->registry_count == WORLD_REGISTRY)
            return false;
        entry = &world->registry[world->registry_count++];
        memset(entry, 0, sizeof(*entry));
        registry_key(entry->key, sizeof(entry->key), key);
        text_copy(entry->name, sizeof(entry->name), name);
    }
    entry->type = value->type;
    entry->dword = value->type == REGISTRY_DWORD ? value->dword : 0;
    text_copy(entry->text, sizeof(entry->text), value->type == REGISTRY_DWORD ? "" : value->text);
    return true;
}

struct world_package *world_package_of_inf(struct world *world, const char *inf_path)
{
    const char *name = inf_path;

    for (const char *at = inf_path; *at; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    for (uint32_t i = 0; i < world->package_count; i++) {
        struct world_package *package = &world->packages[i];

        if (world_same(package->inf, name) ||
            (package->published[0] && world_same(package->published, name)))
            return package;
    }
    return NULL;
}

struct world_package *world_package_for(struct world *world, const char *hardware_id, bool staged)
{
    for (uint32_t i = 0; i < world->package_count; i++)
        if (world_same(world->packages[i].hardware_id, hardware_id) &&
            (!staged || world->packages[i].staged))
            return &world->packages[i];
    return NULL;
}

/* Takes one more element of a list, zeroed. */
static void *list_add(void *items, size_t item, uint32_t *count, uint32_t max)
{
    unsigned char *place;

    if (*count == max)
        return NULL;
    place = (unsigned char *)items + item * (*count)++;
    return memset(place, 0, item);
}

static void list_remove(void *items, size_t item, uint32_t *count, const void *element)
{
    unsigned char *place = items;
    size_t index = (size_t)((const unsigned char *)element - place) / item;

    memmove(place + item * index, place + item * (index + 1), item * (*count - index - 1));
    (*count)--;
}

struct world_device *world_add_device(struct world *world)
{
    return list_add(world->devices, sizeof(world->devices[0]), &world->device_count, WORLD_DEVICES);
}

struct world_package *world_add_package(struct world *world)
{
    return list_add(
        world->packages, sizeof(world->packages[0]), &world->package_count, WORLD_PACKAGES);
}

struct world_service *world_add_service(struct world *world)
{
    return list_add(
        world->services, sizeof(world->services[0]), &world->service_count, WORLD_SERVICES);
}

struct world_task *world_add_task(struct world *world)
{
    return list_add(world->tasks, sizeof(world->tasks[0]), &world->task_count, WORLD_TASKS);
}

void world_remove_device(struct world *world, struct world_device *device)
{
    list_remove(world->devices, sizeof(*device), &world->device_count, device);
}

void world_remove_service(struct world *world, struct world_service *service)
{
    list_remove(world->services, sizeof(*service), &world->service_count, service);
}

void world_remove_task(struct world *world, struct world_task *task)
{
    list_remove(world->tasks, sizeof(*task), &world->task_count, task);
}

void world_process_start(struct world *world, const char *name, bool user)
{
    struct world_process *process =
        list_add(world->processes, sizeof(*process), &world->process_count, WORLD_PROCESSES);

    if (!process)
        return;
    text_copy(process->name, sizeof(process->name), name);
    process->user = user;
}

unsigned world_process_count(const struct world *world, const char *name)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < world->process_count; i++)
        count += world_same(world->processes[i].name, name);
    return count;
}

void world_process_end(struct world *world, const char *name)
{
    for (uint32_t i = world->process_count; i-- > 0;)
        if (world_same(world->processes[i].name, name))
            list_remove(world->processes,
                        sizeof(world->processes[0]),
                        &world->process_count,
                        &world->processes[i]);
}

int32_t world_device_problem(const struct world_device *device)
{
    if (!device->present || device->removed)
        return DEVICE_PROBLEM_PHANTOM;
    if (device->disabled || device->disabled_until_boot)
        return DEVICE_PROBLEM_DISABLED;
    if (device->problem)
        return device->problem;
    return device->inf[0] ? DEVICE_PROBLEM_NONE : DEVICE_PROBLEM_NO_DRIVER;
}

bool world_device_started(const struct world_device *device)
{
    return world_device_problem(device) == DEVICE_PROBLEM_NONE;
}

bool world_publisher_trusted(const struct world *world, const char *publisher)
{
    for (uint32_t i = 0; i < world->publisher_count; i++)
        if (world_same(world->publishers[i], publisher))
            return true;
    return false;
}

bool world_publisher_trust(struct world *world, const char *publisher)
{
    if (world_publisher_trusted(world, publisher))
        return true;
    if (world->publisher_count == WORLD_PUBLISHERS)
        return false;
    text_copy(world->publishers[world->publisher_count++], sizeof(world->publishers[0]), publisher);
    return true;
}

void world_publisher_distrust(struct world *world, const char *publisher)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < world->publisher_count; i++) {
        if (world_same(world->publishers[i], publisher))
            continue;
        if (kept != i)
            memcpy(world->publishers[kept], world->publishers[i], sizeof(world->publishers[0]));
        kept++;
    }
    world->publisher_count = kept;
}

struct world_file *world_file(struct world *world, enum file_root root, const char *name)
{
    for (uint32_t i = 0; i < world->file_count; i++)
        if (world->files[i].root == root && world_same(world->files[i].name, name))
            return &world->files[i];
    return NULL;
}

const void *world_file_data(const struct world_file *file, size_t *ret_length)
{
    *ret_length = file->blob->length;
    return file->blob->data;
}

bool world_file_put(struct world *world,
                    enum file_root root,
                    const char *name,
                    const void *data,
                    size_t length,
                    int64_t modified_ms)
{
    struct world_file *file = world_file(world, root, name);
    struct world_blob *blob;

    if (strlen(name) >= sizeof(file->name) || length > WORLD_FILE_BYTES ||
        (!file && world->file_count == WORLD_FILES))
        return false;
    blob = malloc(sizeof(*blob) + length);
    if (!blob)
        return false;
    blob->refs = 1;
    blob->length = length;
    if (length)
        memcpy(blob->data, data, length);
    if (file) {
        blob_release(file->blob);
    } else {
        file = &world->files[world->file_count++];
        memset(file, 0, sizeof(*file));
        file->root = root;
        text_copy(file->name, sizeof(file->name), name);
    }
    file->blob = blob;
    file->modified_ms = modified_ms;
    return true;
}

void world_file_remove(struct world *world, struct world_file *file)
{
    blob_release(file->blob);
    list_remove(world->files, sizeof(*file), &world->file_count, file);
}
