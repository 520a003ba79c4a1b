/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_symbols.h"

#include <stdio.h>
#include <stdlib.h>

#define BANNER_DISTANCE (UINT64_C(16) << 20)

struct fake_symbol *make_fake_symbols(size_t n_symbols, size_t n_per_cpu, uint64_t text_kva, uint64_t banner_kva)
{
	struct fake_symbol *symbols = calloc(n_symbols, sizeof(*symbols));

	if (!symbols)
		abort();
	for (size_t i = 0; i < n_symbols; i++) {
		struct fake_symbol *symbol = &symbols[i];

		symbol->type = i < n_per_cpu ? 'A' : "TtDdBbRr"[i % 8];
		symbol->kva = i < n_per_cpu ? i * 32 : text_kva + (i - n_per_cpu) * 48;
		snprintf(symbol->name, sizeof(symbol->name), "%s_sys_entry%s_%zu", i % 3 ? "do" : "__re", i % 5 ? "" : "_slow",
			 i);
	}
	snprintf(symbols[n_per_cpu].name, sizeof(symbols[0].name), "_stext");
	symbols[n_per_cpu].type = 'T';
	snprintf(symbols[n_symbols - 1].name, sizeof(symbols[0].name), "linux_banner");
	symbols[n_symbols - 1].type = 'D';
	symbols[n_symbols - 1].kva = banner_kva;
	return symbols;
}

struct fake_kallsyms make_fake_plan(const struct fake_symbol *symbols, size_t n_symbols,
				    enum mo_kallsyms_encoding encoding, enum fake_layout layout, unsigned pointer_bytes)
{
	uint64_t text = pointer_bytes == 8 ? FAKE_TEXT : FAKE_TEXT_32;

	return (struct fake_kallsyms){
		.symbols = symbols,
		.n_symbols = n_symbols,
		.encoding = encoding,
		.layout = layout,
		.pointer_bytes = pointer_bytes,
		.alignment = encoding == MO_KALLSYMS_PLACE_RELATIVE || encoding == MO_KALLSYMS_PLAIN ? 4 : pointer_bytes,
		.base_kva = (text + BANNER_DISTANCE) & ~UINT64_C(0xfff),
		.relative_base = text,
	};
}
