/* See record.h. */
#include "record.h"

#include <windows.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "C:\\emulator\\imports"

enum { STEP_BYTES = 32, LINE_BYTES = 320 };

/* push rax; mov rax, &called; mov byte [rax], 1; pop rax; jmp [rip]; target */
static const BYTE step[STEP_BYTES] = {0x50, 0x48, 0xB8, 0,    0,    0,    0, 0, 0, 0, 0,
                                      0xC6, 0x00, 0x01, 0x58, 0xFF, 0x25, 0, 0, 0, 0};

enum { STEP_CALLED = 3, STEP_TARGET = 21 };

struct recording {
    BYTE *module, *called, *steps;
    HANDLE names; /* INVALID_HANDLE_VALUE: another process has written them */
    size_t count;
};

static const IMAGE_IMPORT_DESCRIPTOR *imports_of(BYTE *module)
{
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)module;
    const IMAGE_NT_HEADERS *nt = (const IMAGE_NT_HEADERS *)(module + dos->e_lfanew);
    DWORD at = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;

    return at ? (const IMAGE_IMPORT_DESCRIPTOR *)(module + at) : NULL;
}

/* Variables are imported as well, and must stay what they are. */
static bool is_code(ULONGLONG address)
{
    MEMORY_BASIC_INFORMATION memory;

    return VirtualQuery((const void *)address, &memory, sizeof(memory)) &&
           memory.Protect &
               (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY);
}

typedef void (*visit_import)(struct recording *r,
                             const char *dll,
                             const char *name,
                             IMAGE_THUNK_DATA *place);

static void walk(struct recording *r, visit_import visit)
{
    const IMAGE_IMPORT_DESCRIPTOR *from = imports_of(r->module);

    r->count = 0;
    for (; from && from->Name; from++) {
        const IMAGE_THUNK_DATA *name =
            (const IMAGE_THUNK_DATA *)(r->module + from->OriginalFirstThunk);
        IMAGE_THUNK_DATA *place = (IMAGE_THUNK_DATA *)(r->module + from->FirstThunk);

        for (; name->u1.AddressOfData; name++, place++) {
            char ordinal[16];
            const char *text = ordinal;

            snprintf(ordinal, sizeof(ordinal), "#%u", (unsigned)(name->u1.Ordinal & 0xFFFF));
            if (!IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal))
                text = (const char *)r->module + name->u1.AddressOfData +
                       offsetof(IMAGE_IMPORT_BY_NAME, Name);
            visit(r, (const char *)r->module + from->Name, text, place);
            r->count++;
        }
    }
}

static void
count_only(struct recording *r, const char *dll, const char *name, IMAGE_THUNK_DATA *place)
{
    (void)r;
    (void)dll;
    (void)name;
    (void)place;
}

static void write_name(struct recording *r, const char *dll, const char *name)
{
    char line[LINE_BYTES];
    DWORD written;
    int length = snprintf(line, sizeof(line), "%s!%s\n", dll, name);

    if (r->names != INVALID_HANDLE_VALUE && length > 0 && length < (int)sizeof(line))
        WriteFile(r->names, line, (DWORD)length, &written, NULL);
}

static void
redirect(struct recording *r, const char *dll, const char *name, IMAGE_THUNK_DATA *place)
{
    BYTE *own = r->steps + r->count * STEP_BYTES, *called = r->called + r->count;
    DWORD protection;

    write_name(r, dll, name);
    if (!is_code(place->u1.Function)) {
        *called = 1;
        return;
    }
    memcpy(own, step, STEP_BYTES);
    memcpy(own + STEP_CALLED, &called, sizeof(called));
    memcpy(own + STEP_TARGET, &place->u1.Function, sizeof(place->u1.Function));
    if (!VirtualProtect(place, sizeof(*place), PAGE_READWRITE, &protection))
        return;
    place->u1.Function = (ULONGLONG)own;
    VirtualProtect(place, sizeof(*place), protection, &protection);
}

static BYTE *map_file(const char *path, size_t size)
{
    HANDLE file = CreateFileA(path,
                              GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL,
                              OPEN_ALWAYS,
                              0,
                              NULL);
    HANDLE section;
    BYTE *mapped = NULL;

    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, (DWORD)size, NULL);
    if (section) {
        mapped = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, size);
        CloseHandle(section);
    }
    CloseHandle(file);
    return mapped;
}

/* A file of the recording; false where nothing is recorded. */
static bool file_of(const char *ending, char *ret_path, size_t size)
{
    char own[MAX_PATH];
    const char *file;

    if (GetFileAttributesA(FOLDER) == INVALID_FILE_ATTRIBUTES ||
        !GetModuleFileNameA(NULL, own, sizeof(own)))
        return false;
    file = strrchr(own, '\\');
    snprintf(ret_path, size, FOLDER "\\%s.%s", file ? file + 1 : own, ending);
    return true;
}

void record_loaded(const char *dll, const char *name)
{
    char path[2 * MAX_PATH], line[LINE_BYTES];
    int length = snprintf(line, sizeof(line), "%s!%s\n", dll, name);
    DWORD error = GetLastError(), written;
    HANDLE file;

    if (length <= 0 || length >= (int)sizeof(line) || !file_of("loaded", path, sizeof(path)))
        return;
    file = CreateFileA(
        path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        WriteFile(file, line, (DWORD)length, &written, NULL);
        CloseHandle(file);
    }
    SetLastError(error);
}

void record_process(void)
{
    struct recording r = {.module = (BYTE *)GetModuleHandleA(NULL)};
    char path[2 * MAX_PATH];
    DWORD protection;
    size_t size;

    if (!file_of("called", path, sizeof(path)))
        return;
    walk(&r, count_only);
    size = r.count * STEP_BYTES;
    r.called = map_file(path, r.count);
    r.steps = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!r.called || !r.steps)
        return;
    file_of("names", path, sizeof(path));
    r.names = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, 0, NULL);
    walk(&r, redirect);
    if (r.names != INVALID_HANDLE_VALUE)
        CloseHandle(r.names);
    VirtualProtect(r.steps, size, PAGE_EXECUTE_READ, &protection);
}
