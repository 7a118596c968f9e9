/* `pair CODE`: writes the code where the agent looks when a host dials with it. */
#include "guest/command.h"
#include "guest/pairing.h"

#include "common/secure.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES 128

/* One line of the standard input, so that the code need not stand in a command line. */
static bool read_line(char *out, size_t size)
{
    if (!fgets(out, (int)size, stdin))
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

bool pair_read_code(const char *word, char *ret_code, struct err *err)
{
    char line[LINE_BYTES] = "";
    bool ok;

    if (word && strcmp(word, "-") == 0)
        word = read_line(line, sizeof line) ? line : NULL;
    ok = word ? pair_code_parse(word, ret_code, err)
              : err_set(err, ERR_USAGE, TEXT_PAIR_NO_CODE, NULL);
    secure_wipe(line, sizeof line);
    return ok;
}

int command_pair(struct agent_call *call)
{
    const char *word = call->args.word_count ? call->args.words[0] : NULL;
    char code[PAIR_CODE_BYTES] = "";
    cJSON *document;

    if (!pair_read_code(word, code, &call->err) ||
        !pairing_begin(call->folder, code, clock_system(), &call->err)) {
        secure_wipe(code, sizeof code);
        return 2;
    }
    secure_wipe(code, sizeof code);
    if (!call->ui.json) {
        ui_say(&call->ui, TONE_GOOD, TEXT_PAIR_WAITS, TEXT_NUM(PAIR_LIFE_MS / 60000), NULL);
        return 0;
    }
    document = ui_document_new("agent.pair");
    if (document)
        json_add_int(document, "valid_s", PAIR_LIFE_MS / 1000);
    return ui_document(&call->ui, document, &call->err) ? 0 : 2;
}
