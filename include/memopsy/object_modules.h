/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_OBJECT_MODULES_H
#define MEMOPSY_OBJECT_MODULES_H

/*
 * Which module made objects that nobody recorded: the one that their words point into, at operations, functions or
 * variables of it. That is a guess: an object may point into a module that it only uses.
 */

#include <memopsy/module_list.h>
#include <memopsy/layout.h>
#include <memopsy/slab.h>

MO_API_BEGIN

/* Where the modules lie. Read-only once made; its names live until it is gone. */
struct mo_module_index {
	struct mo_modules *modules;  /* NULL: none, or not to be had */
	struct mo_module_span {
		uint64_t first_kva, end_kva;
		const char *module;
	} *spans;                    /* ascending */
	size_t n_spans;
	struct mo_field word;        /* of an object: as wide as a pointer, in the kernel's byte order */
};

/* A list of modules that cannot be read is as good as none; errors are of memory and interruption only. */
struct mo_error *mo_module_index_init(struct mo_module_index *index, struct mo_reader *reader) MO_MUST_USE;
void mo_module_index_deinit(struct mo_module_index *index);

/* The name of the module whose memory holds an address; NULL: none. */
const char *mo_module_at(const struct mo_module_index *index, uint64_t kva);

#define MO_OBJECT_MODULE_BYTES_MAX 1024u /* of an object, which are looked at */
#define MO_OBJECT_MODULE_SAMPLES 64u     /* objects of a cache, each of another slab */

/* The first module that the words of an object point into; NULL: none, or it cannot be read. Errors as above. */
struct mo_error *mo_module_of_object(const struct mo_module_index *index, struct mo_reader *reader, uint64_t kva,
				     uint64_t n_bytes, const char **ret) MO_MUST_USE;

/* The module that more than half of the sampled objects of a cache point into; NULL: none. Errors as above. */
struct mo_error *mo_module_of_cache(const struct mo_module_index *index, struct mo_reader *reader,
				    const struct mo_slab_model *slabs, const struct mo_slab_cache *cache,
				    const char **ret) MO_MUST_USE;

MO_API_END

#endif
