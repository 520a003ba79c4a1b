/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts the lines of a JSON object together. */
#include "json_object.h"

#include <stdlib.h>

#include "text_lines.h"

struct json_object {
	char *chars;          /* MO_TEXT_MAX_LINE_BYTES */
	size_t n_bytes;
	unsigned depth;       /* of braces; 0: in no object */
	bool has_given;       /* an object: what it stood in ends with brackets alone on their lines */
};

struct json_object *json_object_create(void)
{
	struct json_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->chars = malloc(MO_TEXT_MAX_LINE_BYTES);
	if (!object->chars) {
		free(object);
		return NULL;
	}
	return object;
}

void json_object_destroy(struct json_object *object)
{
	if (!object)
		return;
	free(object->chars);
	free(object);
}

static struct cursor trimmed(struct cursor line)
{
	while (line.at < line.end && (*line.at == ' ' || *line.at == '\t'))
		line.at++;
	while (line.at < line.end && (line.end[-1] == ' ' || line.end[-1] == '\t'))
		line.end--;
	return line;
}

/* A brace alone begins an object, also behind one that ends. */
static bool is_opening(struct cursor line)
{
	return is_text(line, "{") || is_text(line, "},{") || is_text(line, "}, {") || is_text(line, "[{") ||
	       is_text(line, "[ {");
}

static bool is_closing(struct cursor line)
{
	return is_text(line, "}") || is_text(line, "]") || is_text(line, "]}");
}

/* What a line of JSON may begin with. */
static bool may_be_json(const struct json_object *object, struct cursor line)
{
	static const char literals[] = "\"}]-tfn";

	if (object->n_bytes == 1 && *line.at != '"' && *line.at != '}')
		return false;
	return is_digit(*line.at) || strchr(literals, *line.at);
}

static bool append(struct json_object *object, struct cursor line)
{
	if (cursor_left(&line) + 1 > MO_TEXT_MAX_LINE_BYTES - object->n_bytes)
		return false;
	if (object->n_bytes)
		object->chars[object->n_bytes++] = ' ';
	memcpy(object->chars + object->n_bytes, line.at, cursor_left(&line));
	object->n_bytes += cursor_left(&line);
	return true;
}

static void begin(struct json_object *object)
{
	object->chars[0] = '{';
	object->n_bytes = 1;
	object->depth = 1;
}

static enum json_object_state complete(struct json_object *object, struct cursor *ret)
{
	object->depth = 0;
	object->has_given = true;
	*ret = (struct cursor){ object->chars, object->chars + object->n_bytes };
	return JSON_OBJECT_COMPLETE;
}

enum json_object_state json_object_line(struct json_object *object, struct cursor line, struct cursor *ret)
{
	static const char may_begin[] = { '{', '}', '[', ']', ' ', '\t' };
	bool is_end;

	/* Nearly all lines of logs. */
	if (!object->depth && !memchr(may_begin, *line.at, sizeof(may_begin)))
		return JSON_OBJECT_NONE;
	line = trimmed(line);
	if (!cursor_left(&line))
		return object->depth ? JSON_OBJECT_MORE : JSON_OBJECT_NONE;
	is_end = *line.at == '}';
	if (is_opening(line)) {
		struct cursor brace = { line.at, line.at + 1 };
		bool is_last = is_end && object->depth == 1 && append(object, brace);

		if (is_last)
			complete(object, ret);
		begin(object); /* its only byte is what stood there */
		return is_last ? JSON_OBJECT_COMPLETE : JSON_OBJECT_MORE;
	}
	if (!object->depth)
		return object->has_given && is_closing(line) ? JSON_OBJECT_MORE : JSON_OBJECT_NONE;
	if (!may_be_json(object, line) || !append(object, line)) {
		object->depth = 0;
		return JSON_OBJECT_NONE;
	}
	if (is_end && !--object->depth)
		return complete(object, ret);
	object->depth += line.end[-1] == '{';
	return JSON_OBJECT_MORE;
}
