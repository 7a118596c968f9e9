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
    {"build.hive_foreign",
     "{0} is not a registry hive that gpupv knows",
     "{0} 不是 gpupv 认识的注册表配置单元"},
    {"build.hive_damaged",
     "the registry hive {0} is damaged at {1}",
     "注册表配置单元 {0} 在 {1} 处已损坏"},
    {"build.hive_open",
     "Windows did not close the registry hive {0}",
     "Windows 未正常关闭注册表配置单元 {0}"},
    {"build.shut_down_hint",
     "Start the VM, shut it down from its own start menu (not off, saved or hibernated), and try "
     "again.",
     "请启动虚拟机，从其开始菜单正常关机（不要强制断电、保存或休眠），然后重试。"},
    {"build.hive_name",
     "{0} cannot be the name of a key or value in the registry",
     "{0} 不能作为注册表项或值的名称"},
};

const struct text_section text_section_build = {
    .first = TEXT_BUILD_FIRST,
    .end = TEXT_BUILD_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
