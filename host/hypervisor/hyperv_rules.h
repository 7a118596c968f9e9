/*
 * What Hyper-V's numbers and texts mean, and the sums we make for it: states, codes of methods and
 * jobs, errors of WMI, names of GPUs, the room for a GPU in the guest's address space, amounts of a
 * share, and what we keep in a VM's notes. Facts: root\virtualization\v2 as Microsoft documents it
 * (Hyper-V WMI provider), and what working programs do. Pure.
 */
#ifndef GPUPV_HYPERVISOR_HYPERV_RULES_H
#define GPUPV_HYPERVISOR_HYPERV_RULES_H

#include "host/hypervisor/hypervisor.h"

#define HYPERV_RETURN_JOB      4096u
#define HYPERV_INVALID_STATE   32775u
#define HYPERV_GUEST_NOT_READY 32780u
#define HYPERV_NOTES_BYTES     2048
#define HYPERV_DEFAULT_SWITCH  "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444"
#define HYPERV_MMIO_STEPS      6

/* EnabledState of Msvm_ComputerSystem; what is transitional or unknown counts as changing. */
enum vm_state hyperv_state(uint32_t enabled_state);

/* EnabledState of something that is switched off for good; nothing else may be configured. */
bool hyperv_is_off(uint32_t enabled_state);

/* OperationalStatus of the heartbeat. */
enum vm_heartbeat hyperv_heartbeat(uint32_t status);

/* Sets the error of a method that returned code; what names it. Returns false. */
bool hyperv_refused(uint32_t code, const char *what, struct err *err);

/* Where a job stands. */
enum hyperv_job { HYPERV_JOB_RUNS, HYPERV_JOB_DONE, HYPERV_JOB_FAILED };

/* JobState and ErrorCode of Msvm_ConcreteJob. */
enum hyperv_job hyperv_job(uint32_t state, uint32_t code);

/* Sets the error of a failed job with its own text, which is in the host's language. Returns false.
 */
bool hyperv_job_failed(uint32_t code, const char *text, struct err *err);

/* Sets the error of a WMI call; text is used, with what, where the code has no sentence of its own.
 * Returns false. */
bool hyperv_wmi_failed(int32_t code, enum text_id text, const char *what, struct err *err);

/* True for the codes of a service that is just restarting. */
bool hyperv_is_restarting(int32_t code);

/* True when text is a GUID without braces: how VMs are told from the host. */
bool hyperv_is_vm_id(const char *text);

/* The VM of an InstanceID ("Microsoft:GUID\..."), lower case; false for templates and others. */
bool hyperv_vm_of(const char *instance_id, char ret_id[VM_ID_BYTES]);

/* "\\?\PCI#VEN_10DE#4&1#{guid}\GPUPARAV" to "PCI\VEN_10DE\4&1"; false when it is none. */
bool hyperv_gpu_path(const char *name, char ret_path[GPU_PATH_BYTES]);

/* What a partitionable device is by the GUID of its class. */
enum gpu_kind hyperv_gpu_kind(const char *class_guid);

/* Room for devices in the guest's address space, in MB. base 0: as Hyper-V has it. */
struct hyperv_mmio {
    uint64_t low, high, base;
};

/* The rooms to try for a GPU, largest first, on a CPU with so many physical address bits (0:
 * unknown) and a Windows of this build; returns how many. */
size_t hyperv_mmio_plan(unsigned address_bits,
                        uint32_t build,
                        uint64_t memory_mb,
                        struct hyperv_mmio steps[HYPERV_MMIO_STEPS]);

/* The next smaller step after what a VM has now; NULL when there is none. */
const struct hyperv_mmio *
hyperv_mmio_next(const struct hyperv_mmio *steps, size_t count, const struct hyperv_mmio *now);

/* The amount of one resource that a share of a GPU is worth; false when the GPU has none to share.
 */
bool hyperv_share(const struct gpu_amount *whole, uint32_t percent, struct gpu_amount *ret_part);

/* What we keep in a VM's notes: the marker, and while its disk is not attached yet the path of it.
 * out: HYPERV_NOTES_BYTES. */
void hyperv_notes_write(const char *marker, const char *disk, char *out);
void hyperv_notes_read(const char *notes, char marker[VM_MARKER_BYTES], char disk[FS_PATH_BYTES]);

#endif
