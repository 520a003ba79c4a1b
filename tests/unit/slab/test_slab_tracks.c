/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Objects by who allocated or freed them: stacks inside of tracks and in stackdepot, and tracks that say nothing. */

#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

#define STORE_USER 0x10000u
#define OWN_KVA 0xffffffff85000000ull
#define JIFFIES OWN_KVA
#define POOLS (OWN_KVA + 0x100)
#define POOL (OWN_KVA + 0x1000)
#define CODE 0xffffffff86000000ull

#define SIZE 384u
#define OBJECT 64u  /* and the pointer to the next free object behind it */
#define TRACKS_AT 72u
#define PFN 5u

/* struct track of 5.10: addr, addrs[16], cpu, pid, when; of later kernels addr, handle, cpu, pid, when. */
#define OLD_TRACK_BYTES 152u
#define NEW_TRACK_BYTES 32u
#define TRACK(member_name, offset, n) { .type = "struct track", .member = member_name, .offset_bytes = offset, .bytes = n }
#define PID(offset) \
	{ .type = "struct track", .member = "pid", .offset_bytes = offset, .bytes = 4, .is_signed = true }

static const struct mo_fake_row old_rows[] = {
	{ .type = "struct track", .bytes = OLD_TRACK_BYTES },
	TRACK("addr", 0, 8),
	{ .type = "struct track", .member = "addrs", .offset_bytes = 8, .bytes = 8, .n_elements = 16 },
	PID(140),
	TRACK("when", 144, 8),
};
static const struct mo_fake_row new_rows[] = {
	{ .type = "struct track", .bytes = NEW_TRACK_BYTES },
	TRACK("addr", 0, 8),
	TRACK("handle", 8, 4),
	PID(16),
	TRACK("when", 24, 8),
	{ .type = "union handle_parts", .member = "pool_index", .offset_bytes = 0, .bytes = 4, .first_bit = 0, .n_bits = 16 },
	{ .type = "union handle_parts", .member = "offset", .offset_bytes = 0, .bytes = 4, .first_bit = 16, .n_bits = 10 },
	{ .type = "struct stack_record", .member = "size", .offset_bytes = 12, .bytes = 4 },
	{ .type = "struct stack_record", .member = "entries", .offset_bytes = 24, .bytes = 8, .is_flexible = true },
};
static const struct mo_fake_symbol own_symbols[] = {
	{ "toy_alloc", CODE, 0x100 }, { "toy_init", CODE + 0x100, 0x100 }, { "stack_pools", POOLS, 64 }, { "jiffies", JIFFIES, 8 },
};

static void start(struct toy *toy, bool is_old, bool has_jiffies)
{
	static const unsigned free_objects[] = { 3, 8 };
	const struct mo_fake own = { .rows = is_old ? old_rows : new_rows, .n_rows = is_old ? N_ROWS(old_rows) : N_ROWS(new_rows),
				     .symbols = own_symbols, .n_symbols = N_ROWS(own_symbols) - !has_jiffies };
	uint64_t cache_kva;

	toy_init_with(toy, is_old ? TOY_5_10 : TOY_7_1, &own);
	mo_fake_map(toy->kernel, OWN_KVA, 0x2000);
	mo_fake_put_u64(toy->kernel, JIFFIES, 10000);
	toy_cache(toy, "alpha", SIZE, OBJECT, 0);
	cache_kva = toy_cache_kva(0);
	mo_fake_put_u32(toy->kernel, cache_kva + 8, STORE_USER);
	mo_fake_put_u32(toy->kernel, cache_kva + 40, OBJECT);
	mo_fake_put_u32(toy->kernel, cache_kva + 72, OBJECT);
	toy->caches[0].offset = OBJECT;
	toy_slab(toy, 0, PFN, 2, free_objects);
	toy_argument = "alpha";
}

struct track {
	uint64_t caller, second; /* the stack; with a handle the second is that */
	int32_t pid;
	uint64_t when;
};

static void put_track(struct toy *toy, unsigned index, bool is_of_free, struct track track)
{
	bool is_old = toy->shape == TOY_5_10;
	uint64_t kva = toy_object_kva(toy, 0, PFN, index) + TRACKS_AT +
		       (is_of_free ? is_old ? OLD_TRACK_BYTES : NEW_TRACK_BYTES : 0);

	mo_fake_put_u64(toy->kernel, kva, track.caller);
	if (is_old) {
		mo_fake_put_u64(toy->kernel, kva + 8, track.caller);
		mo_fake_put_u64(toy->kernel, kva + 16, track.second);
	} else {
		mo_fake_put_u32(toy->kernel, kva + 8, (uint32_t)track.second);
	}
	mo_fake_put_u32(toy->kernel, kva + (is_old ? 140 : 16), (uint32_t)track.pid);
	mo_fake_put_u64(toy->kernel, kva + (is_old ? 144 : 24), track.when);
}

/* The view's text from its table of tracks on, with one blank where columns are apart. */
static char *shown(struct toy *toy, const char *flag)
{
	char *text = fake_run_flagged(toy->run, "slab", flag);
	const char *from = strstr(text, "STACK\n");
	char *to = text;

	assert_non_null(from);
	for (; *from; from++)
		if (*from != ' ' || (from[1] != ' ' && from[1] != '\n'))
			*to++ = *from;
	*to = '\0';
	return text;
}

static void expect_part(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text ? text : "nothing");
}

static void test_stacks_in_tracks(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, true, true);
	put_track(&toy, 0, false, (struct track){ CODE + 0x10, CODE + 0x120, 700, 9990 });
	put_track(&toy, 1, false, (struct track){ CODE + 0x10, CODE + 0x120, 5, 9900 });
	put_track(&toy, 2, false, (struct track){ CODE + 0x10, CODE + 0x120, 70, 9000 });
	put_track(&toy, 3, false, (struct track){ CODE + 0x10, CODE + 0x120, 1, 1 });      /* it is free */
	put_track(&toy, 4, false, (struct track){ CODE + 0x10, CODE + 0x140, 9, 9999 });   /* the same caller, another stack */
	put_track(&toy, 5, false, (struct track){ 0x4141414141414141, 0, -1, 10000 });
	put_track(&toy, 7, true, (struct track){ CODE + 0x180, 0, 33, 9000 });
	mo_fake_break(toy.kernel, toy_object_kva(&toy, 0, PFN, 9) + TRACKS_AT + 100, 1, MO_E_NOT_IN_DUMP);
	toy_gather(&toy);
	text = shown(&toy, "tracks");
	expect_part(text, " 3 1.1 KiB toy_alloc+0x10 10 370 1000 5 700 toy_alloc+0x10 < toy_init+0x20\n");
	expect_part(text, " 1 384 B toy_alloc+0x10 1 1 1 9 9 toy_alloc+0x10 < toy_init+0x40\n");
	expect_part(text, " 1 384 B 0x4141414141414141 0 0 0 -1 -1 0x4141414141414141\n");
	/* Two of whom nobody noted anything. */
	expect_part(text, " 2 768 B ? ? ? ? ? ? ?\n");
	expect_part(text, "The tracks of 1 object could not be read.");
	free(text);
	text = shown(&toy, "free-tracks");
	expect_part(text, " 1 384 B toy_init+0x80 1000 1000 1000 33 33 toy_init+0x80\n");
	free(text);
	toy_destroy(&toy);
}

/* A handle that leads nowhere leaves the caller; an allocation after jiffies was read has no age below 0. */
static void test_stacks_in_the_depot(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, false, true);
	mo_fake_put_u64(toy.kernel, POOLS + 2 * 8, POOL);
	mo_fake_put_u32(toy.kernel, POOL + 0x40 + 12, 2);
	mo_fake_put_u64(toy.kernel, POOL + 0x40 + 24, CODE + 0x30);
	mo_fake_put_u64(toy.kernel, POOL + 0x40 + 32, CODE + 0x130);
	for (unsigned i = 0; i < 10; i++)
		put_track(&toy, i, false, (struct track){ CODE + 0x30, 2 | 4u << 16, 1, 9000 });
	put_track(&toy, 4, false, (struct track){ CODE + 0x40, 1 | 4u << 16, 2, 10001 });
	toy_gather(&toy);
	text = shown(&toy, "tracks");
	expect_part(text, " 7 2.6 KiB toy_alloc+0x30 1000 1000 1000 1 1 toy_alloc+0x30 < toy_init+0x30\n");
	expect_part(text, " 1 384 B toy_alloc+0x40 0 0 0 2 2 (");
	free(text);
	toy_destroy(&toy);
}

static void test_age_is_unknown(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, true, false);
	for (unsigned i = 0; i < 10; i++)
		put_track(&toy, i, false, (struct track){ CODE, 0, 1, 9000 });
	toy_gather(&toy);
	text = shown(&toy, "tracks");
	expect_part(text, " 8 3.0 KiB toy_alloc+0x0 ? ? ? 1 1 toy_alloc+0x0\n");
	free(text);
	toy_destroy(&toy);
}

/* More stacks than the table of groups begins with; most objects first. */
static void test_many_stacks(void **state)
{
	struct toy toy;
	char *text;
	unsigned n_rows = 0;

	(void)state;
	start(&toy, true, true);
	for (uint64_t pfn = PFN + 1; pfn < PFN + 20; pfn++) {
		toy_slab(&toy, 0, pfn, 0, NULL);
		for (unsigned i = 0; i < 10; i++) {
			uint64_t kva = toy_object_kva(&toy, 0, pfn, i) + TRACKS_AT;

			mo_fake_put_u64(toy.kernel, kva, CODE + (pfn * 10 + i) % 100);
		}
	}
	toy_gather(&toy);
	text = shown(&toy, "tracks");
	for (const char *at = strstr(text, " 2 768 B toy_alloc+0x"); at; at = strstr(at + 1, " 2 768 B toy_alloc+0x"))
		n_rows++;
	assert_int_equal(n_rows, 90);
	expect_part(text, " 8 3.0 KiB ?");
	free(text);
	toy_destroy(&toy);
}

static void expect_refusal(struct toy *toy, enum mo_error_code code, const char *part)
{
	static const char *const words[] = { "alpha", "--tracks", NULL };

	toy_gather(toy);
	expect_error(fake_run_error(toy->run, "slab", words), code, part);
	toy_destroy(toy);
}

/* Without tracks, without their type, and with a cache whose numbers leave no room for them. */
static void test_refusals(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, true, true);
	mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 8, 0);
	expect_refusal(&toy, MO_E_ABSENT, "cache alpha keeps no tracks: the kernel must be booted with slub_debug=U");
	toy_init(&toy, TOY_5_10);
	toy_cache(&toy, "alpha", SIZE, OBJECT, 0);
	mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 8, STORE_USER);
	expect_refusal(&toy, MO_E_ABSENT, "struct track is not known for this kernel");
	start(&toy, true, true);
	mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 72, SIZE - 100);
	expect_refusal(&toy, MO_E_CORRUPT, "the tracks of cache alpha would lie outside of its objects");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_in_tracks), cmocka_unit_test(test_stacks_in_the_depot),
		cmocka_unit_test(test_age_is_unknown), cmocka_unit_test(test_many_stacks), cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
