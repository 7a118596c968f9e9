/* The catalogue's section: building, injecting and sharing the disks of VMs. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"build.parent_missing",
     "the parent {1} of the disk {0} is missing",
     "磁盘 {0} 的父磁盘 {1} 不存在"},
    {"build.parent_changed",
     "the parent {1} was changed after the disk {0} was made on top of it",
     "磁盘 {0} 创建之后，其父磁盘 {1} 已被更改"},
    {"build.parent_hint",
     "The disk cannot be used without exactly that parent: restore {1} from a backup.",
     "该磁盘只能与原来的父磁盘一起使用：请从备份恢复 {1}。"},
};

const struct text_section text_section_build = {
    .first = TEXT_BUILD_FIRST,
    .end = TEXT_BUILD_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
