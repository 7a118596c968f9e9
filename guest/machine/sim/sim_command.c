/* The words of `gpupv-agent sim`. */
#include "guest/machine/sim/sim_command.h"

#include "common/json.h"
#include "guest/machine/sim/edit.h"
#include "guest/machine/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_FAILED 2
#define EXIT_USAGE  64
#define LINE_BYTES  1024

static void say(FILE *to, enum text_id id, const char *argument)
{
    const char *const args[] = {argument};
    char line[LINE_BYTES];

    fprintf(to, "%s\n", text_format(line, sizeof(line), text_lang(), id, args, 1));
}

static bool run_init(const char *disk, int argc, char **argv, struct err *err)
{
    const char *name = argc ? argv[0] : "fresh";

    if (!machine_sim_init(disk, name, err))
        return false;
    say(stdout, TEXT_SIM_SAY_MADE, disk);
    return true;
}

/* Follows "system.power" or "devices.0.name" down a tree. */
static const cJSON *field_at(const cJSON *json, const char *path)
{
    char part[64];
    size_t length;

    while (json && *path) {
        length = strcspn(path, ".");
        if (length >= sizeof(part))
            return NULL;
        memcpy(part, path, length);
        part[length] = 0;
        json = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(part))
                                   : cJSON_GetObjectItemCaseSensitive(json, part);
        path += length + (path[length] == '.');
    }
    return json;
}

static bool print_field(const struct buf *text, const char *path, struct err *err)
{
    struct buf value;
    cJSON *json = NULL;
    const cJSON *field;
    bool ok;

    buf_init(&value, json_limits_file.bytes);
    ok = json_parse(buf_str(text), text->len, &json_limits_file, &json, err);
    field = ok ? field_at(json, path) : NULL;
    if (ok && !field)
        ok = err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_FIELD, path, NULL);
    else if (ok && cJSON_IsString(field))
        printf("%s\n", field->valuestring);
    else if (ok && json_write(field, &value))
        printf("%s\n", buf_str(&value));
    cJSON_Delete(json);
    buf_done(&value);
    return ok;
}

static bool run_show(const char *disk, int argc, char **argv, struct err *err)
{
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = machine_sim_show_disk(disk, &text, err);
    if (ok && argc)
        ok = print_field(&text, argv[0], err);
    else if (ok)
        printf("%s", buf_str(&text));
    buf_done(&text);
    return ok;
}

static bool run_break(const char *disk, int argc, char **argv, struct err *err)
{
    const char **edits = calloc((size_t)argc + 1, sizeof(*edits));
    bool ok;

    if (!edits)
        return err_no_memory(err);
    for (int i = 0; i < argc; i++)
        edits[i] = argv[i];
    ok = machine_sim_edit_disk(disk, edits, err);
    free(edits);
    if (ok)
        say(stdout, TEXT_SIM_SAY_CHANGED, disk);
    return ok;
}

static bool run_power_cut(const char *disk, int argc, char **argv, struct err *err)
{
    const char *const edits[] = {"power=cut", NULL};

    (void)argc;
    (void)argv;
    if (!machine_sim_edit_disk(disk, edits, err))
        return false;
    say(stdout, TEXT_SIM_SAY_CHANGED, disk);
    return true;
}

static bool run_boot(const char *disk, int argc, char **argv, struct err *err)
{
    (void)argc;
    (void)argv;
    if (!machine_sim_boot_disk(disk, err))
        return false;
    say(stdout, TEXT_SIM_SAY_STARTED, disk);
    return true;
}

static bool run_keys(const char *disk, int argc, char **argv, struct err *err)
{
    (void)disk;
    (void)argc;
    (void)argv;
    (void)err;
    for (size_t i = 0; edit_key(i); i++)
        printf("%-22s %s\n", edit_key(i)->key, edit_key(i)->values);
    say(stdout, TEXT_SIM_SAY_WORLDS, "");
    for (const char *const *name = machine_sim_worlds(); *name; name++)
        printf("    %s\n", *name);
    return true;
}

static const struct {
    const char *word;
    int least, most; /* further words */
    bool (*run)(const char *disk, int argc, char **argv, struct err *err);
} words[] = {
    {"init", 0, 1, run_init},
    {"show", 0, 1, run_show},
    {"break", 1, 64, run_break},
    {"power-cut", 0, 0, run_power_cut},
    {"boot", 0, 0, run_boot},
    {"keys", 0, 0, run_keys},
};

static int report(const struct err *err)
{
    char line[LINE_BYTES];

    fprintf(stderr, "%s\n", err_message(err, text_lang(), line, sizeof(line)));
    if (*err_hint_text(err, text_lang(), line, sizeof(line)))
        fprintf(stderr, "%s\n", line);
    return err->kind == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

int sim_command(int argc, char **argv)
{
    struct err err = ERR_INIT;

    for (size_t i = 0; argc >= 3 && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].word, argv[2]) != 0 || argc - 3 < words[i].least ||
            argc - 3 > words[i].most)
            continue;
        return words[i].run(argv[1], argc - 3, argv + 3, &err) ? 0 : report(&err);
    }
    say(stderr, TEXT_SIM_SAY_USAGE, "");
    return EXIT_USAGE;
}
