/* See association.h. Facts: schema.txt (ends of associations), hyperv-wmi.md §4, §6, §7.3, §10,
 * §17, §18. */
#include "association.h"

#include "hyperv.h"
#include "live.h"
#include "machine.h"
#include "resource.h"

#include <stdlib.h>
#include <string.h>

/* One kind of pair: a class at each end, and when two rows of them belong together. */
struct rule {
    const char *association, *first_role, *first, *second_role, *second;
    bool (*linked)(const cJSON *first, const cJSON *second);
    void (*more)(cJSON *properties, const cJSON *first, const cJSON *second); /* NULL: nothing */
};

static bool is_host(const cJSON *row)
{
    return memo(row, "host", 0) != 0;
}

static bool same_text(const cJSON *a, const char *of_a, const cJSON *b, const char *of_b)
{
    return !_stricmp(row_text(a, of_a), row_text(b, of_b));
}

static bool realized(const cJSON *vm, const cJSON *settings)
{
    return !is_host(vm) && same_text(vm, "Name", settings, "VirtualSystemIdentifier") &&
           !strcmp(row_text(settings, "VirtualSystemType"), TYPE_REALIZED);
}

static bool snapshot_of(const cJSON *vm, const cJSON *settings)
{
    return !is_host(vm) && same_text(vm, "Name", settings, "VirtualSystemIdentifier") &&
           !strcmp(row_text(settings, "VirtualSystemType"), TYPE_SNAPSHOT);
}

static bool newest_snapshot(const cJSON *vm, const cJSON *settings)
{
    return snapshot_of(vm, settings) && memo(settings, "newest", 0) != 0;
}

static bool applied(const cJSON *settings, const cJSON *vm)
{
    return snapshot_of(vm, settings) && memo(settings, "applied", 0) != 0;
}

/* Both "Microsoft:<the same id>...", and the first is the settings of a machine or snapshot. */
static bool same_owner(const cJSON *settings, const cJSON *part)
{
    char *a = instance_owner(row_text(settings, "InstanceID"));
    char *b = instance_owner(row_text(part, "InstanceID"));
    bool same = !_stricmp(a, b) && _stricmp(a, "Definition") != 0 && settings != part;

    free(a);
    free(b);
    return same;
}

static bool device_of(const cJSON *vm, const cJSON *device)
{
    return !is_host(vm) && same_text(vm, "Name", device, "SystemName");
}

static bool affected(const cJSON *element, const cJSON *job)
{
    const cJSON *path;
    char *own = row_path(element);
    bool found = false;

    cJSON_ArrayForEach(path, cJSON_GetObjectItem(job, "affected")) found |=
        !_stricmp(path->valuestring, own);
    free(own);
    return found;
}

static bool always(const cJSON *first, const cJSON *second)
{
    (void)first;
    (void)second;
    return true;
}

static bool same_capabilities(const cJSON *a, const cJSON *b)
{
    return memo_text(a, "capabilities")[0] &&
           !strcmp(memo_text(a, "capabilities"), memo_text(b, "capabilities"));
}

static bool template_of(const cJSON *capabilities, const cJSON *setting)
{
    return same_capabilities(capabilities, setting);
}

static void add_ranges(cJSON *properties, const cJSON *capabilities, const cJSON *setting)
{
    (void)capabilities;
    cJSON_AddNumberToObject(properties, "ValueRole", memo(setting, "role", 0));
    cJSON_AddNumberToObject(properties, "ValueRange", memo(setting, "range", 0));
    cJSON_AddNumberToObject(properties, "PropertyPolicy", 0);
}

static bool is_management(const cJSON *service, const cJSON *other)
{
    (void)other;
    return row_is(service, "Msvm_VirtualSystemManagementService");
}

static bool of_pool(const cJSON *pool, const cJSON *resource)
{
    return same_text(pool, "ResourceSubType", resource, "ResourceSubType") &&
           _strnicmp(row_text(resource, "InstanceID"), DEFINITION, strlen(DEFINITION)) != 0;
}

static bool boots_from(const cJSON *device, const cJSON *entry)
{
    char *id = emulator_print("%s\\B", row_text(device, "InstanceID"));
    bool same = !_stricmp(id, row_text(entry, "InstanceID"));

    free(id);
    return same;
}

static bool on_host(const cJSON *host, const cJSON *other)
{
    (void)other;
    return is_host(host);
}

static bool on_machine(const cJSON *host, const cJSON *vm)
{
    return is_host(host) && !is_host(vm);
}

static bool serves(const cJSON *vm, const cJSON *service)
{
    return !is_host(vm) && is_management(service, vm);
}

static bool same_system(const cJSON *a, const cJSON *b)
{
    return same_text(a, "SystemName", b, "SystemName");
}

/* "Microsoft:GuestNetwork\<machine>\<port>" belongs to "Microsoft:<machine>\<port>". */
static bool guest_network(const cJSON *port, const cJSON *network)
{
    const char *id = row_text(network, "InstanceID"), *own = row_text(port, "InstanceID");

    return !_strnicmp(id, "Microsoft:GuestNetwork\\", 23) && strlen(own) > 10 &&
           !_stricmp(id + 23, own + 10);
}

static bool parent_snapshot(const cJSON *parent, const cJSON *child)
{
    char *path = row_path(parent);
    bool is = !_stricmp(path, row_text(child, "Parent"));

    free(path);
    return is;
}

static void add_current(cJSON *properties, const cJSON *first, const cJSON *second)
{
    (void)first;
    (void)second;
    cJSON_AddNumberToObject(properties, "IsDefault", 0);
    cJSON_AddNumberToObject(properties, "IsCurrent", 1);
    cJSON_AddNumberToObject(properties, "IsNext", 1);
}

#define VM       "Msvm_ComputerSystem"
#define SETTINGS "Msvm_VirtualSystemSettingData"

static const struct rule rules[] = {
    {"Msvm_AffectedJobElement",
     "AffectedElement",
     "CIM_ManagedElement",
     "AffectingElement",
     "Msvm_ConcreteJob",
     affected,
     NULL},
    {"Msvm_AffectedStorageJobElement",
     "AffectedElement",
     "CIM_ManagedElement",
     "AffectingElement",
     "Msvm_StorageJob",
     affected,
     NULL},
    {"Msvm_BootSourceComponent",
     "GroupComponent",
     SETTINGS,
     "PartComponent",
     "Msvm_BootSourceSettingData",
     same_owner,
     NULL},
    {"Msvm_ElementCapabilities",
     "ManagedElement",
     "CIM_ResourcePool",
     "Capabilities",
     "Msvm_AllocationCapabilities",
     same_capabilities,
     NULL},
    {"Msvm_ElementCapabilities",
     "ManagedElement",
     "Msvm_VirtualSystemManagementService",
     "Capabilities",
     "Msvm_VirtualSystemManagementCapabilities",
     always,
     NULL},
    {"Msvm_ElementSettingData",
     "ManagedElement",
     VM,
     "SettingData",
     SETTINGS,
     realized,
     add_current},
    {"Msvm_ElementSettingData",
     "ManagedElement",
     "Msvm_VirtualSystemManagementService",
     "SettingData",
     "Msvm_VirtualSystemManagementServiceSettingData",
     always,
     add_current},
    {"Msvm_HostedDependency", "Antecedent", VM, "Dependent", VM, on_machine, NULL},
    {"Msvm_HostedResourcePool",
     "GroupComponent",
     VM,
     "PartComponent",
     "CIM_ResourcePool",
     on_host,
     NULL},
    {"Msvm_HostedService", "Antecedent", VM, "Dependent", "CIM_Service", on_host, NULL},
    {"Msvm_LastAppliedSnapshot", "Antecedent", SETTINGS, "Dependent", VM, applied, NULL},
    {"Msvm_LogicalIdentity",
     "SystemElement",
     "CIM_ResourceAllocationSettingData",
     "SameElement",
     "Msvm_BootSourceSettingData",
     boots_from,
     NULL},
    {"Msvm_MostCurrentSnapshotInBranch",
     "Antecedent",
     VM,
     "Dependent",
     SETTINGS,
     newest_snapshot,
     NULL},
    {"Msvm_OwningJobElement",
     "OwningElement",
     "Msvm_VirtualSystemManagementService",
     "OwnedElement",
     "Msvm_ConcreteJob",
     always,
     NULL},
    {"Msvm_OwningJobElement",
     "OwningElement",
     "Msvm_ImageManagementService",
     "OwnedElement",
     "Msvm_StorageJob",
     always,
     NULL},
    {"Msvm_ParentChildSettingData",
     "Antecedent",
     SETTINGS,
     "Dependent",
     SETTINGS,
     parent_snapshot,
     NULL},
    {"Msvm_RegisteredGuestService",
     "Antecedent",
     "Msvm_GuestServiceInterfaceComponent",
     "Dependent",
     "Msvm_GuestFileService",
     same_system,
     NULL},
    {"Msvm_ResourceAllocationFromPool",
     "Antecedent",
     "CIM_ResourcePool",
     "Dependent",
     "CIM_ResourceAllocationSettingData",
     of_pool,
     NULL},
    {"Msvm_ServiceAffectsElement",
     "AffectedElement",
     VM,
     "AffectingElement",
     "CIM_Service",
     serves,
     NULL},
    {"Msvm_SettingDataComponent",
     "GroupComponent",
     "Msvm_SyntheticEthernetPortSettingData",
     "PartComponent",
     "Msvm_GuestNetworkAdapterConfiguration",
     guest_network,
     NULL},
    {"Msvm_SettingsDefineCapabilities",
     "GroupComponent",
     "CIM_Capabilities",
     "PartComponent",
     "CIM_SettingData",
     template_of,
     add_ranges},
    {"Msvm_SettingsDefineState", "ManagedElement", VM, "SettingData", SETTINGS, realized, NULL},
    {"Msvm_SnapshotOfVirtualSystem", "Antecedent", VM, "Dependent", SETTINGS, snapshot_of, NULL},
    {"Msvm_SystemDevice",
     "GroupComponent",
     VM,
     "PartComponent",
     "CIM_LogicalDevice",
     device_of,
     NULL},
    {"Msvm_VirtualSystemSettingDataComponent",
     "GroupComponent",
     SETTINGS,
     "PartComponent",
     "CIM_ResourceAllocationSettingData",
     same_owner,
     NULL},
    {"Msvm_VirtualSystemSettingDataComponent",
     "GroupComponent",
     SETTINGS,
     "PartComponent",
     "Msvm_SecuritySettingData",
     same_owner,
     NULL},
};

struct visit {
    const struct query *query;
    cJSON *row;
    association_found found;
    void *context;
};

static bool matches(const char *wanted, const char *is)
{
    return !wanted || !_stricmp(wanted, is);
}

static void report(
    const struct visit *visit, const struct rule *rule, cJSON *first, cJSON *second, cJSON *other)
{
    cJSON *properties = cJSON_CreateObject();
    char *path = row_path(first);

    cJSON_AddStringToObject(properties, rule->first_role, path);
    free(path);
    path = row_path(second);
    cJSON_AddStringToObject(properties, rule->second_role, path);
    free(path);
    if (rule->more)
        rule->more(properties, first, second);
    visit->found(
        visit->context, schema_class(NAMESPACE_HYPERV, rule->association), properties, other);
}

/* Pairs of visit->row with rows at the other end: `of` is the other end's class. */
static void scan(const struct visit *visit, const struct rule *rule, bool row_is_first)
{
    const char *of = row_is_first ? rule->second : rule->first;
    const char *result = visit->query->kind == QUERY_ASSOCIATORS ? visit->query->result : NULL;
    cJSON *other = NULL;

    if (!matches(visit->query->role, row_is_first ? rule->first_role : rule->second_role) ||
        !matches(visit->query->result_role, row_is_first ? rule->second_role : rule->first_role))
        return;
    while ((other = store_next(of, other))) {
        cJSON *first = row_is_first ? visit->row : other,
              *second = row_is_first ? other : visit->row;

        if ((!result || row_is(other, result)) && live_visible_row(other) &&
            rule->linked(first, second))
            report(visit, rule, first, second, other);
    }
}

static void scan_all(const struct visit *visit, const struct rule *rule)
{
    cJSON *first = NULL, *second;

    while ((first = store_next(rule->first, first)))
        for (second = NULL; (second = store_next(rule->second, second));)
            if (rule->linked(first, second))
                report(visit, rule, first, second, second);
}

void association_visit(const struct query *query,
                       const char *association,
                       cJSON *row,
                       association_found found,
                       void *context)
{
    struct visit visit = {query, row, found, context};

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        const struct schema_class *class = schema_class(NAMESPACE_HYPERV, rules[i].association);

        if (!class || (association && !schema_is_a(class, association)))
            continue;
        if (!row)
            scan_all(&visit, &rules[i]);
        else {
            if (row_is(row, rules[i].first))
                scan(&visit, &rules[i], true);
            if (row_is(row, rules[i].second))
                scan(&visit, &rules[i], false);
        }
    }
}
