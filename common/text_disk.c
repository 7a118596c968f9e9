/* The catalogue's section: virtual disks of Windows and what is in them. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"disk.no_system",
     "disks of virtual machines can be made and opened on Windows only",
     "只有在 Windows 上才能创建和打开虚拟机磁盘"},
    {"disk.no_clone",
     "the volume of {0} cannot share what two files have in common",
     "{0} 所在的卷无法让两个文件共享相同的内容"},
    {"disk.read_only", "{0} was opened for reading only", "{0} 以只读方式打开"},
};

const struct text_section text_section_disk = {
    .first = TEXT_DISK_FIRST,
    .end = TEXT_DISK_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
