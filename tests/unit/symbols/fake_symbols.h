/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FAKE_SYMBOLS_H
#define FAKE_SYMBOLS_H

#include "kallsyms_encoder.h"

#define FAKE_TEXT UINT64_C(0xffffffff81000000)
#define FAKE_TEXT_32 UINT64_C(0xc0008000)

/*
 * Some symbols of a kernel whose text is at text_kva and whose read-only data, banner first, is at banner_kva. With
 * n_per_cpu, so many of them are per-CPU offsets. free() them.
 */
struct fake_symbol *make_fake_symbols(size_t n_symbols, size_t n_per_cpu, uint64_t text_kva, uint64_t banner_kva);

/* What holds for a kernel of that encoding: layout, alignment, base. The banner is 16 MiB behind the text. */
struct fake_kallsyms make_fake_plan(const struct fake_symbol *symbols, size_t n_symbols,
				    enum mo_kallsyms_encoding encoding, enum fake_layout layout, unsigned pointer_bytes);

#endif
