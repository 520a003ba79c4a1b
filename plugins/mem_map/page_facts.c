/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page_facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "page_decode.h"

struct mo_error *find_flag_names(struct mo_kernel *kernel, struct flag_names *ret)
{
	struct flag_names found = { .all = 0 };
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

static bool is_swap_cache(const struct page_shape *shape, uint64_t flags)
{
	return flags & shape->swapbacked && flags & shape->swapcache;
}

void describe_flags(const struct flag_names *names, const struct page_shape *shape, uint64_t flags, char *text,
		    size_t n_bytes)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned bit = 0; bit < 64 && used + 32 < n_bytes; bit++) {
		const char *name = names->names[bit];

		if (!(flags >> bit & 1) || !name)
			continue;
		/* PG_swapcache shares its bit with PG_owner_priv_1. */
		if (1ull << bit == shape->swapcache && is_swap_cache(shape, flags))
			name = "swapcache";
		used += (size_t)snprintf(text + used, n_bytes - used, "%s%s", used ? "," : "", name);
	}
}

uint64_t flag_by_name(const struct flag_names *names, const struct page_shape *shape, const char *name)
{
	if (!strncmp(name, "PG_", 3))
		name += 3;
	if (!strcmp(name, "swapcache"))
		return shape->swapcache | shape->swapbacked;
	for (unsigned bit = 0; bit < 64; bit++)
		if (names->names[bit] && !strcmp(names->names[bit], name))
			return 1ull << bit;
	return 0;
}

static bool uses_mapping(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_ANON:
	case MO_PAGE_ANON_THP:
	case MO_PAGE_FILE:
	case MO_PAGE_FILE_THP:
	case MO_PAGE_SHMEM:
	case MO_PAGE_SHMEM_THP:
	case MO_PAGE_SWAP_CACHE:
	case MO_PAGE_HUGETLB_USED:
	case MO_PAGE_ISOLATED:
		return true;
	default:
		return false;
	}
}

static unsigned order_of(const struct page_shape *shape, enum mo_page_class class, const struct page_facts *facts,
			 const uint8_t *second)
{
	struct compound_facts compound;

	if (class == MO_PAGE_FREE_BUDDY && page_has_type(shape, facts->page_type, TYPE_BUDDY))
		return facts->private_ < shape->n_buddy_orders ? (unsigned)facts->private_ : 0;
	if (!facts->is_head || !second || !shape->order_offset || class == MO_PAGE_UNKNOWN)
		return 0;
	compound = compound_facts_of(shape, second);
	return compound.order <= shape->most_order ? compound.order : 0;
}

/* _mapcount of a small page starts at -1; where a type stands, nothing is mapped. */
static struct mo_count mapcount_of(const struct page_shape *shape, const uint8_t *page, const struct page_facts *facts,
				   enum mo_page_class class)
{
	if (!uses_mapping(class))
		return mo_exact(0);
	if (facts->order || facts->is_tail)
		return mo_unknown();
	if ((int32_t)facts->page_type < 0)
		return mo_exact(0);
	return mo_exact((uint64_t)page_half(shape, page, shape->mapcount, false) + 1);
}

void decode_page(const struct page_shape *shape, uint64_t page_kva, enum mo_page_class class, const uint8_t *page,
		 const uint8_t *second, uint64_t flag_bits, struct page_facts *ret)
{
	struct page_facts facts = {
		.raw_flags = page_word(shape, page, shape->flags, false),
		.mapping = page_word(shape, page, shape->mapping, false),
		.private_ = page_word(shape, page, shape->private_, false),
		.compound = page_word(shape, page, shape->compound, false),
		.page_type = page_half(shape, page, shape->page_type, false),
		.refcount = (int32_t)page_half(shape, page, shape->refcount, false),
		.has_mapping = uses_mapping(class),
	};

	facts.flags = facts.raw_flags & flag_bits;
	facts.is_tail = facts.compound & 1;
	facts.is_head = !facts.is_tail && facts.flags & shape->head;
	if (facts.is_tail)
		facts.head_kva = tail_head_kva(shape, page_kva, facts.compound);
	facts.order = order_of(shape, class, &facts, second);
	facts.mapcount = mapcount_of(shape, page, &facts, class);
	*ret = facts;
}

const char *migratetype_name(const struct mo_free_areas_model *free_areas, uint64_t pfn)
{
	unsigned type = free_areas ? mo_pageblock_type_of(free_areas, pfn) : MO_MIGRATETYPE_UNKNOWN;

	return type < MO_MOST_MIGRATETYPES && free_areas && type < free_areas->n_migratetypes ?
		       free_areas->migratetype_names[type] : NULL;
}

/* A string behind a pointer member, or nothing. */
static void read_name(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva, char *text,
		      size_t n_bytes)
{
	struct mo_error *error;

	*text = '\0';
	if (!mo_has(field) || !object_kva)
		return;
	error = mo_read_field_string(reader, field, object_kva, text, n_bytes);
	if (error)
		*text = '\0';
	mo_error_destroy(error);
}

static uint64_t follow(struct mo_reader *reader, const struct mo_field *field, uint64_t object_kva)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(field) || !object_kva)
		return 0;
	error = mo_read_field(reader, field, object_kva, &value);
	mo_error_destroy(error);
	return value;
}

#define MOST_PATH_STEPS 64u
#define MOST_NAME_BYTES 255u /* NAME_MAX */

/* Writes a dentry's name and a slash before what stands in front of `end`; false: it cannot be read, or there is no room. */
static bool put_name_before(struct mo_reader *reader, const struct mem_map_layout *layout, uint64_t dentry, const char *text,
			    char **end)
{
	uint64_t n_bytes = follow(reader, &layout->owner.name_bytes, dentry);
	uint64_t name_kva = follow(reader, &layout->owner.name, dentry);
	struct mo_error *error;

	if (!name_kva || !n_bytes || n_bytes > MOST_NAME_BYTES || n_bytes + 1 > (size_t)(*end - text))
		return false;
	error = mo_read(reader, name_kva, *end - n_bytes, (size_t)n_bytes);
	mo_error_destroy(error);
	if (error)
		return false;
	*end -= n_bytes + 1;
	**end = '/';
	return true;
}

/* A file's path within its file system, by its first dentry; "" if it has none. What is too long lacks its begin. */
static void describe_path(struct mo_reader *reader, const struct mem_map_layout *layout, uint64_t inode, char *text,
			  size_t n_bytes)
{
	uint64_t alias = follow(reader, &layout->owner.dentries, inode);
	uint64_t dentry = alias - layout->owner.alias.offset_bytes;
	char *end = text + n_bytes - 1;

	*end = '\0';
	if (alias && mo_has(&layout->owner.alias) && mo_has(&layout->owner.parent)) {
		for (unsigned step = 0; step < MOST_PATH_STEPS; step++) {
			uint64_t parent = follow(reader, &layout->owner.parent, dentry);

			if (!parent || parent == dentry || !put_name_before(reader, layout, dentry, text, &end))
				break;
			dentry = parent;
		}
	}
	memmove(text, end, strlen(end) + 1);
}

static void describe_file(struct mo_reader *reader, const struct mem_map_layout *layout, uint64_t mapping, char *text,
			  size_t n_bytes)
{
	uint64_t inode = follow(reader, &layout->owner.host, mapping);
	uint64_t sb = follow(reader, &layout->owner.sb, inode);
	char path[256];
	char type[40];
	char id[40];

	read_name(reader, &layout->owner.fs_name, follow(reader, &layout->owner.fs_type, sb), type, sizeof(type));
	read_name(reader, &layout->owner.sb_id, sb, id, sizeof(id));
	if (!inode)
		return;
	describe_path(reader, layout, inode, path, sizeof(path));
	snprintf(text, n_bytes, "%s%sinode %" PRIu64 " at 0x%" PRIx64 " of %s %s", path, *path ? ", " : "",
		 follow(reader, &layout->owner.ino, inode), inode, *type ? type : "an unknown file system", id);
}

static void describe_slab(struct mo_reader *reader, const struct mem_map_layout *layout, uint64_t page_kva, char *text,
			  size_t n_bytes)
{
	const struct mo_field *field =
		mo_has(&layout->slab_slab_cache) ? &layout->slab_slab_cache : &layout->page.slab_cache;
	uint64_t cache = follow(reader, field, page_kva);
	char name[64];

	read_name(reader, &layout->owner.cache_name, cache, name, sizeof(name));
	if (cache)
		snprintf(text, n_bytes, "kmem_cache %s at 0x%" PRIx64, *name ? name : "without a name", cache);
}

void describe_owner(struct mo_reader *reader, const struct mem_map_layout *layout, enum mo_page_class class,
		    uint64_t page_kva, const struct page_facts *facts, char *text, size_t n_bytes)
{
	uint64_t mapping = facts->mapping & ~(uint64_t)MAPPING_FLAGS;

	*text = '\0';
	switch (class) {
	case MO_PAGE_SLAB:
		describe_slab(reader, layout, page_kva, text, n_bytes);
		break;
	case MO_PAGE_FILE:
	case MO_PAGE_FILE_THP:
	case MO_PAGE_SHMEM:
	case MO_PAGE_SHMEM_THP:
		describe_file(reader, layout, mapping, text, n_bytes);
		break;
	case MO_PAGE_ANON:
	case MO_PAGE_ANON_THP:
	case MO_PAGE_SWAP_CACHE:
		if ((facts->mapping & MAPPING_FLAGS) == MAPPING_FLAGS)
			snprintf(text, n_bytes, "KSM stable node at 0x%" PRIx64, mapping);
		else if (mapping)
			snprintf(text, n_bytes, "anon_vma at 0x%" PRIx64, mapping);
		break;
	default:
		break;
	}
}
