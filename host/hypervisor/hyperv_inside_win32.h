/*
 * What the parts of the Hyper-V port share: one connection, and a VM as it is found anew for each
 * piece of work. Any thread; several threads may share one struct hyperv.
 */
#ifndef GPUPV_HYPERVISOR_HYPERV_INSIDE_WIN32_H
#define GPUPV_HYPERVISOR_HYPERV_INSIDE_WIN32_H

#include "host/hypervisor/hyperv_rules.h"
#include "host/hypervisor/hypervisor.h"
#include "host/hypervisor/wmi_win32.h"

#include <uv.h>

#define SYSTEM_CLASS     "Msvm_ComputerSystem"
#define SETTINGS_CLASS   "Msvm_VirtualSystemSettingData"
#define RESOURCE_CLASS   "Msvm_ResourceAllocationSettingData"
#define STORAGE_CLASS    "Msvm_StorageAllocationSettingData"
#define MEMORY_CLASS     "Msvm_MemorySettingData"
#define PROCESSOR_CLASS  "Msvm_ProcessorSettingData"
#define PORT_CLASS       "Msvm_SyntheticEthernetPortSettingData"
#define CONNECTION_CLASS "Msvm_EthernetPortAllocationSettingData"
#define SWITCH_CLASS     "Msvm_VirtualEthernetSwitch"
#define PARTITION_CLASS  "Msvm_GpuPartitionSettingData"
#define GPU_CLASS        "Msvm_PartitionableGpu"
#define SERVICE_CLASS    "Msvm_VirtualSystemManagementService"

#define CONTROLLER_TYPE "Microsoft:Hyper-V:Synthetic SCSI Controller"
#define DRIVE_TYPE      "Microsoft:Hyper-V:Synthetic Disk Drive"
#define DISK_TYPE       "Microsoft:Hyper-V:Virtual Hard Disk"
#define PORT_TYPE       "Microsoft:Hyper-V:Synthetic Ethernet Port"
#define CONNECTION_TYPE "Microsoft:Hyper-V:Ethernet Connection"
#define PARTITION_TYPE  "Microsoft:Hyper-V:GPU Partition"

#define NO_NETWORK       "none"
#define HYPERV_STATE_MS  120000 /* the state follows its job, at times late */
#define HYPERV_POLL_MS   250
#define HYPERV_STATE_ON  2
#define HYPERV_STATE_OFF 3

struct hyperv {
    struct hypervisor base;
    struct wmi *wmi;
    char service[WMI_PATH_BYTES]; /* of the management service */
    uv_mutex_t mutex;             /* of events */
    struct IEnumWbemClassObject *events;
};

/* One VM. */
struct hyperv_vm {
    char id[VM_ID_BYTES];      /* as Hyper-V spells it */
    char path[WMI_PATH_BYTES]; /* of the computer system */
    char name[VM_NAME_BYTES];
    uint32_t state; /* EnabledState */
};

/* A resource of a VM to be made. */
struct hyperv_part {
    const char *type, *sub_type;
    struct IWbemClassObject *object;
};

/* Says why Hyper-V shows nothing: not installed, not running, not ours to manage. Returns false. */
bool hyperv_explain_empty(struct err *err);

/* ERR_NOT_FOUND when there is none; an empty answer of a dead service is told apart. */
bool hyperv_find(struct hyperv *h, const char *id, struct hyperv_vm *ret_vm, struct err *err);

/* The same, and ERR_CONFLICT when it is not off. */
bool hyperv_find_off(struct hyperv *h, const char *id, struct hyperv_vm *ret_vm, struct err *err);

/* The present settings of a VM, without snapshots. */
bool hyperv_settings(struct hyperv *h,
                     const struct hyperv_vm *vm,
                     struct IWbemClassObject **ret_settings,
                     struct err *err);

/* Begins a call of the management service. */
bool hyperv_service_call(struct hyperv *h,
                         struct wmi_call *call,
                         const char *method,
                         struct err *err);

/* Writes changed settings, or a changed resource, back. */
bool hyperv_modify_settings(struct hyperv *h, struct IWbemClassObject *settings, struct err *err);
bool hyperv_modify_resource(struct hyperv *h, struct IWbemClassObject *resource, struct err *err);

/* The resources of one class that a VM has; sub_type NULL: all of them. */
bool hyperv_resources(struct hyperv *h,
                      const struct hyperv_vm *vm,
                      const char *type,
                      const char *sub_type,
                      struct wmi_rows *ret_rows,
                      struct err *err);

/* The host's default of a resource, which a new one is made from. */
bool hyperv_template(struct hyperv *h,
                     const char *type,
                     const char *sub_type,
                     struct IWbemClassObject **ret,
                     struct err *err);

/* Adds a resource; ret_path (WMI_PATH_BYTES) may be NULL. */
bool hyperv_add(struct hyperv *h,
                const struct hyperv_vm *vm,
                const struct hyperv_part *part,
                char *ret_path,
                struct err *err);

/* Takes the resource at path away. */
bool hyperv_take(struct hyperv *h, const char *path, struct err *err);

/* Waits until the VM is in the state, and fetches it. */
bool hyperv_wait(struct hyperv *h, struct hyperv_vm *vm, uint32_t state, struct err *err);

/* ---- the operations, each in the file that its name says ---- */

/* hyperv_list_win32.c; see struct hypervisor_ops, as for all of these. */
bool hyperv_list(struct hypervisor *h, struct vm_info **ret, size_t *ret_count, struct err *err);
/* hyperv_host_win32.c */
bool hyperv_host(struct hypervisor *h, struct host_info *ret_host, struct err *err);
/* The build of this Windows, "10.0.26100.4946", and the number of it alone. */
uint32_t hyperv_build(char *out, size_t size);
/* hyperv_create_win32.c */
bool hyperv_create(struct hypervisor *h,
                   const struct vm_settings *settings,
                   char *ret_id,
                   struct err *err);
/* See struct hypervisor_ops. */
bool hyperv_remove(struct hypervisor *h, const char *id, struct err *err);
/* hyperv_configure_win32.c */
bool hyperv_configure(struct hypervisor *h,
                      const char *id,
                      const struct vm_settings *settings,
                      struct err *err);
/* Sets the memory, and the processors, of a VM that is off. */
bool hyperv_set_memory(struct hyperv *h,
                       const struct hyperv_vm *vm,
                       uint32_t memory_mb,
                       struct err *err);
bool hyperv_set_cpus(struct hyperv *h, const struct hyperv_vm *vm, uint32_t cpus, struct err *err);
/* Puts the disk into the VM's drive and the drive first in the order of starts; a drive without
 * disk stays empty. */
bool hyperv_set_disk(struct hyperv *h,
                     const struct hyperv_vm *vm,
                     const char *disk,
                     struct err *err);
/* Connects the VM's network adapter, which is made when missing. */
bool hyperv_set_network(struct hyperv *h,
                        const struct hyperv_vm *vm,
                        const char *network,
                        struct err *err);
/* hyperv_tpm_win32.c: gives a VM that is off a virtual TPM, unless it has one. */
bool hyperv_add_tpm(struct hyperv *h, const struct hyperv_vm *vm, struct err *err);
/* hyperv_power_win32.c */
bool hyperv_power(struct hypervisor *h, const char *id, enum vm_power power, struct err *err);
/* hyperv_gpu_win32.c */
bool hyperv_gpu(struct hypervisor *h, const char *id, const struct gpu_wish *wish, struct err *err);
/* The next smaller room for the GPU of a VM that would not start; *ret_less is false when there is
 * none. */
bool hyperv_less_room(struct hyperv *h,
                      const struct hyperv_vm *vm,
                      bool *ret_less,
                      struct err *err);
/* hyperv_guest_win32.c */
bool hyperv_kvp(struct hypervisor *h, const char *id, struct buf *out, struct err *err);
/* See struct hypervisor_ops. */
bool hyperv_picture(struct hypervisor *h,
                    const char *id,
                    uint32_t width,
                    uint32_t height,
                    struct picture *ret_picture,
                    struct err *err);

#endif
