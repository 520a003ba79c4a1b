/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BTF with types of all kinds, right at first, then damaged anywhere; a module's on top of it, too. What must hold: no
 * crash, no hang, and what is handed out is sound. Deterministic; the number of rounds may be given, or --write-seeds DIR.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btf_format.h"
#include "btf_writer.h"
#include "type_source.h"
#include "type_walk.h"

#define DEFAULT_ROUNDS 20000

static const char *const names[] = {
	"struct page", "struct list_head", "struct bits", "struct old_bits", "union mixed", "enum zone_type", "enum wide",
	"gfp_t", "row_t", "callback_t", "unsigned int", "double", "struct leaker", "enumerator ZONE_DMA",
	"enumerator WIDE_TOP", "enumerator NOTHING",
};

struct base_types {
	uint32_t u32, u64, flt, odd, list_head, list_head_pointer, forward_pointer;
};

static struct base_types write_base(struct btf_writer *writer)
{
	struct base_types base = {
		.u32 = btf_add_int(writer, "unsigned int", 4, 0, 0, 32),
		.u64 = btf_add_int(writer, "long unsigned int", 8, 0, 0, 64),
		.flt = btf_add_head(writer, "double", MO_BTF_FLOAT, false, 0, 8),
		.odd = btf_add_int(writer, "unsigned int", 4, 0, 3, 5),
	};
	uint32_t forward;

	base.list_head_pointer = writer->n_types + 1;
	base.list_head = btf_add_struct(writer, MO_BTF_STRUCT, "list_head", 16, 2);
	btf_add_member(writer, "next", base.list_head_pointer, 0);
	btf_add_member(writer, "prev", base.list_head_pointer, 64);
	(void)btf_add_reference(writer, MO_BTF_PTR, NULL, base.list_head);
	forward = btf_add_head(writer, "leaker", MO_BTF_FWD, false, 0, 0);
	base.forward_pointer = btf_add_reference(writer, MO_BTF_PTR, NULL, forward);
	return base;
}

static void write_enums(struct btf_writer *writer)
{
	(void)btf_add_head(writer, "zone_type", MO_BTF_ENUM, true, 2, 4);
	btf_add_enumerator(writer, "ZONE_DMA", 0);
	btf_add_enumerator(writer, "ZONE_MINUS", -1);
	(void)btf_add_head(writer, "wide", MO_BTF_ENUM64, false, 2, 8);
	btf_add_enumerator64(writer, "WIDE_TOP", INT64_MIN);
	btf_add_enumerator64(writer, "WIDE_ONE", 1);
}

static uint32_t write_function(struct btf_writer *writer, const struct base_types *base)
{
	uint32_t function = btf_add_head(writer, NULL, MO_BTF_FUNC_PROTO, false, 3, base->u32);
	uint32_t pointer;

	btf_add_parameter(writer, "head", base->list_head_pointer);
	btf_add_parameter(writer, NULL, base->u64);
	btf_add_parameter(writer, NULL, 0);
	(void)btf_add_head(writer, "kfree", MO_BTF_FUNC, false, 1, function);
	pointer = btf_add_reference(writer, MO_BTF_PTR, NULL, function);
	return btf_add_reference(writer, MO_BTF_TYPEDEF, "callback_t", pointer);
}

static void write_kernel(struct btf_writer *writer)
{
	struct base_types base;
	uint32_t array, row, rows, inner, anonymous, constant, tagged, callback;

	btf_writer_init(writer);
	base = write_base(writer);
	write_enums(writer);
	callback = write_function(writer, &base);
	array = btf_add_array(writer, base.u32, 6);
	row = btf_add_reference(writer, MO_BTF_TYPEDEF, "row_t", array);
	rows = btf_add_array(writer, row, 3);
	constant = btf_add_reference(writer, MO_BTF_CONST, NULL, base.u64);
	tagged = btf_add_reference(writer, MO_BTF_TYPE_TAG, "user", constant);
	(void)btf_add_reference(writer, MO_BTF_TYPEDEF, "gfp_t", base.u32);
	inner = btf_add_struct(writer, MO_BTF_STRUCT, NULL, 24, 2);
	btf_add_member(writer, "index", tagged, 0);
	btf_add_member(writer, "lru", base.list_head, 64);
	anonymous = btf_add_struct(writer, MO_BTF_UNION, NULL, 72, 2);
	btf_add_member(writer, NULL, inner, 0);
	btf_add_member(writer, "rows", rows, 0);
	(void)btf_add_struct(writer, MO_BTF_STRUCT, "page", 96, 4);
	btf_add_member(writer, "flags", base.u64, 0);
	btf_add_member(writer, NULL, anonymous, 64);
	btf_add_member(writer, "callback", callback, 640);
	btf_add_member(writer, "owner", base.forward_pointer, 704);
	(void)btf_add_bitfield_struct(writer, "bits", 8, 2);
	btf_add_bitfield(writer, "order", base.u32, 0, 7);
	btf_add_bitfield(writer, "objects", base.u32, 7, 25);
	(void)btf_add_struct(writer, MO_BTF_STRUCT, "old_bits", 8, 1);
	btf_add_member(writer, "bits", base.odd, 32);
	(void)btf_add_struct(writer, MO_BTF_UNION, "mixed", 8, 2);
	btf_add_member(writer, "d", base.flt, 0);
	btf_add_member(writer, "p", base.list_head_pointer, 0);
}

static struct btf_bytes write_module(const struct btf_writer *kernel)
{
	struct btf_writer writer;
	struct btf_bytes written;

	btf_writer_init_split(&writer, kernel);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "leaker", 16, 2);
	btf_add_member(&writer, "a", 1, 0);
	btf_add_member(&writer, "b", 2, 64);
	written = btf_write(&writer);
	btf_writer_deinit(&writer);
	return written;
}

/* A copy of just that size, so that a sanitizer sees what is read behind it; sometimes cut short. */
static uint8_t *copy_damaged(struct type_fuzzer *fuzzer, const struct btf_bytes *sound, bool is_damaged, size_t *n_bytes)
{
	uint8_t *bytes;

	*n_bytes = sound->n_bytes;
	if (is_damaged && !fuzz_random(fuzzer, 20))
		*n_bytes = 1 + fuzz_random(fuzzer, sound->n_bytes);
	bytes = malloc(*n_bytes);
	fuzz_demand(fuzzer, bytes != NULL, "no memory");
	memcpy(bytes, sound->bytes, *n_bytes);
	if (is_damaged)
		fuzz_damage(fuzzer, bytes, *n_bytes);
	return bytes;
}

static void run_round(struct type_fuzzer *fuzzer, const struct btf_bytes *kernel, const struct btf_bytes *module)
{
	bool is_kernel_damaged = fuzzer->round && fuzz_random(fuzzer, 4);
	size_t kernel_bytes, module_bytes;
	uint8_t *kernel_copy = copy_damaged(fuzzer, kernel, is_kernel_damaged, &kernel_bytes);
	uint8_t *module_copy = copy_damaged(fuzzer, module, fuzzer->round && fuzz_random(fuzzer, 2), &module_bytes);
	struct mo_types *types = NULL;
	struct mo_error *error = mo_types_open_btf("the fuzzer", kernel_copy, kernel_bytes, &types);

	free(kernel_copy);
	if (error) {
		fuzz_demand(fuzzer, is_kernel_damaged, "sound BTF was refused");
		fuzzer->n_refused++;
	} else {
		fuzzer->n_opened++;
		mo_error_destroy(mo_types_add_btf_module(types, "leaker", module_copy, module_bytes));
		fuzz_look_up(fuzzer, types, names, sizeof(names) / sizeof(names[0]));
		mo_types_destroy(types);
	}
	mo_error_destroy(error);
	free(module_copy);
}

/* As target_btf.c takes it: how long the kernel's is, the kernel's, the module's. */
static int write_seed(const char *directory, const struct btf_bytes *kernel, const struct btf_bytes *module)
{
	const uint8_t head[4] = { (uint8_t)kernel->n_bytes, (uint8_t)(kernel->n_bytes >> 8), (uint8_t)(kernel->n_bytes >> 16), 0 };
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/kernel-and-module", directory);
	file = fopen(path, "wb");
	if (!file || fwrite(head, 1, 4, file) != 4 || fwrite(kernel->bytes, 1, kernel->n_bytes, file) != kernel->n_bytes ||
	    fwrite(module->bytes, 1, module->n_bytes, file) != module->n_bytes || fclose(file)) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct type_fuzzer fuzzer = { .name = "fuzz-btf", .random = 0x9e3779b97f4a7c15ull };
	unsigned long n_rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : DEFAULT_ROUNDS;
	struct btf_writer writer;
	struct btf_bytes kernel, module;
	int status = 0;

	write_kernel(&writer);
	kernel = btf_write(&writer);
	module = write_module(&writer);
	if (argc == 3 && !strcmp(argv[1], "--write-seeds")) {
		status = write_seed(argv[2], &kernel, &module);
		n_rounds = 0;
	}
	for (fuzzer.round = 0; fuzzer.round < n_rounds; fuzzer.round++) {
		run_round(&fuzzer, &kernel, &module);
		if (!fuzzer.round)
			fuzz_demand(&fuzzer, fuzzer.n_absent == 1 && !fuzzer.n_broken, "sound BTF is not read whole");
	}
	fuzz_report(&fuzzer);
	btf_writer_deinit(&writer);
	free(kernel.bytes);
	free(module.bytes);
	return status;
}
