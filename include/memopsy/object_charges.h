/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_OBJECT_CHARGES_H
#define MEMOPSY_OBJECT_CHARGES_H

/*
 * Who is charged for a slab's objects: each slab may have a vector with an entry for each object, a pointer to its
 * struct obj_cgroup, or a struct slabobj_ext with one (include/linux/memcontrol.h, mm/slab.h).
 *
 * A plugin has a struct mo_charge_layout in its layout, and MO_CHARGE_NEEDS among its rows.
 */

#include <memopsy/layout.h>

MO_API_BEGIN

struct mo_charge_layout {
	struct mo_field vector, stride, ext_objcg, memcg;
	struct mo_size ext_size;
};

#define MO_CHARGE_NEEDS(layout, into) \
	MO_FIELD(layout, into.vector, "struct slab", "obj_exts", \
		 .or_names = { "struct slab.memcg_data", "struct page.memcg_data", "struct page.obj_cgroups" }, \
		 .is_optional = true, .why = "mm/slab.h: obj_exts since 6.10; memcg_data since 5.11; obj_cgroups since 5.9"), \
	MO_FIELD(layout, into.stride, "struct slab", "stride", .is_optional = true, .why = "mm/slab.h: since 7.0"), \
	MO_SIZE(layout, into.ext_size, "struct slabobj_ext", .is_optional = true, \
		.why = "include/linux/memcontrol.h: since 6.10"), \
	MO_FIELD(layout, into.ext_objcg, "struct slabobj_ext", "objcg", .is_optional = true), \
	MO_FIELD(layout, into.memcg, "struct obj_cgroup", "memcg", .is_optional = true)

#define MO_CHARGE_POINTER_BITS (~7ull)        /* below are enum page_memcg_data_flags and enum objext_flags */
#define MO_CHARGE_MAX_STRIDE_BYTES 65536u    /* 7.0 on: what is to say of an object may stand in the object's own padding */

struct mo_charge_vector {
	uint64_t first_kva;    /* of the first object's pointer; 0: none of them is charged */
	uint64_t stride_bytes;
};

/* Whether this kernel charges objects one by one (CONFIG_MEMCG_KMEM, since 5.9). */
static inline bool mo_charge_is_by_object(const struct mo_charge_layout *layout)
{
	return mo_has(&layout->vector) && mo_has(&layout->memcg);
}

/* The vector of the slab whose struct page is at page_kva. */
static inline struct mo_error *mo_charge_vector_read(struct mo_reader *reader, const struct mo_charge_layout *layout,
						     uint64_t page_kva, unsigned word_bytes, struct mo_charge_vector *ret)
{
	struct mo_charge_vector vector = { 0, word_bytes };
	uint64_t word = 0;
	struct mo_error *error = mo_read_field(reader, &layout->vector, page_kva, &word);

	if (error)
		return error;
	vector.first_kva = word & MO_CHARGE_POINTER_BITS;
	if (vector.first_kva && mo_has(&layout->ext_size) && mo_has(&layout->ext_objcg)) {
		vector.stride_bytes = layout->ext_size.bytes;
		vector.first_kva += layout->ext_objcg.offset_bytes;
		if (mo_has(&layout->stride))
			error = mo_read_field(reader, &layout->stride, page_kva, &vector.stride_bytes);
	}
	if (!error && (!vector.stride_bytes || vector.stride_bytes > MO_CHARGE_MAX_STRIDE_BYTES))
		error = mo_error_create(MO_E_CORRUPT, "a stride of %llu bytes", (unsigned long long)vector.stride_bytes);
	if (!error)
		*ret = vector;
	return error;
}

MO_API_END

#endif
