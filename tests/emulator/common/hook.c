/* See hook.h. */
#include "hook.h"

#include "record.h"

#include <windows.h>
#include <string.h>

static const struct hook_table *installed;

/* "KERNEL32.dll" is "kernel32". */
static bool same_dll(const char *row, const char *file)
{
    size_t length = strlen(row);

    return !_strnicmp(row, file, length) && (!file[length] || !_stricmp(file + length, ".dll"));
}

static const struct hook *find(const char *dll, const char *name)
{
    for (const struct hook_table *table = installed; table && table->rows; table++)
        for (size_t i = 0; i < table->count; i++) {
            const struct hook *row = &table->rows[i];

            if (!strcmp(row->name, name) && (!row->dll || same_dll(row->dll, dll)))
                return row;
        }
    return NULL;
}

hook_function hook_find(const char *dll, const char *name)
{
    const struct hook *row = find(dll, name);

    return row ? row->function : NULL;
}

static FARPROC WINAPI on_get_proc_address(HMODULE module, const char *name)
{
    char path[MAX_PATH];
    DWORD length;
    const char *file = "";
    const struct hook *row = NULL;
    FARPROC found;

    if ((ULONG_PTR)name <= 0xFFFF)
        return GetProcAddress(module, name);
    length = GetModuleFileNameA(module, path, sizeof(path));
    if (length && length < sizeof(path)) {
        file = strrchr(path, '\\');
        file = file ? file + 1 : path;
        row = find(file, name);
    }
    if (row && row->absent && row->absent()) {
        SetLastError(ERROR_PROC_NOT_FOUND);
        return NULL;
    }
    found = row ? (FARPROC)row->function : GetProcAddress(module, name);
    if (found)
        record_loaded(file, name);
    return found;
}

static bool replace(IMAGE_THUNK_DATA *place, hook_function function)
{
    DWORD protection;

    if (!VirtualProtect(place, sizeof(*place), PAGE_READWRITE, &protection))
        return false;
    memcpy(&place->u1.Function, &function, sizeof(function));
    return VirtualProtect(place, sizeof(*place), protection, &protection);
}

static bool replace_imports_of(BYTE *module, const IMAGE_IMPORT_DESCRIPTOR *from)
{
    const IMAGE_THUNK_DATA *names = (const IMAGE_THUNK_DATA *)(module + from->OriginalFirstThunk);
    IMAGE_THUNK_DATA *addresses = (IMAGE_THUNK_DATA *)(module + from->FirstThunk);
    const char *dll = (const char *)module + from->Name;

    for (; names->u1.AddressOfData; names++, addresses++) {
        const char *name;
        hook_function function;

        if (IMAGE_SNAP_BY_ORDINAL(names->u1.Ordinal))
            continue;
        name =
            (const char *)module + names->u1.AddressOfData + offsetof(IMAGE_IMPORT_BY_NAME, Name);
        function = strcmp(name, "GetProcAddress") ? hook_find(dll, name)
                                                  : (hook_function)on_get_proc_address;
        if (function && !replace(addresses, function))
            return false;
    }
    return true;
}

bool hook_process(const struct hook_table *tables)
{
    BYTE *module = (BYTE *)GetModuleHandleA(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)module;
    const IMAGE_NT_HEADERS *nt = (const IMAGE_NT_HEADERS *)(module + dos->e_lfanew);
    DWORD imports = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    const IMAGE_IMPORT_DESCRIPTOR *from = (const IMAGE_IMPORT_DESCRIPTOR *)(module + imports);

    installed = tables;
    if (!imports)
        return true;
    for (; from->Name; from++)
        if (!replace_imports_of(module, from))
            return false;
    return true;
}
