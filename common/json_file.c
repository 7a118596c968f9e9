/* Reading JSON from a file. */
#include "common/fs.h"
#include "common/json.h"

#include <string.h>

bool json_read_file(const char *path,
                    const struct json_limits *limits,
                    cJSON **ret_json,
                    struct err *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    struct buf text;
    size_t skip;
    bool ok;

    buf_init(&text, limits->bytes + sizeof mark);
    ok = fs_read(path, limits->bytes + sizeof mark - 1, &text, err);
    if (ok) {
        skip = strncmp(buf_str(&text), mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
        ok = json_parse(buf_str(&text) + skip, text.len - skip, limits, ret_json, err) ||
             err_context(err, TEXT_FILE_READING, path);
    }
    buf_done(&text);
    return ok;
}
