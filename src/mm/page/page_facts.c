/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One struct page in words: names of its flags, and its members as their class has them. */
#include <memopsy/page_facts.h>

#include <stdio.h>

_Static_assert(MO_PAGE_ANON_THP == MO_PAGE_ANON + 1 && MO_PAGE_FILE_THP == MO_PAGE_FILE + 1 &&
		       MO_PAGE_SHMEM_THP == MO_PAGE_SHMEM + 1,
	       "page_class.h: the class of huge ones follows that of small ones");
_Static_assert(MO_PAGE_SHMEM_THP == MO_PAGE_ANON + 5, "mem_map.h: mo_class_is_user()");

struct mo_error *mo_page_flag_names(struct mo_kernel *kernel, struct mo_page_flag_names *ret)
{
	struct mo_page_flag_names found = { .all = 0 };
	const struct mo_type *type;
	struct mo_error *error = mo_types_find(mo_kernel_types(kernel), "enum pageflags", &type);

	if (error)
		return error;
	/* Aliases follow the end of the list (PG_checked = PG_owner_priv_1): the first name of a bit is its own. */
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		const struct mo_type_enumerator *flag = &type->enumerators[i];

		if (!strcmp(flag->name, "__NR_PAGEFLAGS"))
			break;
		if (flag->value < 0 || flag->value >= 64 || found.names[flag->value])
			continue;
		found.names[flag->value] = strncmp(flag->name, "PG_", 3) ? flag->name : flag->name + 3;
		found.all |= 1ull << flag->value;
	}
	*ret = found;
	return NULL;
}

static bool is_swap_cache(const struct mo_page_shape *shape, uint64_t flags)
{
	return flags & shape->flag.swapbacked && flags & shape->flag.swapcache;
}

void mo_page_describe_flags(const struct mo_page_flag_names *names, const struct mo_page_shape *shape, uint64_t flags, char *text,
		    size_t n_bytes)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned bit = 0; bit < 64 && used + 32 < n_bytes; bit++) {
		const char *name = names->names[bit];

		if (!(flags >> bit & 1) || !name)
			continue;
		/* PG_swapcache shares its bit with PG_owner_priv_1. */
		if (1ull << bit == shape->flag.swapcache && is_swap_cache(shape, flags))
			name = "swapcache";
		used += (size_t)snprintf(text + used, n_bytes - used, "%s%s", used ? "," : "", name);
	}
}

uint64_t mo_page_flag_by_name(const struct mo_page_flag_names *names, const struct mo_page_shape *shape, const char *name)
{
	if (!strncmp(name, "PG_", 3))
		name += 3;
	if (!strcmp(name, "swapcache"))
		return shape->flag.swapcache | shape->flag.swapbacked;
	for (unsigned bit = 0; bit < 64; bit++)
		if (names->names[bit] && !strcmp(names->names[bit], name))
			return 1ull << bit;
	return 0;
}

static unsigned order_of(const struct mo_page_shape *shape, enum mo_page_class class, const struct mo_page_facts *facts,
			 const uint8_t *second)
{
	struct mo_compound_facts compound;

	if (class == MO_PAGE_FREE_BUDDY && mo_page_has_type(shape->types[MO_PAGE_TYPE_BUDDY], facts->page_type))
		return facts->private_ < shape->n_buddy_orders ? (unsigned)facts->private_ : 0;
	if (!facts->is_head || !second || !shape->order_offset || class == MO_PAGE_UNKNOWN)
		return 0;
	compound = mo_compound_facts_of(shape, second);
	return compound.order <= shape->max_order ? compound.order : 0;
}

/* _mapcount of a small page starts at -1; where a type stands, nothing is mapped. */
static struct mo_count mapcount_of(const struct mo_page_shape *shape, const uint8_t *page, const struct mo_page_facts *facts,
				   enum mo_page_class class)
{
	if (!mo_class_is_mapped(class) && class != MO_PAGE_ISOLATED)
		return mo_exact(0);
	if (facts->order || facts->is_tail)
		return mo_unknown();
	if ((int32_t)facts->page_type < 0)
		return mo_exact(0);
	return mo_exact((uint64_t)mo_page_half(shape, page, shape->at.mapcount, false) + 1);
}

void mo_page_facts_of(const struct mo_page_shape *shape, uint64_t page_kva, enum mo_page_class class, const uint8_t *page,
		      const uint8_t *second, uint64_t flag_bits, struct mo_page_facts *ret)
{
	struct mo_page_facts facts = {
		.raw_flags = mo_page_word(shape, page, shape->at.flags, false),
		.mapping = mo_page_word(shape, page, shape->at.mapping, false),
		.private_ = mo_page_word(shape, page, shape->at.private_, false),
		.compound = mo_page_word(shape, page, shape->at.compound, false),
		.page_type = mo_page_half(shape, page, shape->at.page_type, false),
		.refcount = (int32_t)mo_page_half(shape, page, shape->at.refcount, false),
		.has_mapping = mo_class_is_mapped(class) || class == MO_PAGE_ISOLATED,
	};
	uint64_t head_kva;

	facts.flags = facts.raw_flags & flag_bits;
	head_kva = mo_page_head_kva(shape, page_kva, page, second);
	facts.is_tail = facts.compound & 1 || head_kva != page_kva;
	facts.is_head = !facts.is_tail && facts.flags & shape->flag.head;
	if (facts.is_tail)
		facts.head_kva = head_kva;
	facts.order = order_of(shape, class, &facts, second);
	facts.mapcount = mapcount_of(shape, page, &facts, class);
	*ret = facts;
}
