/* The XML reader: what it reads, and everything that it refuses. */
#include "tests/support/expect.h"

#include "host/image/wim_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BYTES 1024

/* Reads the whole text and writes what happened: <a x=1> text </a> with one space between events.
 */
static bool read_all(const char *text, char log[LOG_BYTES], struct err *err)
{
    enum wim_xml_event event = WIM_XML_TEXT;
    struct wim_xml xml;

    log[0] = 0;
    wim_xml_init(&xml, text, strlen(text), "test");
    while (event != WIM_XML_DONE) {
        size_t used = strlen(log);
        char decoded[200] = "";

        if (!wim_xml_next(&xml, &event, err))
            return false;
        if (event == WIM_XML_START) {
            used += (size_t)snprintf(
                log + used, LOG_BYTES - used, "<%.*s", (int)xml.name.length, xml.name.at);
            for (size_t i = 0; i < xml.attribute_count; i++) {
                decoded[0] = 0;
                wim_xml_decode(xml.attributes[i].value, false, decoded, sizeof decoded);
                used += (size_t)snprintf(log + used,
                                         LOG_BYTES - used,
                                         " %.*s=%s",
                                         (int)xml.attributes[i].name.length,
                                         xml.attributes[i].name.at,
                                         decoded);
            }
            snprintf(log + used, LOG_BYTES - used, "> ");
        } else if (event == WIM_XML_TEXT) {
            wim_xml_decode(xml.text, xml.literal, decoded, sizeof decoded);
            snprintf(log + used, LOG_BYTES - used, "%s ", decoded);
        } else if (event == WIM_XML_END) {
            snprintf(log + used, LOG_BYTES - used, "</%.*s> ", (int)xml.name.length, xml.name.at);
        }
    }
    return true;
}

static void what_is_well_formed_is_read(void **state)
{
    static const struct {
        const char *text, *events;
    } rows[] = {
        {"<a/>", "<a> </a> "},
        {"<a></a>", "<a> </a> "},
        {" \n<a ></a >\t", "<a> </a> "},
        {"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>x</a>", "<a> x </a> "},
        {"<a><b>1</b><b>2</b></a>", "<a> <b> 1 </b> <b> 2 </b> </a> "},
        {"<a INDEX=\"1\" x='&lt;\"&gt;'/>", "<a INDEX=1 x=<\">> </a> "},
        {"<a\n\tx = '1'\r\n y= \"2\" />", "<a x=1 y=2> </a> "},
        {"<a>&lt;&amp;&gt;&quot;&apos;</a>", "<a> <&>\"' </a> "},
        {"<a>&#65;&#x42;&#x4e2d;&#x1F600;</a>", "<a> AB\xe4\xb8\xad\xf0\x9f\x98\x80 </a> "},
        {"<a>x<!-- <b> -- & -->y</a>", "<a> x y </a> "},
        {"<!-- before --><a/><!-- behind -->", "<a> </a> "},
        {"<a>x<?php <b> ?>y</a>", "<a> x y </a> "},
        {"<a><![CDATA[<b>&amp;]]>]]&gt;</a>", "<a> <b>&amp; ]]> </a> "},
        {"<\xe4\xb8\xad>\xe6\x96\x87</\xe4\xb8\xad>",
         "<\xe4\xb8\xad> \xe6\x96\x87 </\xe4\xb8\xad> "},
        {"<_a.b-c:d/>", "<_a.b-c:d> </_a.b-c:d> "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        char log[LOG_BYTES];

        if (!read_all(rows[i].text, log, &err))
            fail_msg("%s: %s at %s", rows[i].text, text_row(err.message)->name, err.args[1]);
        assert_string_equal(log, rows[i].events);
    }
}

static void what_is_not_well_formed_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "  ",
        "x",
        "<",
        "<a",
        "<a>",
        "<a/",
        "<a/>x",
        "x<a/>",
        "<a/><b/>",
        "</a>",
        "<a></b>",
        "<a><b></a></b>",
        "<a></a",
        "<a></a x='1'>",
        "< a/>",
        "<1/>",
        "<a b/>",
        "<a b=/>",
        "<a b=c/>",
        "<a b='c/>",
        "<a b='<'/>",
        "<a b='1' b='2'/>",
        "<a b='1'c='2'/>",
        "<a>&</a>",
        "<a>&;</a>",
        "<a>&lt</a>",
        "<a>&nbsp;</a>",
        "<a>&LT;</a>",
        "<a>&lt ;</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#xZ;</a>",
        "<a>&#0;</a>",
        "<a>&#8;</a>",
        "<a>&#xD800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#99999999999999;</a>",
        "<a>&#-1;</a>",
        "<a b='&x;'/>",
        "<a>\x01</a>",
        "<a>\x1b[2J</a>",
        "<a><!-- </a>",
        "<a><![CDATA[x</a>",
        "<![CDATA[x]]>",
        "<a><? </a>",
        "<a><!x></a>",
        "<a/ >",
        "<a//>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        char log[LOG_BYTES];

        if (read_all(rows[i], log, &err))
            fail_msg("\"%s\" was read: %s", rows[i], log);
        assert_int_equal(err.kind, ERR_BAD_INPUT);
        assert_int_equal(err.message, TEXT_IMAGE_XML_BAD);
    }
}

static void document_types_and_with_them_bombs_are_refused(void **state)
{
    static const char *const rows[] = {
        "<!DOCTYPE WIM><WIM/>",
        "<!DOCTYPE l [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;\">]><WIM>&b;</WIM>",
        "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><WIM/>",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE WIM [<!ELEMENT WIM ANY>]><WIM/>",
        "<WIM><!ENTITY a \"b\"></WIM>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        char log[LOG_BYTES];

        assert_false(read_all(rows[i], log, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_string_equal(err.args[1], "DOCTYPE");
    }
}

static void depth_names_and_attributes_have_limits(void **state)
{
    char text[LOG_BYTES * 4], log[LOG_BYTES];
    struct err err = ERR_INIT;

    (void)state;
    text[0] = 0;
    for (int i = 0; i < WIM_XML_DEPTH; i++)
        strcat(text, "<a>");
    for (int i = 0; i < WIM_XML_DEPTH; i++)
        strcat(text, "</a>");
    expect_done(read_all(text, log, &err), &err);
    memmove(text + 3, text, strlen(text) + 1);
    memcpy(text, "<a>", 3);
    strcat(text, "</a>");
    assert_false(read_all(text, log, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_string_equal(err.args[1], "depth");

    strcpy(text, "<a");
    for (int i = 0; i <= WIM_XML_ATTRIBUTES; i++)
        snprintf(text + strlen(text), 20, " a%d=''", i);
    strcat(text, "/>");
    assert_false(read_all(text, log, &err));
    assert_string_equal(err.args[1], "attributes");

    memset(text, 'a', sizeof text);
    text[0] = '<';
    memcpy(text + 1 + WIM_XML_NAME, "/>", 3);
    expect_done(read_all(text, log, &err), &err);
    memcpy(text + 1 + WIM_XML_NAME, "a/>", 4);
    assert_false(read_all(text, log, &err));
    assert_string_equal(err.args[1], "name");
}

static void long_text_is_cut_at_a_character(void **state)
{
    static const char text[] = "ab\xe4\xb8\xad&amp;&#x4e2d;cd";
    const struct wim_xml_span span = {text, sizeof text - 1};

    (void)state;
    for (size_t size = 1; size < 20; size++) {
        char out[20] = "";

        wim_xml_decode(span, false, out, size);
        assert_true(strlen(out) < size);
        assert_true(text_is_utf8(out, strlen(out)));
        assert_memory_equal(out,
                            "ab\xe4\xb8\xad&\xe4\xb8\xad"
                            "cd",
                            strlen(out));
    }
}

static void every_prefix_of_a_description_is_survived(void **state)
{
    static const char text[] =
        "<WIM><!-- c --><IMAGE "
        "INDEX=\"1\"><NAME>&lt;\xe4\xb8\xad<![CDATA[x]]></NAME></IMAGE></WIM>";

    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        char part[sizeof text], log[LOG_BYTES];
        struct err err = ERR_INIT;

        memcpy(part, text, length);
        part[length] = 0;
        assert_false(read_all(part, log, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_well_formed_is_read),
        cmocka_unit_test(what_is_not_well_formed_is_refused),
        cmocka_unit_test(document_types_and_with_them_bombs_are_refused),
        cmocka_unit_test(depth_names_and_attributes_have_limits),
        cmocka_unit_test(long_text_is_cut_at_a_character),
        cmocka_unit_test(every_prefix_of_a_description_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
