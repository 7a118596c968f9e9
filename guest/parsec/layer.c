/* The value is "~ FLAG FLAG": the tilde says that somebody set it by hand, flags stand in any
 * order. */
#include "guest/parsec/layer.h"

#include "guest/parsec/config_apply.h"

#include <string.h>

#define BY_HAND "~"

static bool find_name(struct machine *machine, char name[FS_PATH_BYTES], struct err *err)
{
    char folder[FS_PATH_BYTES];

    return machine->files->ops->path(
               machine->files, ROOT_PARSEC_PROGRAM, folder, sizeof folder, err) &&
           (folder[0] || err_set(err, ERR_NOT_FOUND, TEXT_CAUSE_PARSEC_MISSING, NULL)) &&
           fs_join(name, folder, PARSEC_PROCESS, err);
}

static bool read_value(struct machine *machine,
                       const char *name,
                       struct registry_value *ret_value,
                       struct err *err)
{
    ret_value->type = REGISTRY_ABSENT;
    if (!machine->registry->ops->get(machine->registry, PARSEC_LAYER_KEY, name, ret_value, err))
        return false;
    if (ret_value->type != REGISTRY_STRING)
        ret_value->text[0] = 0;
    return true;
}

/* The flag in the value, NULL when it is not there. */
static const char *find_flag(const char *text)
{
    const char *at = text;
    size_t length = strlen(PARSEC_LAYER_FLAG);

    while ((at = strstr(at, PARSEC_LAYER_FLAG)) != NULL) {
        bool begins = at == text || at[-1] == ' ';
        bool ends = !at[length] || at[length] == ' ';

        if (begins && ends)
            return at;
        at += length;
    }
    return NULL;
}

bool parsec_layer_look(struct machine *machine, bool *ret_set, struct err *err)
{
    char name[FS_PATH_BYTES];
    struct registry_value value;

    if (!find_name(machine, name, err) || !read_value(machine, name, &value, err))
        return false;
    *ret_set = find_flag(value.text) != NULL;
    return true;
}

static bool add_flag(struct registry_value *value, const char *name, struct err *err)
{
    size_t length = strlen(value->text);

    if (length + sizeof " " PARSEC_LAYER_FLAG > sizeof value->text)
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, name, "", NULL);
    if (length == 0)
        length = strlen(text_copy(value->text, sizeof value->text, BY_HAND));
    text_copy(value->text + length, sizeof value->text - length, " " PARSEC_LAYER_FLAG);
    value->type = REGISTRY_STRING;
    return true;
}

static void remove_flag(struct registry_value *value)
{
    char *at = value->text + (find_flag(value->text) - value->text);
    char *end = at + strlen(PARSEC_LAYER_FLAG);

    if (*end == ' ')
        end++;
    else if (at > value->text)
        at--;
    memmove(at, end, strlen(end) + 1);
    if (!value->text[0] || strcmp(value->text, BY_HAND) == 0)
        value->type = REGISTRY_ABSENT;
}

bool parsec_layer_set(struct machine *machine, bool on, struct err *err)
{
    char name[FS_PATH_BYTES];
    struct registry_value value;

    if (!find_name(machine, name, err) || !read_value(machine, name, &value, err))
        return false;
    if ((find_flag(value.text) != NULL) == on)
        return true;
    if (on && !add_flag(&value, name, err))
        return false;
    if (!on)
        remove_flag(&value);
    return machine->registry->ops->set(machine->registry, PARSEC_LAYER_KEY, name, &value, err);
}
