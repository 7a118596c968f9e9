/* VMs meant by a command line, and work on each of them. */
#include "host/many.h"

#include "common/ui/table.h"
#include "host/workers.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- which VMs ---- */

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    return *a == *b;
}

bool many_match(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == '?' ||
                   tolower((unsigned char)*pattern) == tolower((unsigned char)*text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static int by_name(const void *a, const void *b)
{
    const struct target *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->id, y->id);
}

static void add_entry(struct target *targets, size_t *count, const struct store_entry *entry)
{
    struct target *target = NULL;

    for (size_t i = 0; i < *count && !target; i++)
        if (!strcmp(targets[i].id, entry->id))
            target = &targets[i];
    if (!target) {
        target = &targets[(*count)++];
        text_copy(target->id, sizeof target->id, entry->id);
        text_copy(
            target->name, sizeof target->name, entry->readable ? entry->vm.spec.name : entry->id);
    }
    target->managed = true;
    target->broken = !entry->readable;
    target->record = entry->vm;
    target->broken_why = entry->why;
}

bool targets_all(struct call *call, struct target **ret_targets, size_t *ret_count, struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct store_entry *entries = NULL;
    struct vm_info *vms = NULL;
    struct target *targets = NULL;
    size_t vm_count = 0, entry_count = 0, count = 0;
    bool ok = false;

    if (!h->ops->list(h, &vms, &vm_count, err) ||
        !store_list(call->store, &entries, &entry_count, err))
        goto out;
    targets = calloc(vm_count + entry_count + 1, sizeof *targets);
    if (!targets) {
        err_no_memory(err);
        goto out;
    }
    for (; count < vm_count; count++) {
        targets[count].exists = true;
        targets[count].vm = vms[count];
        text_copy(targets[count].id, sizeof targets[count].id, vms[count].id);
        text_copy(targets[count].name, sizeof targets[count].name, vms[count].settings.name);
    }
    for (size_t i = 0; i < entry_count; i++)
        add_entry(targets, &count, &entries[i]);
    qsort(targets, count, sizeof *targets, by_name);
    ok = true;

out:
    if (ok) {
        *ret_targets = targets;
        *ret_count = count;
    }
    free(entries);
    free(vms);
    return ok;
}

struct choice {
    struct target *all;
    size_t all_count;
    bool *chosen;
    struct target *picked;
    size_t count;
};

static void pick(struct choice *choice, size_t index)
{
    if (choice->chosen[index])
        return;
    choice->chosen[index] = true;
    choice->picked[choice->count++] = choice->all[index];
}

static bool ambiguous(const struct choice *choice, const char *word, struct err *err)
{
    char ids[ERR_ARG_BYTES] = "";

    for (size_t i = 0; i < choice->all_count; i++)
        if (same_name(choice->all[i].name, word) && strlen(ids) + VM_ID_BYTES + 2 < sizeof ids) {
            strcat(ids, *ids ? ", " : "");
            strcat(ids, choice->all[i].id);
        }
    err_set(err, ERR_CONFLICT, TEXT_HOST_NAME_AMBIGUOUS, word, ids, NULL);
    return err_hint(err, TEXT_HOST_NAME_AMBIGUOUS_HINT);
}

static bool pick_pattern(struct choice *choice, const char *word, struct err *err)
{
    bool any = false;

    for (size_t i = 0; i < choice->all_count; i++)
        if (choice->all[i].managed && many_match(word, choice->all[i].name)) {
            pick(choice, i);
            any = true;
        }
    return any || err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_MATCH, word, NULL);
}

static bool not_found(const struct choice *choice, const char *word, struct err *err)
{
    const char **names = calloc(choice->all_count + 1, sizeof *names);
    const char *nearest = NULL;

    for (size_t i = 0; names && i < choice->all_count; i++)
        names[i] = choice->all[i].name;
    if (names)
        nearest = options_nearest(word, names, choice->all_count);
    err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_SUCH_VM, word, nearest ? nearest : "", NULL);
    err_hint(err, nearest ? TEXT_HOST_NEAREST_VM : TEXT_HOST_NO_SUCH_VM_HINT);
    free(names);
    return false;
}

static bool pick_word(struct choice *choice, const char *word, bool missing_ok, struct err *err)
{
    size_t found = choice->all_count, matches = 0;

    if (strpbrk(word, "*?"))
        return pick_pattern(choice, word, err);
    for (size_t i = 0; i < choice->all_count; i++) {
        if (same_name(choice->all[i].id, word)) {
            pick(choice, i);
            return true;
        }
        if (same_name(choice->all[i].name, word)) {
            found = i;
            matches++;
        }
    }
    if (matches > 1)
        return ambiguous(choice, word, err);
    if (matches == 1) {
        pick(choice, found);
        return true;
    }
    if (!missing_ok)
        return not_found(choice, word, err);
    for (size_t i = 0; i < choice->count; i++)
        if (same_name(choice->picked[i].name, word))
            return true;
    text_copy(choice->picked[choice->count++].name, VM_NAME_BYTES, word);
    return true;
}

bool targets_of(struct call *call,
                bool missing_ok,
                bool all_default,
                struct target **ret_targets,
                size_t *ret_count,
                struct err *err)
{
    struct choice choice = {0};
    bool many = (call->command->flags & COMMAND_MANY_VMS) != 0, ok = false;
    bool all = (many && call_flag(call, "all")) || (all_default && !call->word_count);

    if (!all && !call->word_count) {
        err_set(err, ERR_USAGE, TEXT_HOST_NO_NAMES, call->command->name, NULL);
        return err_hint(err, TEXT_HOST_NO_NAMES_HINT);
    }
    if (!targets_all(call, &choice.all, &choice.all_count, err))
        return false;
    choice.chosen = calloc(choice.all_count + 1, sizeof *choice.chosen);
    choice.picked = calloc(choice.all_count + call->word_count + 1, sizeof *choice.picked);
    if (!choice.chosen || !choice.picked) {
        err_no_memory(err);
        goto out;
    }
    for (size_t i = 0; all && i < choice.all_count; i++)
        if (choice.all[i].managed)
            pick(&choice, i);
    for (size_t i = 0; i < call->word_count; i++)
        if (!pick_word(&choice, call->words[i], missing_ok, err))
            goto out;
    ok = true;

out:
    free(choice.all);
    free(choice.chosen);
    if (!ok) {
        free(choice.picked);
        return false;
    }
    *ret_targets = choice.picked;
    *ret_count = choice.count;
    return true;
}

bool target_one(struct call *call, const char *word, struct target *ret_target, struct err *err)
{
    struct choice choice = {0};
    struct target picked[1];
    bool chosen_one = false;
    bool ok = false;

    memset(picked, 0, sizeof picked);
    choice.picked = picked;
    if (!targets_all(call, &choice.all, &choice.all_count, err))
        return false;
    choice.chosen = calloc(choice.all_count + 1, sizeof *choice.chosen);
    if (!choice.chosen)
        err_no_memory(err);
    else if (strpbrk(word, "*?"))
        not_found(&choice, word, err);
    else
        chosen_one = pick_word(&choice, word, false, err);
    if (chosen_one) {
        *ret_target = picked[0];
        ok = true;
    }
    free(choice.chosen);
    free(choice.all);
    return ok;
}

bool target_refresh(struct call *call, struct target *target, struct err *err)
{
    struct err why = ERR_INIT;

    if (!*target->id)
        return true;
    target->exists = hypervisor_find(call->hypervisor, target->id, &target->vm, &why);
    if (!target->exists && why.kind != ERR_NOT_FOUND) {
        if (err)
            *err = why;
        return false;
    }
    err_clear(&why);
    target->managed = store_load(call->store, target->id, &target->record, &why);
    target->broken = !target->managed && why.kind != ERR_NOT_FOUND;
    if (target->broken) {
        target->managed = true;
        target->broken_why = why;
    }
    return true;
}

bool target_managed(const struct target *target, struct err *err)
{
    if (target->broken) {
        if (err)
            *err = target->broken_why;
        return false;
    }
    if (!target->managed) {
        err_set(err, ERR_NOT_FOUND, TEXT_HOST_NOT_MANAGED, target->name, NULL);
        return err_hint(err, TEXT_HOST_NOT_MANAGED_HINT);
    }
    return true;
}

/* ---- work on each ---- */

void outcome_done(
    struct outcome *outcome, const struct ui *ui, enum exit_code code, enum text_id result, ...)
{
    const char *args[TEXT_ARGS];
    size_t count = 0;
    va_list list;

    va_start(list, result);
    for (; count < TEXT_ARGS; count++) {
        args[count] = va_arg(list, const char *);
        if (!args[count])
            break;
    }
    va_end(list);
    text_format(outcome->result, sizeof outcome->result, ui->lang, result, args, count);
    outcome->code = code;
    outcome->tone = code == CODE_OK || code == CODE_REBOOT ? TONE_GOOD
                    : code == CODE_FAILED                  ? TONE_BAD
                                                           : TONE_WARN;
}

void outcome_failed(struct outcome *outcome, const struct err *err)
{
    outcome->err = *err;
    outcome->code = exit_code_of(err);
    outcome->tone = TONE_BAD;
}

struct batch {
    struct call *call;
    struct target *targets;
    struct outcome *outcomes;
};

/* Locks what the command changes. A VM that is still to be made is locked by its name. */
static bool lock_target(struct call *call,
                        const struct target *target,
                        struct fs_lock **ret_name,
                        struct fs_lock **ret_vm,
                        struct err *err)
{
    unsigned flags = call->command->flags;

    if ((flags & (COMMAND_READ_ONLY | COMMAND_NO_LOCK)) ||
        ((flags & COMMAND_DRY_RUN) && call_flag(call, "dry-run")))
        return true;
    if ((flags & COMMAND_NEW_VM) && !store_lock_name(call->store, target->name, ret_name, err))
        return false;
    return !*target->id || store_lock_vm(call->store, target->id, target->name, ret_vm, err);
}

static void work(size_t index, void *user)
{
    struct batch *batch = user;
    struct call *call = batch->call;
    struct target *target = &batch->targets[index];
    struct outcome *outcome = &batch->outcomes[index];
    struct fs_lock *name_lock = NULL, *vm_lock = NULL;
    struct err err = ERR_INIT;
    bool managed = (call->command->flags & COMMAND_NEEDS_VM) != 0;

    if (lock_target(call, target, &name_lock, &vm_lock, &err) &&
        (!vm_lock || target_refresh(call, target, &err)) &&
        (!managed || target_managed(target, &err)))
        call->command->each(call, target, outcome);
    else
        outcome_failed(outcome, &err);
    fs_unlock(vm_lock);
    fs_unlock(name_lock);
}

static void show_table(struct call *call, const struct batch *batch, size_t count)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_VM, .least = 8},
        {.title = TEXT_HOST_COLUMN_RESULT, .least = 20, .wrap = true},
    };
    struct table *table = table_new(columns, 2);
    char text[UI_TEXT_BYTES], hint[UI_TEXT_BYTES];

    for (size_t i = 0; i < count; i++) {
        const struct outcome *outcome = &batch->outcomes[i];

        table_cell(table, TONE_PLAIN, batch->targets[i].name);
        if (!err_is_set(&outcome->err)) {
            table_cell(table, outcome->tone, outcome->result);
            continue;
        }
        err_message(&outcome->err, call->ui.lang, text, sizeof text);
        err_hint_text(&outcome->err, call->ui.lang, hint, sizeof hint);
        if (*hint && strlen(text) + strlen(hint) + 4 < sizeof text) {
            strcat(text, " - ");
            strcat(text, hint);
        }
        table_cell(table, TONE_BAD, text);
    }
    table_print(table, &call->ui);
    table_free(table);
}

static void show_one(struct call *call, const struct target *target, const struct outcome *outcome)
{
    if (err_is_set(&outcome->err))
        ui_error(&call->ui, target->name, &outcome->err);
    else if (!outcome->told && *outcome->result)
        ui_say(
            &call->ui, outcome->tone, TEXT_HOST_NAMED_RESULT, target->name, outcome->result, NULL);
}

static bool show_json(struct call *call, struct batch *batch, size_t count, struct err *err)
{
    cJSON *document = ui_document_new("result");
    cJSON *results = cJSON_AddArrayToObject(document, "results");
    bool ok = results && cJSON_AddStringToObject(document, "command", call->command->name);

    for (size_t i = 0; ok && i < count; i++) {
        struct outcome *outcome = &batch->outcomes[i];
        cJSON *row = outcome->json ? outcome->json : cJSON_CreateObject();

        outcome->json = NULL;
        ok = cJSON_AddItemToArray(results, row) &&
             cJSON_AddStringToObject(row, "name", batch->targets[i].name) &&
             cJSON_AddStringToObject(row, "id", batch->targets[i].id) &&
             json_add_int(row, "exit_code", outcome->code) &&
             cJSON_AddStringToObject(row, "result", outcome->result);
        if (ok && err_is_set(&outcome->err))
            ok = cJSON_AddItemToObject(row, "error", ui_error_json(&call->ui, &outcome->err));
    }
    if (!ok) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

bool many_run(struct call *call, enum exit_code *ret_code, struct err *err)
{
    bool missing_ok = (call->command->flags & COMMAND_NEW_VM) != 0, ok = true;
    struct batch batch = {.call = call};
    size_t count = 0;

    if (!targets_of(call, missing_ok, false, &batch.targets, &count, err))
        return false;
    batch.outcomes = calloc(count + 1, sizeof *batch.outcomes);
    if (!batch.outcomes) {
        free(batch.targets);
        return err_no_memory(err);
    }
    for (size_t i = 0; i < count; i++)
        batch.outcomes[i].alone = count == 1;
    workers_run(count, (size_t)call_number(call, "parallel", 1), work, &batch);
    if (call->ui.json)
        ok = show_json(call, &batch, count, err);
    else if (count == 1)
        show_one(call, &batch.targets[0], &batch.outcomes[0]);
    else
        show_table(call, &batch, count);
    for (size_t i = 0; i < count; i++) {
        *ret_code = exit_code_worse(*ret_code, batch.outcomes[i].code);
        cJSON_Delete(batch.outcomes[i].json);
    }
    free(batch.outcomes);
    free(batch.targets);
    return ok;
}
