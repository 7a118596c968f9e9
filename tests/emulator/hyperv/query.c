/* See query.h. Facts: MicrosoftDocs, "WQL (SQL for WMI)". */
#include "query.h"

#include "condition.h"
#include "hyperv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

enum token { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_SIGN, TOKEN_PATH, TOKEN_BAD };

struct parser {
    const char *at;
    enum token token;
    char *text; /* of the token */
    struct query *query;
    int depth;
};

/* A literal in quotes: only \\, \' and \" are escapes. */
static enum token read_string(struct parser *p)
{
    char quote = *p->at++;
    size_t length = 0;

    p->text = emulator_grow(p->text, strlen(p->at) + 1);
    for (; *p->at && *p->at != quote; p->at++) {
        if (*p->at == '\\') {
            p->at++;
            if (!*p->at || !strchr("\\'\"", *p->at))
                return TOKEN_BAD;
        }
        p->text[length++] = *p->at;
    }
    p->text[length] = '\0';
    return *p->at++ == quote ? TOKEN_STRING : TOKEN_BAD;
}

static void take(struct parser *p, size_t length)
{
    p->text = emulator_grow(p->text, length + 1);
    memcpy(p->text, p->at, length);
    p->text[length] = '\0';
    p->at += length;
}

/* A path in braces may have braces in its quoted keys. */
static enum token read_path(struct parser *p)
{
    const char *end = p->at + 1;
    bool quoted = false;

    for (; *end && (quoted || *end != '}'); end++) {
        if (quoted && *end == '\\' && end[1])
            end++;
        else if (*end == '"')
            quoted = !quoted;
    }
    if (!*end)
        return TOKEN_BAD;
    p->at++;
    take(p, (size_t)(end - p->at));
    p->at++;
    return TOKEN_PATH;
}

static size_t span(const char *text, const char *more)
{
    size_t length = 0;

    while (text[length] && (isalnum((unsigned char)text[length]) || strchr(more, text[length])))
        length++;
    return length;
}

static void next(struct parser *p)
{
    static const char *const pairs[] = {"<=", ">=", "<>", "!="};

    while (isspace((unsigned char)*p->at))
        p->at++;
    if (!*p->at)
        p->token = TOKEN_END;
    else if (*p->at == '\'' || *p->at == '"')
        p->token = read_string(p);
    else if (*p->at == '{')
        p->token = read_path(p);
    else if (isdigit((unsigned char)*p->at) ||
             (*p->at == '-' && isdigit((unsigned char)p->at[1]))) {
        p->token = TOKEN_NUMBER;
        take(p, 1 + span(p->at + 1, "."));
    } else if (isalpha((unsigned char)*p->at) || *p->at == '_') {
        p->token = TOKEN_NAME;
        take(p, span(p->at, "_."));
    } else {
        size_t length = 1;

        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
            if (!strncmp(p->at, pairs[i], 2))
                length = 2;
        p->token = TOKEN_SIGN;
        take(p, length);
    }
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->token == TOKEN_NAME && !_stricmp(p->text, word);
}

static bool is_sign(const struct parser *p, const char *sign)
{
    return p->token == TOKEN_SIGN && !strcmp(p->text, sign);
}

/* Moves on when it is that word. */
static bool eat(struct parser *p, const char *word)
{
    if (!is_word(p, word))
        return false;
    next(p);
    return true;
}

static char *take_name(struct parser *p)
{
    char *name;

    if (p->token != TOKEN_NAME)
        return NULL;
    name = emulator_copy(p->text);
    next(p);
    return name;
}

/* ---- WHERE ---- */

static struct condition *condition_new(enum condition_kind kind)
{
    struct condition *made = emulator_grow(NULL, sizeof(*made));

    memset(made, 0, sizeof(*made));
    made->kind = kind;
    return made;
}

static bool read_operator(struct parser *p, enum condition_operator *ret)
{
    static const struct {
        const char *sign;
        enum condition_operator is;
    } signs[] = {
        {"=", OPERATOR_EQUAL},
        {"<>", OPERATOR_UNEQUAL},
        {"!=", OPERATOR_UNEQUAL},
        {"<", OPERATOR_LESS},
        {"<=", OPERATOR_LESS_EQUAL},
        {">", OPERATOR_GREATER},
        {">=", OPERATOR_GREATER_EQUAL},
    };

    if (eat(p, "LIKE"))
        *ret = OPERATOR_LIKE;
    else if (eat(p, "ISA"))
        *ret = OPERATOR_ISA;
    else if (eat(p, "IS")) {
        *ret = eat(p, "NOT") ? OPERATOR_NOT_NULL : OPERATOR_NULL;
        return eat(p, "NULL");
    } else {
        for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
            if (is_sign(p, signs[i].sign)) {
                *ret = signs[i].is;
                next(p);
                return true;
            }
        return false;
    }
    return p->token == TOKEN_STRING;
}

static bool read_operand(struct parser *p, struct condition *test)
{
    char *end;

    if (p->token == TOKEN_STRING)
        test->literal = cJSON_CreateString(p->text);
    else if (p->token == TOKEN_NUMBER) {
        test->literal = cJSON_CreateNumber(strtod(p->text, &end));
        if (*end)
            return false;
    } else if (is_word(p, "TRUE") || is_word(p, "FALSE"))
        test->literal = cJSON_CreateBool(is_word(p, "TRUE"));
    else if (is_word(p, "NULL")) {
        if (test->operation != OPERATOR_EQUAL && test->operation != OPERATOR_UNEQUAL)
            return false;
        test->operation = test->operation == OPERATOR_EQUAL ? OPERATOR_NULL : OPERATOR_NOT_NULL;
    } else if (p->token == TOKEN_NAME)
        test->other = emulator_copy(p->text);
    else
        return false;
    next(p);
    return true;
}

static struct condition *read_or(struct parser *p);

static struct condition *read_test(struct parser *p)
{
    struct condition *test;

    if (is_sign(p, "(")) {
        next(p);
        test = p->depth++ < DEPTH_MAX ? read_or(p) : NULL;
        if (test && is_sign(p, ")")) {
            next(p);
            return test;
        }
        condition_free(test);
        return NULL;
    }
    if (is_word(p, "NOT")) {
        next(p);
        test = condition_new(CONDITION_NOT);
        test->left = p->depth++ < DEPTH_MAX ? read_test(p) : NULL;
        if (test->left)
            return test;
        condition_free(test);
        return NULL;
    }
    test = condition_new(CONDITION_TEST);
    test->property = take_name(p);
    if (test->property && read_operator(p, &test->operation) &&
        (test->operation == OPERATOR_NULL || test->operation == OPERATOR_NOT_NULL ||
         read_operand(p, test)))
        return test;
    condition_free(test);
    return NULL;
}

static struct condition *
join(enum condition_kind kind, struct condition *left, struct condition *right)
{
    struct condition *both;

    if (!left || !right) {
        condition_free(left);
        condition_free(right);
        return NULL;
    }
    both = condition_new(kind);
    both->left = left;
    both->right = right;
    return both;
}

static struct condition *read_and(struct parser *p)
{
    struct condition *left = read_test(p);

    while (left && eat(p, "AND"))
        left = join(CONDITION_AND, left, read_test(p));
    return left;
}

static struct condition *read_or(struct parser *p)
{
    struct condition *left = read_and(p);

    while (left && eat(p, "OR"))
        left = join(CONDITION_OR, left, read_and(p));
    return left;
}

/* ---- statements ---- */

static bool read_list(struct parser *p)
{
    if (is_sign(p, "*")) {
        next(p);
        return true;
    }
    p->query->select = cJSON_CreateArray();
    for (;;) {
        char *name = take_name(p);

        if (!name)
            return false;
        cJSON_AddItemToArray(p->query->select, cJSON_CreateString(name));
        free(name);
        if (!is_sign(p, ","))
            return true;
        next(p);
    }
}

static bool read_select(struct parser *p)
{
    struct query *q = p->query;

    if (!read_list(p) || !eat(p, "FROM"))
        return false;
    q->class_name = take_name(p);
    if (!q->class_name)
        return false;
    if (eat(p, "WITHIN")) {
        if (p->token != TOKEN_NUMBER)
            return false;
        q->within = strtod(p->text, NULL);
        next(p);
    }
    if (eat(p, "WHERE")) {
        q->where = read_or(p);
        if (!q->where)
            return false;
    }
    return p->token == TOKEN_END;
}

static bool read_clause(struct parser *p)
{
    struct query *q = p->query;
    const struct {
        const char *word;
        char **into;
    } clauses[] = {
        {"AssocClass", &q->association},
        {"ResultClass", &q->result},
        {"Role", &q->role},
        {"ResultRole", &q->result_role},
    };

    if (eat(p, "ClassDefsOnly") || eat(p, "SchemaOnly")) {
        q->definitions_only = true;
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(clauses); i++)
        if (is_word(p, clauses[i].word) && !*clauses[i].into) {
            next(p);
            if (!is_sign(p, "="))
                return false;
            next(p);
            *clauses[i].into = take_name(p);
            return *clauses[i].into != NULL;
        }
    return false;
}

static bool read_associators(struct parser *p)
{
    if (!eat(p, "OF") || p->token != TOKEN_PATH)
        return false;
    p->query->path = emulator_copy(p->text);
    next(p);
    if (p->token == TOKEN_END)
        return true;
    if (!eat(p, "WHERE"))
        return false;
    do {
        if (!read_clause(p))
            return false;
    } while (p->token != TOKEN_END);
    return true;
}

static HRESULT check_select(struct query *query)
{
    const cJSON *name;

    query->class = schema_class(query->space, query->class_name);
    if (!query->class)
        return (HRESULT)WBEM_E_INVALID_CLASS;
    cJSON_ArrayForEach(
        name, query->select) if (strncmp(name->valuestring, "__", 2) &&
                                 !schema_property(query->class, name->valuestring)) return (HRESULT)
        WBEM_E_INVALID_QUERY;
    return condition_valid(query->where, query->class) ? S_OK : (HRESULT)WBEM_E_INVALID_QUERY;
}

/* Names of classes in an association query must be classes. */
static HRESULT check_classes(const struct query *query)
{
    const char *const names[] = {query->association, query->result};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i] && !schema_class(query->space, names[i]))
            return (HRESULT)WBEM_E_INVALID_CLASS;
    return S_OK;
}

HRESULT query_parse(const char *space, const char *text, struct query *ret_query)
{
    struct parser parser = {.at = text, .query = ret_query};
    bool ok;

    memset(ret_query, 0, sizeof(*ret_query));
    ret_query->space = space;
    ret_query->within = -1;
    next(&parser);
    if (eat(&parser, "SELECT"))
        ok = read_select(&parser);
    else if (eat(&parser, "ASSOCIATORS")) {
        ret_query->kind = QUERY_ASSOCIATORS;
        ok = read_associators(&parser);
    } else {
        ret_query->kind = QUERY_REFERENCES;
        ok = eat(&parser, "REFERENCES") && read_associators(&parser);
    }
    free(parser.text);
    if (!ok)
        return (HRESULT)WBEM_E_INVALID_QUERY;
    return ret_query->kind == QUERY_SELECT ? check_select(ret_query) : check_classes(ret_query);
}

void query_done(struct query *query)
{
    cJSON_Delete(query->select);
    condition_free(query->where);
    free(query->class_name);
    free(query->path);
    free(query->association);
    free(query->result);
    free(query->role);
    free(query->result_role);
    memset(query, 0, sizeof(*query));
}

bool query_matches(const struct query *query,
                   const struct schema_class *class,
                   const cJSON *properties)
{
    return schema_is_a(class, query->class->name) &&
           condition_true(query->where, class, properties);
}
