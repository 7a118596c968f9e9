/*
 * Ports: files and registry of the guest. Files are named by a root and components below it, so
 * that no code above the port joins paths: user-writable roots go through checked folder handles
 * (fs_dir), per-user ones under impersonation. The agent's own data folder is not here: it is plain
 * fs.h with private permissions. Blocking; job threads only.
 */
#ifndef GPUPV_MACHINE_FILES_H
#define GPUPV_MACHINE_FILES_H

#include "common/fs.h"

enum file_root {
    ROOT_PARSEC_SHARED,  /* %ProgramData%\Parsec; may be written by users */
    ROOT_PARSEC_USER,    /* %APPDATA%\Parsec of the console user, else of the autologon user; may be
                            written by the user */
    ROOT_PARSEC_PROGRAM, /* %ProgramFiles%\Parsec */
    ROOT_VDD_PROGRAM,    /* %ProgramFiles%\Parsec Virtual Display Driver */
    ROOT_EASY_GPU,       /* %ProgramData%\Easy-GPU-P */
    ROOT_GROUP_POLICY,   /* %windir%\System32\GroupPolicy */
    ROOT_DRIVER_STORE,   /* %windir%\System32\HostDriverStore\FileRepository */
    ROOT_PANTHER,        /* %windir%\Panther, where Setup keeps its answers */
    ROOT_SYSPREP,        /* %windir%\System32\Sysprep */
    ROOT_SYSTEM_DRIVE,   /* the root of the drive that Windows stands on */
    FILE_ROOTS
};

struct files_port;

/* name: components below the root separated by '/', each checked by fs_name_is_safe. */
struct files_ops {
    /* Kind, size and time of the file or folder. */
    bool (*stat)(struct files_port *port,
                 enum file_root root,
                 const char *name,
                 struct fs_stat *ret_stat,
                 struct err *err);
    /* Appends up to max bytes from offset to out; fewer at the end of the file. */
    bool (*read)(struct files_port *port,
                 enum file_root root,
                 const char *name,
                 uint64_t offset,
                 size_t max,
                 struct buf *out,
                 struct err *err);
    /* Replaces the whole file, or leaves the old one. */
    bool (*write)(struct files_port *port,
                  enum file_root root,
                  const char *name,
                  const void *data,
                  size_t length,
                  struct err *err);
    /* Removes a plain file; missing is fine. */
    bool (*remove)(struct files_port *port, enum file_root root, const char *name, struct err *err);
    /* Calls visit for each entry of the folder, in no order, until it returns false. */
    bool (*list)(struct files_port *port,
                 enum file_root root,
                 const char *name,
                 bool (*visit)(const char *name, enum fs_kind kind, void *user),
                 void *user,
                 struct err *err);
    /* The folder of the root as a path for messages and programs; "" when it does not exist. */
    bool (*path)(
        struct files_port *port, enum file_root root, char *out, size_t size, struct err *err);
};

struct files_port {
    const struct files_ops *ops;
};

/* ERR_UNSAFE unless name is "" (the root) or safe components separated by '/'. Every
 * implementation's first step. */
bool file_name_check(const char *name, struct err *err);

enum registry_type { REGISTRY_ABSENT, REGISTRY_STRING, REGISTRY_DWORD, REGISTRY_MULTI };

#define REGISTRY_TEXT_BYTES 512

struct registry_value {
    enum registry_type type;
    uint32_t dword;
    char text[REGISTRY_TEXT_BYTES]; /* UTF-8; MULTI: strings separated by '\n' */
};

struct registry_port;

/* key: "HKLM\SOFTWARE\..." (64-bit view; "HKLM32\..." is the 32-bit view). A missing key or value
 * reads as REGISTRY_ABSENT. */
struct registry_ops {
    /* Reads one value. */
    bool (*get)(struct registry_port *port,
                const char *key,
                const char *name,
                struct registry_value *ret_value,
                struct err *err);
    /* Writes one value and makes the key where it is missing; ABSENT deletes the value. */
    bool (*set)(struct registry_port *port,
                const char *key,
                const char *name,
                const struct registry_value *value,
                struct err *err);
};

struct registry_port {
    const struct registry_ops *ops;
};

#endif
