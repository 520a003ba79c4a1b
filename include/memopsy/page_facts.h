/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_FACTS_H
#define MEMOPSY_PAGE_FACTS_H

/* One struct page in words, for views; passes over many do without (page_class.h). */

#include <memopsy/page_class.h>
#include <memopsy/report.h>

MO_API_BEGIN

/* Names of page->flags bits, as enum pageflags has them, without PG_. They live as long as the session. */
struct mo_page_flag_names {
	const char *names[64];          /* NULL: no such flag */
	uint64_t all;                   /* bits that are flags; the others say zone, node and section */
};
struct mo_error *mo_page_flag_names(struct mo_kernel *kernel, struct mo_page_flag_names *ret) MO_MUST_USE;
/* "lru,dirty"; "" if none is set. */
void mo_page_describe_flags(const struct mo_page_flag_names *names, const struct mo_page_shape *shape, uint64_t flags,
			    char *text, size_t n_bytes);
/* The mask of a flag by name ("dirty", "PG_dirty", "swapcache"); 0: no such flag. */
uint64_t mo_page_flag_by_name(const struct mo_page_flag_names *names, const struct mo_page_shape *shape, const char *name);

struct mo_page_facts {
	uint64_t flags;                 /* flag bits only */
	uint64_t raw_flags;
	uint64_t mapping;               /* as it stands, low bits too */
	uint64_t private_;
	uint64_t compound;
	uint32_t page_type;
	int64_t refcount;
	struct mo_count mapcount;       /* as the kernel counts it for a small page; large ones: unknown */
	unsigned order;                 /* of a head page or free block; else 0 */
	bool is_tail;                   /* or looks like a head, and is none (mo_page_head_kva()) */
	bool is_head;
	uint64_t head_kva;              /* of a tail page */
	bool has_mapping;               /* mapping is one: the class uses it so */
};

/*
 * From the bytes of the struct page and of the next one (NULL: not known; then no order). The class tells what
 * overlaid members mean. flag_bits: struct mo_page_flag_names.all.
 */
void mo_page_facts_of(const struct mo_page_shape *shape, uint64_t page_kva, enum mo_page_class page_class, const uint8_t *page,
		      const uint8_t *second, uint64_t flag_bits, struct mo_page_facts *ret);

/* What a page's owner is called by: members of struct inode, dentry, super_block and kmem_cache; a row of needs as MO_PAGE. */
struct mo_page_names;
const struct mo_layout_table *mo_page_names_table(void);
/* Optional in effect: whoever cannot have it names nobody. */
#define MO_PAGE_NAMES(layout, into) \
	MO_SHARED(layout, into, mo_page_names_table, "names of pages' owners", .is_optional = true)

/* Who owns a page by its struct page (a tail's by that of its head), in one phrase; "" if nobody is known. */
void mo_page_describe_owner(struct mo_reader *reader, const struct mo_page_names *names, enum mo_page_class page_class,
			    uint64_t page_kva, const struct mo_page_facts *facts, char *text, size_t n_bytes);

MO_API_END

#endif
