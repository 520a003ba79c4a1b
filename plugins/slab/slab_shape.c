/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How this kernel marks the pages of slabs. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>

/* By page type since 6.10, by a page flag before. False: neither is known. */
static bool choose_mark(const struct mo_page_shape *page, struct slab_shape *shape)
{
	shape->large_kmalloc = page->types[MO_PAGE_TYPE_LARGE_KMALLOC];
	shape->type = page->types[MO_PAGE_TYPE_SLAB];
	if (!shape->type.mask)
		shape->flag = page->flag.slab;
	return shape->type.mask || shape->flag;
}

static struct mo_error *check_field(const struct slab_shape *shape, const struct mo_field *field, uint64_t width)
{
	if (field->width_bytes == width && field->offset_bytes + width <= shape->page_struct_bytes)
		return NULL;
	return mo_error_create(MO_E_UNSUPPORTED, "%s is %u bytes wide at byte %" PRIu64 ", where %" PRIu64 " are known",
			       field->name, field->width_bytes, field->offset_bytes, width);
}

static struct mo_error *check_fields(const struct slab_shape *shape, const struct slab_layout *layout)
{
	const struct mo_field *const words[] = { &layout->slab.cache, &layout->slab.freelist };
	const struct mo_field *const within[] = { &layout->slab.inuse, &layout->slab.objects, &layout->slab.frozen,
						  &layout->slab.s_mem, &layout->slab.active };
	struct mo_error *error = NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !error; i++)
		error = check_field(shape, words[i], shape->word_bytes);
	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]) && !error; i++)
		if (mo_has(within[i]))
			error = check_field(shape, within[i], within[i]->width_bytes);
	return error;
}

static bool has_all(const struct mo_field *const *fields, size_t n_fields)
{
	for (size_t i = 0; i < n_fields; i++)
		if (!mo_has(fields[i]))
			return false;
	return true;
}

/* struct page of 5.10 has the members of both, struct kmem_cache those of one. SLOB (until 6.3) has neither's. */
static struct mo_error *choose_allocator(const struct slab_layout *layout, struct slab_shape *shape)
{
	const struct mo_field *const slub[] = { &layout->cache.oo, &layout->cache.min, &layout->cache.offset, &layout->cache.inuse,
						&layout->slab.inuse, &layout->slab.objects, &layout->node.nr_partial,
						&layout->node.partial };
	const struct mo_field *const slab[] = { &layout->cache.num, &layout->cache.gfporder, &layout->cache.freelist_size,
						&layout->cache.cpu_cache, &layout->cache.limit, &layout->cache.batchcount,
						&layout->cache.shared, &layout->slab.s_mem, &layout->slab.active,
						&layout->node.slabs_partial, &layout->node.slabs_free,
						&layout->node.total_slabs, &layout->node.free_slabs,
						&layout->node.free_objects, &layout->node.shared, &layout->array.avail,
						&layout->array.entry };

	if (has_all(slub, sizeof(slub) / sizeof(slub[0])))
		return NULL;
	shape->is_slab = has_all(slab, sizeof(slab) / sizeof(slab[0]));
	if (shape->is_slab)
		return NULL;
	return mo_error_create(MO_E_ABSENT, "struct kmem_cache is neither SLUB's (oo, offset) nor SLAB's (num, gfporder)");
}

struct mo_error *choose_slab_shape(struct mo_kernel *kernel, const struct slab_layout *layout, struct slab_shape *ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(kernel);
	struct slab_shape shape = {
		.page_struct_bytes = layout->page->struct_bytes,
		.word_bytes = facts->pointer_bytes,
		.is_big_endian = facts->is_big_endian,
		.page_bytes = facts->page_bytes,
	};
	struct mo_error *error;

	if (facts->pointer_bytes != 4 && facts->pointer_bytes != 8)
		return mo_error_create(MO_E_UNSUPPORTED, "pointers of %u bytes", facts->pointer_bytes);
	if (!choose_mark(layout->page, &shape))
		return mo_error_create(MO_E_ABSENT, "neither PG_slab nor PGTY_slab is known, which mark pages of slabs");
	error = check_fields(&shape, layout);
	if (!error)
		error = choose_allocator(layout, &shape);
	if (!error)
		*ret = shape;
	return error;
}

void describe_shape(struct slab_state *state)
{
	static const char *const forms[N_FREELIST_FORMS] = {
		[FREELIST_PLAIN] = "plain",
		[FREELIST_HARDENED] = "hardened",
		[FREELIST_SWAPPED] = "hardened, byte-swapped",
	};
	const struct slab_layout *layout = state->layout;
	/* A handle's name is that of its alternative, where one was taken. */
	bool in_struct_page = !strncmp(layout->slab.cache.name, "struct page.", 12);

	state->model.is_slab = state->shape.is_slab;
	state->model.shape = state->shape_text;
	if (state->shape.is_slab) {
		snprintf(state->shape_text, sizeof(state->shape_text), "SLAB, %s, indexes of %u bits",
			 in_struct_page ? "struct page" : "struct slab", state->shape.index_bytes * 8);
		state->model.freelist_pointers = "indexes";
		return;
	}
	snprintf(state->shape_text, sizeof(state->shape_text), "%s, %s%s%s%s", in_struct_page ? "struct page" : "struct slab",
		 state->shape.type.mask ? "page type" : "page flag", mo_has(&layout->cache.cpu_slab) ? ", cpu_slab" : "",
		 mo_has(&layout->cpu.partial) && mo_has(&layout->cache.cpu_slab) ? " with partial lists" : "",
		 mo_has(&layout->cache.cpu_sheaves) ? ", sheaves" : "");
	state->model.freelist_pointers = forms[state->shape.form];
}
