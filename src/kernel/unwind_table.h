/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_UNWIND_TABLE_H
#define MO_UNWIND_TABLE_H

/*
 * The kernel's unwind tables (ORC): two arrays side by side, of the kernel image and of each module. One has the addresses
 * from which a rule holds, ascending, each as its distance from the place where it stands (orc_ip(),
 * arch/x86/kernel/unwind_orc.c); the other the rules.
 */

#include <memopsy/containers.h>

#include "arch.h"
#include "kernel_layouts.h"

struct unwind_part {
	uint64_t first_kva, end_kva; /* of the code that it is about */
	uint64_t ips_kva, rules_kva;
	uint64_t n_rules;
};

struct unwind_tables {
	MO_VECTOR(struct unwind_part) parts; /* the kernel's is the last */
	struct mo_int_table known;           /* rules by address, packed */
	bool is_wide;                        /* types as they are numbered since 6.4 */
	uint8_t numbering;                   /* of registers, as the architecture has it */
};

struct mo_error *mo_unwind_tables_gather(struct mo_reader *reader, const struct mo_unwind_layout *layout,
					 const struct mo_arch_unwinding *unwinding, struct unwind_tables *ret) MO_MUST_USE;
void mo_unwind_tables_deinit(struct unwind_tables *tables);

/* The rule for an instruction; false: no table has one, or it cannot be read. */
bool mo_unwind_rule_at(struct mo_reader *reader, const struct mo_unwind_layout *layout, struct unwind_tables *tables, uint64_t kva,
		       struct mo_arch_rule *ret);

#endif
