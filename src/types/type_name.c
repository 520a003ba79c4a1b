/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses the names of types, and normalises their spelling. */
#include "type_name.h"

#include <stdio.h>
#include <string.h>

const char *mo_name_space_prefix(enum mo_name_space space)
{
	switch (space) {
	case MO_NAME_STRUCT:
		return "struct ";
	case MO_NAME_UNION:
		return "union ";
	case MO_NAME_ENUM:
		return "enum ";
	case MO_NAME_ENUMERATOR:
		return "enumerator ";
	case MO_NAME_VARIABLE:
		return "variable ";
	case MO_NAME_PLAIN:
		break;
	}
	return "";
}

/* What the words of an integer type's name say, in whatever order. */
struct integer_words {
	unsigned n_long;
	unsigned n_int;
	bool is_short, is_signed, is_unsigned, is_char, is_int128, is_bool;
};

static bool count_word(struct integer_words *words, const char *word, size_t length)
{
	static const char *const known[] = { "long", "int", "short", "signed", "unsigned", "char", "__int128", "_Bool" };
	size_t i = 0;

	while (i < sizeof(known) / sizeof(known[0]) && !(strlen(known[i]) == length && !memcmp(known[i], word, length)))
		i++;
	switch (i) {
	case 0:
		words->n_long++;
		return words->n_long <= 2;
	case 1:
		words->n_int++;
		return words->n_int <= 1;
	case 2:
		words->is_short = true;
		return true;
	case 3:
		words->is_signed = true;
		return true;
	case 4:
		words->is_unsigned = true;
		return true;
	case 5:
		words->is_char = true;
		return true;
	case 6:
		words->is_int128 = true;
		return true;
	case 7:
		words->is_bool = true;
		return true;
	default:
		return false;
	}
}

const char *mo_type_name_integer(const char *name)
{
	struct integer_words words = { .n_long = 0 };
	unsigned n_words = 0;
	bool is_unsigned;

	while (*name) {
		size_t length = strcspn(name, " ");

		if (length && (!count_word(&words, name, length) || ++n_words > 4))
			return NULL;
		name += length + strspn(name + length, " ");
	}
	is_unsigned = words.is_unsigned;
	if (!n_words || (is_unsigned && words.is_signed) ||
	    words.is_short + words.is_char + words.is_int128 + words.is_bool + (words.n_long > 0) > 1)
		return NULL;
	if (words.is_bool)
		return n_words == 1 ? "_Bool" : NULL;
	if (words.is_char)
		return words.n_int ? NULL : is_unsigned ? "unsigned char" : words.is_signed ? "signed char" : "char";
	if (words.is_int128)
		return is_unsigned ? "unsigned __int128" : "__int128";
	if (words.is_short)
		return is_unsigned ? "unsigned short" : "short";
	if (words.n_long == 2)
		return is_unsigned ? "unsigned long long" : "long long";
	if (words.n_long == 1)
		return is_unsigned ? "unsigned long" : "long";
	return is_unsigned ? "unsigned int" : "int";
}

const char *mo_type_name_spelling(const char *canonical, unsigned index)
{
	/* gcc's spelling first, then clang's where it differs from the canonical one. */
	static const char *const others[][3] = {
		{ "long", "long int", NULL },
		{ "unsigned long", "long unsigned int", NULL },
		{ "short", "short int", NULL },
		{ "unsigned short", "short unsigned int", NULL },
		{ "long long", "long long int", NULL },
		{ "unsigned long long", "long long unsigned int", NULL },
		{ "unsigned __int128", "__int128 unsigned", NULL },
	};

	if (!index)
		return canonical;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strcmp(others[i][0], canonical))
			return index < 3 ? others[i][index] : NULL;
	}
	return NULL;
}

bool mo_type_name_is_sane(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++) {
		if (i >= MO_TYPE_NAME_BYTES || (unsigned char)name[i] < 0x20 || (unsigned char)name[i] > 0x7e)
			return false;
	}
	return i > 0;
}

/* Copies words, with one space between them. false: it does not fit, or is not printable. */
static bool squeeze(const char *text, char *ret, size_t n_bytes)
{
	size_t length = 0;

	for (; *text; text++) {
		bool is_space = *text == ' ' || *text == '\t';

		if (is_space && (!length || ret[length - 1] == ' '))
			continue;
		if (length + 1 >= n_bytes || (!is_space && ((unsigned char)*text <= 0x20 || (unsigned char)*text > 0x7e)))
			return false;
		ret[length++] = is_space ? ' ' : *text;
	}
	if (length && ret[length - 1] == ' ')
		length--;
	ret[length] = '\0';
	return length > 0;
}

static struct mo_error *set_key(struct mo_type_name *name, enum mo_name_space space, const char *tag)
{
	const char *prefix = mo_name_space_prefix(space);

	name->space = space;
	name->tag_length = strlen(tag);
	(void)snprintf(name->key, sizeof(name->key), "%s%s", prefix, tag);
	name->tag = name->key + strlen(prefix);
	return NULL;
}

void mo_type_name_copy(struct mo_type_name *to, const struct mo_type_name *from)
{
	size_t prefix_length = (size_t)(from->tag - from->key);

	if (to == from)
		return;
	*to = *from;
	to->tag = to->key + prefix_length;
}

struct mo_error *mo_type_name_parse(const char *text, struct mo_type_name *ret)
{
	enum mo_name_space space = MO_NAME_PLAIN;
	char squeezed[MO_TYPE_NAME_BYTES];
	const char *tag = squeezed;
	const char *integer;

	if (!text || !squeeze(text, squeezed, sizeof(squeezed)))
		return mo_error_create(MO_E_INVALID, "not the name of a type: \"%.80s\"", text ? text : "");
	for (enum mo_name_space i = MO_NAME_STRUCT; i <= MO_NAME_ENUM; i++) {
		const char *prefix = mo_name_space_prefix(i);

		if (!strncmp(squeezed, prefix, strlen(prefix))) {
			space = i;
			tag = squeezed + strlen(prefix);
		}
	}
	integer = space == MO_NAME_PLAIN ? mo_type_name_integer(tag) : NULL;
	if (integer)
		return set_key(ret, space, integer);
	if ((strchr(tag, ' ') && strcmp(tag, "long double")) || !strcmp(tag, "struct") || !strcmp(tag, "union") ||
	    !strcmp(tag, "enum"))
		return mo_error_create(MO_E_INVALID, "not the name of a type: \"%s\"", squeezed);
	return set_key(ret, space, tag);
}

struct mo_error *mo_type_name_parse_tag(enum mo_name_space space, const char *tag, struct mo_type_name *ret)
{
	char squeezed[MO_TYPE_NAME_BYTES];

	if (!tag || !squeeze(tag, squeezed, sizeof(squeezed)) || strchr(squeezed, ' '))
		return mo_error_create(MO_E_INVALID, "not the name of %s: \"%.80s\"",
				       space == MO_NAME_ENUMERATOR ? "an enumerator" :
				       space == MO_NAME_VARIABLE ? "a variable" : "a type", tag ? tag : "");
	return set_key(ret, space, squeezed);
}

struct mo_error *mo_type_name_parse_enumerator(const char *text, struct mo_type_name *ret)
{
	return mo_type_name_parse_tag(MO_NAME_ENUMERATOR, text, ret);
}
