/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's unwind tables (ORC), of the image and of modules: where they are, and the rule for an instruction. */
#include "unwind_table.h"

#include <string.h>

#include <memopsy/module_list.h>
#include <memopsy/unwind.h>

#include "cleanup.h"

#define MAX_RULES (1u << 26)      /* of the image or a module: today's kernels have half a million */
#define MAX_RULE_BYTES 16
#define SAMPLE_RULES 4096u
#define MAX_KNOWN_RULES (1u << 16)
#define MAX_IMAGE_BYTES (1ull << 30)

#define L struct mo_unwind_layout
#define ORC "struct orc_entry"
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_ADDRESS(L, first_ip, "__start_orc_unwind_ip", OPTIONAL, .why = "CONFIG_UNWINDER_ORC, 4.14 (ee9f8fce9964)"),
	MO_ADDRESS(L, end_ip, "__stop_orc_unwind_ip", OPTIONAL),
	MO_ADDRESS(L, first_rule, "__start_orc_unwind", OPTIONAL),
	MO_ADDRESS(L, end_text, "_etext", OPTIONAL),
	MO_ADDRESS(L, end_init_text, "_einittext", OPTIONAL),
	MO_FIELD(L, sp_offset, ORC, "sp_offset", OPTIONAL),
	MO_FIELD(L, bp_offset, ORC, "bp_offset", OPTIONAL),
	MO_FIELD(L, sp_reg, ORC, "sp_reg", OPTIONAL),
	MO_FIELD(L, bp_reg, ORC, "bp_reg", OPTIONAL),
	MO_FIELD(L, type, ORC, "type", OPTIONAL,
		 .why = "arch/x86/include/asm/orc_types.h: two bits until 6.3; with three of them, since 6.4 (fb799447ae29), types are "
			"numbered anew"),
	MO_FIELD(L, end, ORC, "end", OPTIONAL, .why = "arch/x86/include/asm/orc_types.h: a type of its own since 6.4 (fb799447ae29)"),
	MO_FIELD(L, signal, ORC, "signal", OPTIONAL, .why = "arch/x86/include/asm/orc_types.h: 6.3 (ffb1b4a41016)"),
	MO_SIZE(L, rule, ORC, OPTIONAL),
	MO_FIELD(L, module_n_rules, "struct module", "arch.num_orcs", OPTIONAL),
	MO_FIELD(L, module_ips, "struct module", "arch.orc_unwind_ip", OPTIONAL),
	MO_FIELD(L, module_rules, "struct module", "arch.orc_unwind", OPTIONAL),
	MO_FIELD(L, thread_sp, "struct task_struct", "thread.sp", OPTIONAL),
	MO_FIELD(L, frame_bp, "struct inactive_task_frame", "bp", OPTIONAL,
		 .why = "arch/x86/include/asm/switch_to.h: what __switch_to_asm() pushes, 4.9 (0100301bfdf5)"),
	MO_FIELD(L, frame_return, "struct inactive_task_frame", "ret_addr", OPTIONAL),
	MO_SIZE(L, inactive_frame, "struct inactive_task_frame", OPTIONAL),
	MO_FIELD(L, context_fp, "struct task_struct", "thread.cpu_context.fp", OPTIONAL,
		 .why = "arch/arm64/include/asm/processor.h: what cpu_switch_to() saves"),
	MO_FIELD(L, context_sp, "struct task_struct", "thread.cpu_context.sp", OPTIONAL),
	MO_FIELD(L, context_pc, "struct task_struct", "thread.cpu_context.pc", OPTIONAL),
};

const struct mo_layout_table mo_unwind_layout_table = {
	.id = MO_LAYOUT_UNWIND,
	.layout_bytes = sizeof(struct mo_unwind_layout),
	.needs = rows,
	.n_needs = MO_N_ROWS(rows),
};

const struct mo_layout_table *mo_unwind_table(void)
{
	return &mo_unwind_layout_table;
}

static bool has_rules(const struct mo_unwind_layout *layout)
{
	return mo_has(&layout->sp_offset) && mo_has(&layout->bp_offset) && mo_has(&layout->sp_reg) && mo_has(&layout->bp_reg) &&
	       mo_has(&layout->type) && mo_has(&layout->rule) && layout->rule.bytes && layout->rule.bytes <= MAX_RULE_BYTES;
}

static struct mo_error *add_part(struct unwind_tables *tables, const struct unwind_part *part)
{
	if (!part->n_rules || part->n_rules > MAX_RULES || part->end_kva <= part->first_kva)
		return NULL;
	return mo_vector_append(&tables->parts, *part) ? NULL : mo_error_no_memory();
}

static bool read_ip(struct mo_reader *reader, const struct unwind_part *part, uint64_t index, uint64_t *ret)
{
	uint64_t at_kva = part->ips_kva + index * 4;
	uint32_t distance = 0;
	struct mo_error *error = mo_read_u32(reader, at_kva, &distance);

	*ret = at_kva + (uint64_t)(int64_t)(int32_t)distance;
	return !mo_error_destroy(error);
}

static struct mo_error *add_module(struct mo_reader *reader, const struct mo_unwind_layout *layout, const struct mo_module *module,
				   struct unwind_tables *tables)
{
	struct unwind_part part = { .n_rules = 0 };
	struct mo_error *error = mo_read_field(reader, &layout->module_n_rules, module->module_kva, &part.n_rules);

	if (!error)
		error = mo_read_field(reader, &layout->module_ips, module->module_kva, &part.ips_kva);
	if (!error)
		error = mo_read_field(reader, &layout->module_rules, module->module_kva, &part.rules_kva);
	for (size_t i = 0; i < module->n_ranges && !error; i++) {
		const struct mo_module_range *range = &module->ranges[i];

		if (range->part != MO_MODULE_TEXT && range->part != MO_MODULE_INIT_TEXT)
			continue;
		part.first_kva = range->first_kva;
		part.end_kva = range->first_kva + range->n_bytes;
		error = add_part(tables, &part);
	}
	if (mo_error_ends_run(error))
		return error;
	mo_error_destroy(error);
	return NULL;
}

static struct mo_error *add_modules(struct mo_reader *reader, const struct mo_unwind_layout *layout, struct unwind_tables *tables)
{
	struct mo_modules *modules = NULL;
	struct mo_error *error;

	if (!mo_has(&layout->module_n_rules) || !mo_has(&layout->module_ips) || !mo_has(&layout->module_rules))
		return NULL;
	error = mo_modules_gather(reader, &modules);
	if (error && !mo_error_ends_run(error)) {
		mo_error_destroy(error);
		return NULL;
	}
	for (size_t i = 0; !error && i < modules->count; i++)
		error = add_module(reader, layout, &modules->items[i], tables);
	mo_modules_destroy(modules);
	return error;
}

static struct mo_error *add_image(struct mo_reader *reader, const struct mo_unwind_layout *layout, struct unwind_tables *tables)
{
	struct unwind_part part = { .ips_kva = layout->first_ip.kva, .rules_kva = layout->first_rule.kva,
				    .n_rules = (layout->end_ip.kva - layout->first_ip.kva) / 4 };

	if (!mo_has(&layout->first_ip) || !mo_has(&layout->end_ip) || !mo_has(&layout->first_rule) ||
	    layout->end_ip.kva <= layout->first_ip.kva || !read_ip(reader, &part, 0, &part.first_kva))
		return NULL;
	if (mo_has(&layout->end_text))
		part.end_kva = layout->end_text.kva;
	if (mo_has(&layout->end_init_text) && layout->end_init_text.kva > part.end_kva)
		part.end_kva = layout->end_init_text.kva;
	if (part.end_kva <= part.first_kva || part.end_kva - part.first_kva > MAX_IMAGE_BYTES)
		return NULL;
	return add_part(tables, &part);
}

void mo_unwind_tables_deinit(struct unwind_tables *tables)
{
	mo_vector_deinit(&tables->parts);
	mo_int_table_deinit(&tables->known);
}

/* UNWIND_HINT_TYPE_* and ORC_TYPE_* until 6.3: a call, registers, registers in part. */
static enum mo_arch_rule_kind kind_of(const struct mo_unwind_layout *layout, const struct unwind_tables *tables,
				      const uint8_t *raw)
{
	static const enum mo_arch_rule_kind narrow[] = { MO_RULE_CALL, MO_RULE_REGISTERS, MO_RULE_REGISTERS_IN_PART };
	uint64_t type = mo_get(&layout->type, raw);

	if (tables->is_wide)
		return type <= MO_RULE_REGISTERS_IN_PART ? (enum mo_arch_rule_kind)type : MO_RULE_UNDEFINED;
	if (!mo_get(&layout->sp_reg, raw))
		return mo_has(&layout->end) && mo_get(&layout->end, raw) ? MO_RULE_END : MO_RULE_UNDEFINED;
	return type < sizeof(narrow) / sizeof(narrow[0]) ? narrow[type] : MO_RULE_UNDEFINED;
}

static bool read_rule(struct mo_reader *reader, const struct mo_unwind_layout *layout, const struct unwind_tables *tables,
		      uint64_t kva, struct mo_arch_rule *ret)
{
	uint8_t raw[MAX_RULE_BYTES + 8] = { 0 };
	struct mo_error *error = mo_read(reader, kva, raw, layout->rule.bytes);

	if (mo_error_destroy(error))
		return false;
	*ret = (struct mo_arch_rule){
		.kind = kind_of(layout, tables, raw),
		.numbering = tables->numbering,
		.stack_offset_bytes = (int16_t)mo_get_signed(&layout->sp_offset, raw),
		.frame_offset_bytes = (int16_t)mo_get_signed(&layout->bp_offset, raw),
		.stack_register = (uint8_t)mo_get(&layout->sp_reg, raw),
		.frame_register = (uint8_t)mo_get(&layout->bp_reg, raw),
	};
	ret->is_interrupted = mo_has(&layout->signal) ? mo_get(&layout->signal, raw) : ret->kind != MO_RULE_CALL;
	return true;
}

/* Of the first rules of the image for calls, how many begin with each register. */
static uint8_t find_numbering(struct mo_reader *reader, const struct mo_unwind_layout *layout, const struct unwind_tables *tables,
			      const struct mo_arch_unwinding *unwinding)
{
	const struct unwind_part *part = tables->parts.count ? &tables->parts.items[tables->parts.count - 1] : NULL;
	uint32_t n_rules[MO_ARCH_RULE_REGISTERS] = { 0 };
	struct mo_arch_rule rule;

	if (!part || !unwinding->numbering)
		return 0;
	for (uint64_t i = 0; i < part->n_rules && i < SAMPLE_RULES; i++)
		if (read_rule(reader, layout, tables, part->rules_kva + i * layout->rule.bytes, &rule) &&
		    rule.kind == MO_RULE_CALL && rule.stack_register < MO_ARCH_RULE_REGISTERS)
			n_rules[rule.stack_register]++;
	return unwinding->numbering(n_rules);
}

struct mo_error *mo_unwind_tables_gather(struct mo_reader *reader, const struct mo_unwind_layout *layout,
					 const struct mo_arch_unwinding *unwinding, struct unwind_tables *ret)
{
	*ret = (struct unwind_tables){ .is_wide = mo_has(&layout->type) && layout->type.bitfield_bits >= 3 };
	if (!has_rules(layout))
		return NULL;
	MO_TRY(add_modules(reader, layout, ret));
	MO_TRY(add_image(reader, layout, ret));
	ret->numbering = find_numbering(reader, layout, ret, unwinding);
	return NULL;
}

static const struct unwind_part *part_of(const struct unwind_tables *tables, uint64_t kva)
{
	for (size_t i = 0; i < tables->parts.count; i++)
		if (kva >= tables->parts.items[i].first_kva && kva < tables->parts.items[i].end_kva)
			return &tables->parts.items[i];
	return NULL;
}

/* The last rule that begins at or before the instruction. */
static bool find_rule(struct mo_reader *reader, const struct mo_unwind_layout *layout, const struct unwind_tables *tables,
		      uint64_t kva, struct mo_arch_rule *ret)
{
	const struct unwind_part *part = part_of(tables, kva);
	uint64_t low = 0;
	uint64_t high = part ? part->n_rules : 0;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		uint64_t ip;

		if (!read_ip(reader, part, middle, &ip))
			return false;
		if (ip <= kva)
			low = middle + 1;
		else
			high = middle;
	}
	return low && read_rule(reader, layout, tables, part->rules_kva + (low - 1) * layout->rule.bytes, ret);
}

/* A rule in the eight bytes of a table's value. */
struct packed_rule {
	int16_t stack_offset_bytes, frame_offset_bytes;
	uint8_t stack_register, frame_register, kind, is_interrupted;
};
_Static_assert(sizeof(struct packed_rule) == sizeof(uint64_t), "a rule is one value of a table");

static uint64_t pack(const struct mo_arch_rule *rule)
{
	const struct packed_rule packed = { rule->stack_offset_bytes, rule->frame_offset_bytes, rule->stack_register,
					    rule->frame_register, (uint8_t)rule->kind, rule->is_interrupted };
	uint64_t value;

	memcpy(&value, &packed, sizeof(value));
	return value;
}

static struct mo_arch_rule unpack(const struct unwind_tables *tables, uint64_t value)
{
	struct packed_rule packed;

	memcpy(&packed, &value, sizeof(packed));
	return (struct mo_arch_rule){
		.kind = (enum mo_arch_rule_kind)packed.kind,
		.numbering = tables->numbering,
		.stack_offset_bytes = packed.stack_offset_bytes,
		.frame_offset_bytes = packed.frame_offset_bytes,
		.stack_register = packed.stack_register,
		.frame_register = packed.frame_register,
		.is_interrupted = packed.is_interrupted,
	};
}

bool mo_unwind_rule_at(struct mo_reader *reader, const struct mo_unwind_layout *layout, struct unwind_tables *tables, uint64_t kva,
		       struct mo_arch_rule *ret)
{
	const uint64_t *known = mo_int_table_find(&tables->known, kva);

	if (known) {
		*ret = unpack(tables, *known);
		return true;
	}
	if (!find_rule(reader, layout, tables, kva, ret))
		return false;
	/* Without memory to remember it, it is looked up again. */
	if (tables->known.count < MAX_KNOWN_RULES)
		(void)!mo_int_table_enter(&tables->known, kva, pack(ret), NULL);
	return true;
}
