/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "type_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 400
#define DEPTH_MAX 200

uint64_t fuzz_random(struct type_fuzzer *fuzzer, uint64_t below)
{
	fuzzer->random ^= fuzzer->random << 13;
	fuzzer->random ^= fuzzer->random >> 7;
	fuzzer->random ^= fuzzer->random << 17;
	return fuzzer->random % below;
}

void fuzz_demand(const struct type_fuzzer *fuzzer, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s: round %lu: %s\n", fuzzer->name, fuzzer->round, what);
	abort();
}

static void count_error(struct type_fuzzer *fuzzer, struct mo_error *error)
{
	fuzz_demand(fuzzer, strlen(mo_error_text(error)) > 0, "an error without a text");
	if (mo_error_code(error) == MO_E_ABSENT)
		fuzzer->n_absent++;
	else
		fuzzer->n_broken++;
	mo_error_destroy(error);
}

static void walk(struct type_fuzzer *fuzzer, struct mo_types *types, const struct mo_type *type, unsigned depth);

static void walk_member(struct type_fuzzer *fuzzer, struct mo_types *types, const struct mo_type *type, uint32_t index,
			unsigned depth)
{
	const struct mo_type_member *member = &type->members[index];
	struct mo_type_path path;
	struct mo_error *error;

	fuzz_demand(fuzzer, member->type != NULL, "a member without a type");
	if (type->kind != MO_TYPE_FUNCTION) {
		uint64_t bits = member->bitfield_bits ? member->bitfield_bits : member->type->size_bytes * 8;

		fuzz_demand(fuzzer, member->offset_bits + bits <= type->size_bytes * 8, "a member outside of its struct");
		error = member->name ? mo_types_find_member(types, type, member->name, &path) : NULL;
		if (error)
			count_error(fuzzer, error);
	}
	walk(fuzzer, types, member->type, depth + 1);
}

static void walk(struct type_fuzzer *fuzzer, struct mo_types *types, const struct mo_type *type, unsigned depth)
{
	const struct mo_type *full = NULL;
	struct mo_error *error;
	char text[64];

	if (!fuzzer->n_steps_left || depth > DEPTH_MAX)
		return;
	fuzzer->n_steps_left--;
	fuzz_demand(fuzzer, mo_type_declare(type, "x", text, sizeof(text)) < 1 << 20, "a declaration without end");
	(void)mo_type_strip(type);
	error = mo_types_complete(types, type, &full);
	if (error)
		count_error(fuzzer, error);
	else if (full != type)
		walk(fuzzer, types, full, depth + 1);
	for (uint32_t i = 0; i < type->n_enumerators; i++)
		fuzz_demand(fuzzer, type->enumerators[i].name != NULL, "an enumerator without a name");
	for (uint32_t i = 0; i < type->n_members; i++)
		walk_member(fuzzer, types, type, i, depth);
	if (type->target)
		walk(fuzzer, types, type->target, depth + 1);
}

void fuzz_look_up(struct type_fuzzer *fuzzer, struct mo_types *types, const char *const *names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++) {
		bool is_enumerator = !strncmp(names[i], "enumerator ", 11);
		const struct mo_type *type = NULL;
		int64_t value;
		struct mo_error *error = is_enumerator ?
						 mo_types_find_enumerator(types, NULL, names[i] + 11, &value) :
						 mo_types_find(types, names[i], &type);

		if (error) {
			count_error(fuzzer, error);
			continue;
		}
		fuzzer->n_found++;
		fuzzer->n_steps_left = STEPS_MAX;
		if (type)
			walk(fuzzer, types, type, 0);
	}
}

void fuzz_damage(struct type_fuzzer *fuzzer, uint8_t *bytes, size_t n_bytes)
{
	unsigned n_places = 1 + (unsigned)fuzz_random(fuzzer, 6);

	while (n_places--) {
		size_t at = fuzz_random(fuzzer, n_bytes);

		switch (fuzz_random(fuzzer, 5)) {
		case 0:
			bytes[at] ^= (uint8_t)(1u << fuzz_random(fuzzer, 8));
			break;
		case 1:
			bytes[at] = (uint8_t)fuzz_random(fuzzer, 32);
			break;
		case 2:
			bytes[at] = 0xff;
			break;
		case 3:
			bytes[at] = bytes[fuzz_random(fuzzer, n_bytes)];
			break;
		default:
			at &= ~(size_t)3;
			for (size_t i = at; i < at + 4 && i < n_bytes; i++)
				bytes[i] = i == at ? (uint8_t)fuzz_random(fuzzer, 256) : 0;
			break;
		}
	}
}

void fuzz_report(const struct type_fuzzer *fuzzer)
{
	printf("%s: %lu rounds, %zu opened, %zu refused; %zu types found, %zu absent, %zu broken\n", fuzzer->name,
	       fuzzer->round, fuzzer->n_opened, fuzzer->n_refused, fuzzer->n_found, fuzzer->n_absent, fuzzer->n_broken);
}
