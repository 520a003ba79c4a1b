/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The lockless ring (kernel/printk/printk_ringbuffer.h, since 5.10): parallel arrays of descriptors and infos, 2^count_bits
 * of each, and a ring of 2^size_bits bytes of text. A descriptor's state word holds its id and, in its two highest
 * bits, its state; ids count up without end and the low bits of an id are its place in the arrays.
 */

#include "printk_log.h"

#include "cleanup.h"

#define WHY_RING "kernel/printk/printk_ringbuffer.h: the lockless ring came in 5.10 (896fbe20b4e2)"
#define OPTIONAL .is_optional = true, .why = WHY_RING
#define RING struct mo_log_ring_layout

/* All are optional here: what has no type may be in VMCOREINFO, and finish says what is missing then. */
static const struct mo_need ring_needs[] = {
	MO_ADDRESS(RING, prb, "prb", OPTIONAL),
	MO_SIZE(RING, ring, "struct printk_ringbuffer", OPTIONAL),
	MO_SIZE(RING, desc, "struct prb_desc", OPTIONAL),
	MO_SIZE(RING, info, "struct printk_info", OPTIONAL),
	MO_FIELD(RING, count_bits, "struct printk_ringbuffer", "desc_ring.count_bits", OPTIONAL),
	MO_FIELD(RING, descs, "struct printk_ringbuffer", "desc_ring.descs", OPTIONAL),
	MO_FIELD(RING, infos, "struct printk_ringbuffer", "desc_ring.infos", OPTIONAL),
	MO_FIELD(RING, head_id, "struct printk_ringbuffer", "desc_ring.head_id", OPTIONAL),
	MO_FIELD(RING, tail_id, "struct printk_ringbuffer", "desc_ring.tail_id", OPTIONAL),
	MO_FIELD(RING, size_bits, "struct printk_ringbuffer", "text_data_ring.size_bits", OPTIONAL),
	MO_FIELD(RING, data, "struct printk_ringbuffer", "text_data_ring.data", OPTIONAL),
	MO_FIELD(RING, state, "struct prb_desc", "state_var", OPTIONAL),
	MO_FIELD(RING, begin, "struct prb_desc", "text_blk_lpos.begin", OPTIONAL),
	MO_FIELD(RING, next, "struct prb_desc", "text_blk_lpos.next", OPTIONAL),
	MO_FIELD(RING, sequence, "struct printk_info", "seq", OPTIONAL),
	MO_FIELD(RING, time_ns, "struct printk_info", "ts_nsec", OPTIONAL),
	MO_FIELD(RING, text_bytes, "struct printk_info", "text_len", OPTIONAL),
	MO_FIELD(RING, facility, "struct printk_info", "facility", OPTIONAL),
	MO_FIELD(RING, level, "struct printk_info", "level", OPTIONAL),
	MO_FIELD(RING, caller_id, "struct printk_info", "caller_id", OPTIONAL),
};

enum desc_state { DESC_RESERVED = 0, DESC_COMMITTED = 1, DESC_FINALIZED = 2, DESC_REUSABLE = 3 };

/* Positions that stand for no block: text that was lost, and an empty line. */
#define FAILED_LPOS 1ull
#define EMPTY_LINE_LPOS 3ull

#define COUNT_BITS_MAX 26
#define SIZE_BITS_MAX 31
#define RING_BYTES_MAX 512

/*
 * VMCOREINFO names all but the byte of flags and level and that of the facility, which follow the text's length
 * (struct printk_info): u16 text_len, u8 facility, u8 flags : 5, level : 3.
 */
static void bind_from_vmcoreinfo(struct mo_kernel *kernel, struct mo_log_ring_layout *layout)
{
	unsigned long_bytes = mo_kernel_facts(kernel)->pointer_bytes;
	const char *descs = "OFFSET(printk_ringbuffer.desc_ring)";
	const char *data = "OFFSET(printk_ringbuffer.text_data_ring)";

	mo_vmcoreinfo_bind_address(kernel, &layout->prb, "prb");
	mo_vmcoreinfo_bind_size(kernel, &layout->ring, "SIZE(printk_ringbuffer)");
	mo_vmcoreinfo_bind_size(kernel, &layout->desc, "SIZE(prb_desc)");
	mo_vmcoreinfo_bind_size(kernel, &layout->info, "SIZE(printk_info)");
	mo_vmcoreinfo_bind_field(kernel, &layout->count_bits, descs, "OFFSET(prb_desc_ring.count_bits)", 4);
	mo_vmcoreinfo_bind_field(kernel, &layout->descs, descs, "OFFSET(prb_desc_ring.descs)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->infos, descs, "OFFSET(prb_desc_ring.infos)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->head_id, descs, "OFFSET(prb_desc_ring.head_id)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->tail_id, descs, "OFFSET(prb_desc_ring.tail_id)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->size_bits, data, "OFFSET(prb_data_ring.size_bits)", 4);
	mo_vmcoreinfo_bind_field(kernel, &layout->data, data, "OFFSET(prb_data_ring.data)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->state, NULL, "OFFSET(prb_desc.state_var)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->begin, "OFFSET(prb_desc.text_blk_lpos)",
				 "OFFSET(prb_data_blk_lpos.begin)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->next, "OFFSET(prb_desc.text_blk_lpos)",
				 "OFFSET(prb_data_blk_lpos.next)", long_bytes);
	mo_vmcoreinfo_bind_field(kernel, &layout->sequence, NULL, "OFFSET(printk_info.seq)", 8);
	mo_vmcoreinfo_bind_field(kernel, &layout->time_ns, NULL, "OFFSET(printk_info.ts_nsec)", 8);
	mo_vmcoreinfo_bind_field(kernel, &layout->text_bytes, NULL, "OFFSET(printk_info.text_len)", 2);
	mo_vmcoreinfo_bind_field(kernel, &layout->caller_id, NULL, "OFFSET(printk_info.caller_id)", 4);
	if (!mo_has(&layout->level) && mo_has(&layout->text_bytes)) {
		layout->facility = layout->text_bytes;
		layout->facility.width_bytes = 1;
		layout->facility.offset_bytes += 2;
		layout->level = layout->facility;
		layout->level.offset_bytes += 1;
		layout->level.bitfield_bits = 3;
		layout->level.bitfield_shift = layout->level.is_big_endian ? 0 : 5;
	}
}

static bool fits(const struct mo_field *field, uint64_t total_bytes)
{
	return field->offset_bytes <= total_bytes && field->width_bytes <= total_bytes - field->offset_bytes;
}

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	struct mo_log_ring_layout *layout = bound;
	const struct mo_field *const of_ring[] = { &layout->count_bits, &layout->descs, &layout->infos, &layout->head_id,
						   &layout->tail_id, &layout->size_bits, &layout->data };
	const struct mo_field *const of_desc[] = { &layout->state, &layout->begin, &layout->next };
	const struct mo_field *const of_info[] = { &layout->sequence, &layout->time_ns, &layout->text_bytes,
						   &layout->facility, &layout->level, &layout->caller_id };
	bool is_sound = true;
	size_t i;

	bind_from_vmcoreinfo(kernel, layout);
	layout->long_bits = mo_kernel_facts(kernel)->pointer_bytes * 8;
	if (!mo_has(&layout->prb) || !mo_has(&layout->ring) || !mo_has(&layout->desc) || !mo_has(&layout->info))
		return mo_error_create(MO_E_ABSENT, "%s is not known", mo_has(&layout->prb) ? "struct printk_ringbuffer" :
							       "the symbol prb");
	for (i = 0; i < MO_N_ROWS(of_ring); i++)
		is_sound &= mo_has(of_ring[i]) && fits(of_ring[i], layout->ring.bytes);
	for (i = 0; i < MO_N_ROWS(of_desc); i++)
		is_sound &= mo_has(of_desc[i]) && fits(of_desc[i], layout->desc.bytes);
	for (i = 0; i < MO_N_ROWS(of_info); i++)
		is_sound &= mo_has(of_info[i]) && fits(of_info[i], layout->info.bytes);
	if (!is_sound || layout->ring.bytes > RING_BYTES_MAX || layout->desc.bytes > MO_LOG_ARRAY_BYTES ||
	    layout->info.bytes > MO_LOG_ARRAY_BYTES)
		return mo_error_create(MO_E_CORRUPT, "the members of struct printk_ringbuffer, prb_desc or printk_info are "
				       "not all known, or do not fit");
	return NULL;
}

const struct mo_layout_table mo_log_ring_table = {
	.id = MO_LAYOUT_LOG_RING,
	.layout_bytes = sizeof(struct mo_log_ring_layout),
	.needs = ring_needs,
	.n_needs = MO_N_ROWS(ring_needs),
	.finish = finish,
};

static uint64_t load_long(const struct mo_log *log, const uint8_t *bytes)
{
	struct mo_field field = { .width_bytes = (uint8_t)(log->ring->long_bits / 8),
				  .is_big_endian = log->ring->state.is_big_endian, .is_bound = true };

	return mo_decode_(&field, bytes);
}

/* The text of a descriptor's block, into log->text. */
static struct mo_error *read_text(struct mo_log *log, uint64_t id, uint64_t begin, uint64_t next, size_t text_bytes,
				  size_t *n_ret)
{
	unsigned long_bytes = log->ring->long_bits / 8;
	uint64_t long_mask = ~0ull >> (64 - log->ring->long_bits);
	uint64_t last_wrap = ((next - 1) & long_mask) >> log->size_bits;
	uint64_t offset = 0;
	uint64_t n_bytes;
	uint8_t id_bytes[8];

	if (begin == EMPTY_LINE_LPOS && next == EMPTY_LINE_LPOS) {
		*n_ret = 0;
		return NULL;
	}
	if (begin & 1 && next & 1)
		return mo_error_create(MO_E_ABSENT, "the text of record 0x%llx was lost", (unsigned long long)id);
	/* Since 7.x a block may end exactly where the ring does; before, such a block was put at the ring's start. */
	if (begin >> log->size_bits == last_wrap && begin < next) {
		offset = begin & (log->data_bytes - 1);
		n_bytes = next - begin;
	} else if (((begin + log->data_bytes) & long_mask) >> log->size_bits == last_wrap) {
		n_bytes = next & (log->data_bytes - 1);
	} else {
		return mo_error_create(MO_E_CORRUPT, "the text of record 0x%llx lies from 0x%llx to 0x%llx of the ring",
				       (unsigned long long)id, (unsigned long long)begin, (unsigned long long)next);
	}
	if (begin % long_bytes || next % long_bytes || n_bytes < long_bytes || n_bytes > log->data_bytes - offset)
		return mo_error_create(MO_E_CORRUPT, "the text of record 0x%llx lies from 0x%llx to 0x%llx of the ring",
				       (unsigned long long)id, (unsigned long long)begin, (unsigned long long)next);
	MO_TRY(mo_read(log->reader, log->data_kva + offset, id_bytes, long_bytes));
	if (load_long(log, id_bytes) != id)
		return mo_error_create(MO_E_CORRUPT, "the text of record 0x%llx was overwritten by record 0x%llx",
				       (unsigned long long)id, (unsigned long long)load_long(log, id_bytes));
	n_bytes -= long_bytes;
	if (n_bytes > text_bytes)
		n_bytes = text_bytes;
	MO_TRY(mo_read(log->reader, log->data_kva + offset + long_bytes, log->text, n_bytes));
	*n_ret = n_bytes;
	return NULL;
}

/* One descriptor; *is_record is false for one that holds nothing, and rightly so. */
static struct mo_error *read_record(struct mo_log *log, uint64_t id, struct mo_log_record *ret, bool *is_record)
{
	const struct mo_log_ring_layout *ring = log->ring;
	uint64_t place = id & (log->descs.n_items - 1);
	const uint8_t *desc = NULL;
	const uint8_t *info = NULL;
	uint64_t state;

	MO_TRY(mo_log_array_get(log->reader, &log->descs, place, &desc));
	state = mo_get(&ring->state, desc);
	*is_record = false;
	if ((state & log->id_mask) != id)
		return mo_error_create(MO_E_CORRUPT, "the descriptor of record 0x%llx holds 0x%llx", (unsigned long long)id,
				       (unsigned long long)(state & log->id_mask));
	switch ((enum desc_state)(state >> (ring->long_bits - 2) & 3)) {
	case DESC_REUSABLE:
		return NULL;
	case DESC_RESERVED:
		return mo_error_create(MO_E_ABSENT, "record 0x%llx was being written", (unsigned long long)id);
	case DESC_COMMITTED:
	case DESC_FINALIZED:
		break;
	}
	MO_TRY(mo_log_array_get(log->reader, &log->infos, place, &info));
	ret->sequence = mo_get(&ring->sequence, info);
	ret->time_ns = mo_get(&ring->time_ns, info);
	ret->facility = (unsigned)mo_get(&ring->facility, info);
	ret->level = (unsigned)mo_get(&ring->level, info);
	ret->caller_id = (uint32_t)mo_get(&ring->caller_id, info);
	ret->has_caller_id = true;
	MO_TRY(read_text(log, id, mo_get(&ring->begin, desc), mo_get(&ring->next, desc),
			 (size_t)mo_get(&ring->text_bytes, info), &ret->text_bytes));
	ret->text = log->text;
	*is_record = true;
	return NULL;
}

static bool next_record(struct mo_log *log, struct mo_log_record *ret)
{
	while (log->n_left) {
		uint64_t id = log->next_id;
		struct mo_log_record record = { .sequence = 0 };
		bool is_record = false;
		struct mo_error *error = read_record(log, id, &record, &is_record);

		log->n_left--;
		log->next_id = (id + 1) & log->id_mask;
		if (error) {
			mo_log_skip(log, error);
		} else if (is_record) {
			*ret = record;
			return true;
		}
	}
	return false;
}

static struct mo_error *check_bounds(const struct mo_log *log, uint64_t count_bits, uint64_t size_bits)
{
	if (count_bits < 1 || count_bits > COUNT_BITS_MAX || size_bits < 4 || size_bits > SIZE_BITS_MAX)
		return mo_error_create(MO_E_CORRUPT, "the ring claims 2^%llu descriptors and 2^%llu bytes of text",
				       (unsigned long long)count_bits, (unsigned long long)size_bits);
	if (!log->descs.base_kva || !log->infos.base_kva || !log->data_kva)
		return mo_error_create(MO_E_CORRUPT, "the ring has no descriptors, infos or text (a pointer is NULL)");
	return NULL;
}

struct mo_error *mo_log_open_ring(struct mo_log *log)
{
	const void *bound = NULL;
	const struct mo_log_ring_layout *ring;
	uint8_t bytes[RING_BYTES_MAX];
	uint64_t prb_kva = 0;
	uint64_t head;
	uint64_t tail;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(log->reader), MO_LAYOUT_LOG_RING, &bound));
	ring = bound;
	MO_TRY(mo_error_prepend(mo_read_pointer(log->reader, ring->prb.kva, &prb_kva), "cannot read prb"));
	MO_TRY(mo_error_prepend(mo_read(log->reader, prb_kva, bytes, ring->ring.bytes),
				"cannot read struct printk_ringbuffer at 0x%llx", (unsigned long long)prb_kva));
	log->ring = ring;
	log->next = next_record;
	log->descs.base_kva = mo_get(&ring->descs, bytes);
	log->infos.base_kva = mo_get(&ring->infos, bytes);
	log->data_kva = mo_get(&ring->data, bytes);
	MO_TRY(check_bounds(log, mo_get(&ring->count_bits, bytes), mo_get(&ring->size_bits, bytes)));
	log->size_bits = (unsigned)mo_get(&ring->size_bits, bytes);
	log->data_bytes = 1ull << log->size_bits;
	log->descs.n_items = 1ull << mo_get(&ring->count_bits, bytes);
	log->infos.n_items = log->descs.n_items;
	log->descs.item_bytes = ring->desc.bytes;
	log->infos.item_bytes = ring->info.bytes;
	log->id_mask = ~0ull >> (64 - (ring->long_bits - 2));
	head = mo_get(&ring->head_id, bytes) & log->id_mask;
	tail = mo_get(&ring->tail_id, bytes) & log->id_mask;
	log->n_left = ((head - tail) & log->id_mask) + 1;
	if (log->n_left > log->descs.n_items) {
		/* What lies before cannot be in the ring any more. */
		mo_log_skip(log, mo_error_create(MO_E_CORRUPT, "the ring claims records 0x%llx to 0x%llx, "
						 "but has only %llu descriptors", (unsigned long long)tail,
						 (unsigned long long)head, (unsigned long long)log->descs.n_items));
		log->n_left = log->descs.n_items;
		tail = (head - log->n_left + 1) & log->id_mask;
	}
	log->next_id = tail;
	return NULL;
}
