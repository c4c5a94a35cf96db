// libyaml's part: syntax, told with its line, and limits on what is loaded.
#include "gateway/common/config_work.h"

#define DEPTH_MAX  16 // the key table is five deep
#define ANCHOR_MAX 1000

// libyaml knows the line of a syntax error, but only the byte of a character that is none.
static unsigned problem_line(const yaml_parser_t *parser, const char *text, size_t length)
{
    if (parser->error != YAML_READER_ERROR) {
        return (unsigned)parser->problem_mark.line + 1;
    }
    unsigned line = 1;
    for (size_t i = 0; i < length && i < parser->problem_offset; i++) {
        line += text[i] == '\n';
    }
    return line;
}

static void tell_syntax(struct work *work, const yaml_parser_t *parser, const char *text, size_t length)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        work->out_of_memory = true;
        return;
    }
    const char *problem = parser->problem != NULL ? parser->problem : "it can't be read";
    const char *context = "";
    if (parser->context !=
        NULL) { // an open quote is noticed at the end of the file, far from where it stands
        context =
            phrase(work, "%s from line %u on: ", parser->context, (unsigned)parser->context_mark.line + 1);
    }
    tell_mistake_at(work, NULL, NULL, problem_line(parser, text, length),
                    phrase(work, "not YAML: %s%s", context, problem),
                    "look at colons, indents, quotes and tabs here and in the line before");
}

static bool parser_begin(struct work *work, yaml_parser_t *parser, const char *text, size_t length)
{
    if (yaml_parser_initialize(parser) == 0) {
        work->out_of_memory = true;
        return false;
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)text, length);
    return true;
}

struct shape {
    unsigned documents, depth, anchors;
    bool ended;
};

static void count_event(struct shape *shape, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    switch ((int)event->type) {
    case YAML_DOCUMENT_START_EVENT:
        shape->documents++;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        shape->depth++;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        shape->depth++;
        break;
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        shape->depth--;
        break;
    case YAML_STREAM_END_EVENT:
        shape->ended = true;
        break;
    }
    shape->anchors += anchor != NULL;
}

// True where the first document can be loaded, whether or not something was told.
static bool check_shape(struct work *work, struct shape *shape, unsigned line)
{
    if (shape->depth > DEPTH_MAX) {
        tell_mistake_at(work, NULL, NULL, line, "is nested too deeply",
                        "nothing in a configuration is so deep");
        return false;
    }
    if (shape->anchors > ANCHOR_MAX) {
        tell_mistake_at(work, NULL, NULL, line, "has too many anchors (&)",
                        phrase(work, "use at most %d", ANCHOR_MAX));
        return false;
    }
    if (shape->documents > 1) {
        tell_mistake_at(work, NULL, NULL, line, "a second document begins here",
                        "write one configuration in one file, without ---");
        shape->ended = true;
    }
    return true;
}

bool yaml_shape(struct work *work, const char *text, size_t length)
{
    yaml_parser_t parser;
    if (!parser_begin(work, &parser, text, length)) {
        return false;
    }
    struct shape shape = { 0 };
    bool good = true;
    while (good && !shape.ended) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            tell_syntax(work, &parser, text, length);
            good = false;
            break;
        }
        count_event(&shape, &event);
        good = check_shape(work, &shape, (unsigned)event.start_mark.line + 1);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return good;
}

bool yaml_read(struct work *work, const char *text, size_t length, yaml_document_t *ret_document)
{
    yaml_parser_t parser;
    if (!parser_begin(work, &parser, text, length)) {
        return false;
    }
    bool good = yaml_parser_load(&parser, ret_document) != 0;
    if (!good) {
        tell_syntax(work, &parser, text, length);
    }
    yaml_parser_delete(&parser);
    return good;
}
