/* What the program has open. */
#include "emulator.h"

#include <string.h>

enum { OBJECTS_MAX = 512, TOUCHED_MAX = 64 };

static SRWLOCK lock = SRWLOCK_INIT;
static struct object objects[OBJECTS_MAX];

static struct {
    bool used;
    DWORD number, partition;
} touched_volumes[TOUCHED_MAX];

static const char *const kind_names[] = {"nothing", "virtual disk", "drive", "volume", "file"};

HANDLE object_handle(void)
{
    return CreateEventW(NULL, TRUE, TRUE, NULL);
}

struct object *object_add(enum object_kind kind, HANDLE handle)
{
    struct object *found = NULL;

    AcquireSRWLockExclusive(&lock);
    for (int i = 0; !found && i < OBJECTS_MAX; i++)
        if (objects[i].kind == OBJECT_NONE) {
            found = &objects[i];
            memset(found, 0, sizeof(*found));
            found->kind = kind;
            found->handle = handle;
        }
    ReleaseSRWLockExclusive(&lock);
    return found;
}

struct object *object_find(HANDLE handle)
{
    struct object *found = NULL;

    AcquireSRWLockShared(&lock);
    for (int i = 0; !found && i < OBJECTS_MAX; i++)
        if (objects[i].kind != OBJECT_NONE && objects[i].handle == handle)
            found = &objects[i];
    ReleaseSRWLockShared(&lock);
    return found;
}

void object_remove(struct object *object)
{
    AcquireSRWLockExclusive(&lock);
    object->kind = OBJECT_NONE;
    ReleaseSRWLockExclusive(&lock);
}

static bool is_of(const struct object *object, const struct attached *disk, DWORD partition)
{
    return object->attached.number == disk->number && object->attached.is_iso == disk->is_iso &&
           (!partition || object->volume.partition == partition);
}

unsigned object_count(enum object_kind kind, const struct attached *disk, DWORD partition)
{
    unsigned count = 0;

    AcquireSRWLockShared(&lock);
    for (int i = 0; i < OBJECTS_MAX; i++)
        count += objects[i].kind == kind && is_of(&objects[i], disk, partition);
    ReleaseSRWLockShared(&lock);
    return count;
}

void object_touch(const struct attached *disk, DWORD partition, bool touched)
{
    int free_place = -1;

    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < TOUCHED_MAX; i++) {
        if (touched_volumes[i].used && touched_volumes[i].number == disk->number &&
            touched_volumes[i].partition == partition) {
            touched_volumes[i].used = touched;
            ReleaseSRWLockExclusive(&lock);
            return;
        }
        if (!touched_volumes[i].used)
            free_place = i;
    }
    if (touched && free_place >= 0) {
        touched_volumes[free_place].used = true;
        touched_volumes[free_place].number = disk->number;
        touched_volumes[free_place].partition = partition;
    }
    ReleaseSRWLockExclusive(&lock);
}

bool object_is_touched(const struct attached *disk)
{
    bool touched = false;

    AcquireSRWLockShared(&lock);
    for (int i = 0; i < TOUCHED_MAX; i++)
        touched = touched || (touched_volumes[i].used && touched_volumes[i].number == disk->number);
    ReleaseSRWLockShared(&lock);
    return touched;
}

void object_report(void)
{
    for (int i = 0; i < OBJECTS_MAX; i++) {
        const struct object *object = &objects[i];

        if (object->kind == OBJECT_NONE)
            continue;
        state_log("image",
                  "LEAK %s %ls%s",
                  kind_names[object->kind],
                  object->kind == OBJECT_DISK ? object->path : object->attached.path,
                  object->is_attached ? " (attached)" : "");
        if (object->is_attached)
            disks_remove(&object->attached);
    }
}

DWORD WINAPI emu_open_count(void)
{
    DWORD count = 0;

    AcquireSRWLockShared(&lock);
    for (int i = 0; i < OBJECTS_MAX; i++)
        count += objects[i].kind != OBJECT_NONE;
    ReleaseSRWLockShared(&lock);
    return count;
}
