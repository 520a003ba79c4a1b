/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The log of 3.5 to 5.9 (kernel/printk/printk.c): records one after the other in a ring of bytes, each with its text and
 * a dictionary behind its header. A header of length 0 says that the next record is at the start of the buffer.
 */

#include "printk_log.h"

#include "cleanup.h"

#define WHY_RECORDS "kernel/printk/printk.c: struct log since 3.5, struct printk_log since 3.11, replaced in 5.10"
#define OPTIONAL .is_optional = true, .why = WHY_RECORDS
#define RECORDS struct mo_log_records_layout

static const struct mo_need records_needs[] = {
	MO_ADDRESS(RECORDS, log_buf, "log_buf", OPTIONAL),
	MO_ADDRESS(RECORDS, log_buf_len, "log_buf_len", OPTIONAL),
	MO_ADDRESS(RECORDS, first_index, "log_first_idx", OPTIONAL),
	MO_ADDRESS(RECORDS, next_index, "log_next_idx", OPTIONAL),
	MO_ADDRESS(RECORDS, first_sequence, "log_first_seq", OPTIONAL),
	MO_ADDRESS(RECORDS, next_sequence, "log_next_seq", OPTIONAL),
	MO_SIZE(RECORDS, record, "struct printk_log", .or_names = { "struct log" }, OPTIONAL),
	MO_FIELD(RECORDS, time_ns, "struct printk_log", "ts_nsec", .or_names = { "struct log.ts_nsec" }, OPTIONAL),
	MO_FIELD(RECORDS, length, "struct printk_log", "len", .or_names = { "struct log.len" }, OPTIONAL),
	MO_FIELD(RECORDS, text_bytes, "struct printk_log", "text_len", .or_names = { "struct log.text_len" }, OPTIONAL),
	MO_FIELD(RECORDS, facility, "struct printk_log", "facility", .or_names = { "struct log.facility" }, OPTIONAL),
	MO_FIELD(RECORDS, level, "struct printk_log", "level", .or_names = { "struct log.level" }, OPTIONAL),
	MO_FIELD(RECORDS, caller_id, "struct printk_log", "caller_id", OPTIONAL),
};

#define BUFFER_BYTES_MAX (1ull << 31)
#define RECORD_BYTES_MIN 16u
#define RECORD_BYTES_MAX 64u
#define SEARCH_BYTES_MAX (256u << 10) /* that are searched for the next record after a broken one */
#define PAGE_BYTES 4096u
#define TIME_STEP_MAX_NS (1ull << 55) /* over a year: no two records are so far apart */

/* VMCOREINFO names all but facility and level, which follow the dictionary's length (struct printk_log). */
static void bind_from_vmcoreinfo(struct mo_kernel *kernel, struct mo_log_records_layout *layout)
{
	struct mo_field dictionary_bytes = { .is_bound = false };
	const char *type = mo_has(&layout->record) ? NULL : "printk_log";

	mo_vmcoreinfo_bind_address(kernel, &layout->log_buf, "log_buf");
	mo_vmcoreinfo_bind_address(kernel, &layout->log_buf_len, "log_buf_len");
	mo_vmcoreinfo_bind_address(kernel, &layout->first_index, "log_first_idx");
	mo_vmcoreinfo_bind_address(kernel, &layout->next_index, "log_next_idx");
	if (!type)
		return;
	mo_vmcoreinfo_bind_size(kernel, &layout->record, "SIZE(printk_log)");
	mo_vmcoreinfo_bind_field(kernel, &layout->time_ns, NULL, "OFFSET(printk_log.ts_nsec)", 8);
	mo_vmcoreinfo_bind_field(kernel, &layout->length, NULL, "OFFSET(printk_log.len)", 2);
	mo_vmcoreinfo_bind_field(kernel, &layout->text_bytes, NULL, "OFFSET(printk_log.text_len)", 2);
	mo_vmcoreinfo_bind_field(kernel, &layout->caller_id, NULL, "OFFSET(printk_log.caller_id)", 4);
	mo_vmcoreinfo_bind_field(kernel, &dictionary_bytes, NULL, "OFFSET(printk_log.dict_len)", 2);
	if (mo_has(&dictionary_bytes)) {
		layout->facility = dictionary_bytes;
		layout->facility.width_bytes = 1;
		layout->facility.offset_bytes += 2;
		layout->level = layout->facility;
		layout->level.offset_bytes += 1;
		layout->level.bitfield_bits = 3;
		layout->level.bitfield_shift = layout->level.is_big_endian ? 0 : 5;
	}
}

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	struct mo_log_records_layout *layout = bound;
	const struct mo_field *const fields[] = { &layout->time_ns, &layout->length, &layout->text_bytes, &layout->facility,
						  &layout->level };
	size_t i;

	bind_from_vmcoreinfo(kernel, layout);
	if (!mo_has(&layout->log_buf) || !mo_has(&layout->log_buf_len) || !mo_has(&layout->first_index) ||
	    !mo_has(&layout->next_index) || !mo_has(&layout->record))
		return mo_error_create(MO_E_ABSENT, "%s is not known", mo_has(&layout->record) ?
				       "log_buf, log_buf_len, log_first_idx or log_next_idx" : "struct printk_log");
	for (i = 0; i < MO_N_ROWS(fields); i++)
		if (!mo_has(fields[i]) || fields[i]->offset_bytes + fields[i]->width_bytes > layout->record.bytes)
			return mo_error_create(MO_E_CORRUPT, "a member of struct printk_log is not known, or lies outside");
	if (layout->record.bytes < RECORD_BYTES_MIN || layout->record.bytes > RECORD_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "struct printk_log has %llu bytes",
				       (unsigned long long)layout->record.bytes);
	return NULL;
}

const struct mo_layout_table mo_log_records_table = {
	.id = MO_LAYOUT_LOG_RECORDS,
	.layout_bytes = sizeof(struct mo_log_records_layout),
	.needs = records_needs,
	.n_needs = MO_N_ROWS(records_needs),
	.finish = finish,
};

struct header {
	uint64_t time_ns;
	uint64_t length;
	uint64_t text_bytes;
	unsigned facility;
	unsigned level;
	uint32_t caller_id;
};

/* The header at an offset. MO_E_CORRUPT if it does not fit there. */
static struct mo_error *read_header(struct mo_log *log, uint64_t at, struct header *ret)
{
	const struct mo_log_records_layout *records = log->records;
	uint8_t bytes[RECORD_BYTES_MAX];

	if (at >= log->buffer_bytes || log->buffer_bytes - at < records->record.bytes)
		return mo_error_create(MO_E_CORRUPT, "a record at offset %llu of a log of %llu bytes",
				       (unsigned long long)at, (unsigned long long)log->buffer_bytes);
	MO_TRY(mo_read(log->reader, log->buffer_kva + at, bytes, records->record.bytes));
	ret->time_ns = mo_get(&records->time_ns, bytes);
	ret->length = mo_get(&records->length, bytes);
	ret->text_bytes = mo_get(&records->text_bytes, bytes);
	ret->facility = (unsigned)mo_get(&records->facility, bytes);
	ret->level = (unsigned)mo_get(&records->level, bytes);
	ret->caller_id = mo_has(&records->caller_id) ? (uint32_t)mo_get(&records->caller_id, bytes) : 0;
	return NULL;
}

static bool is_sound(const struct mo_log *log, uint64_t at, const struct header *header)
{
	uint64_t head_bytes = log->records->record.bytes;

	return header->length >= head_bytes && header->length <= log->buffer_bytes - at &&
	       header->text_bytes <= header->length - head_bytes && !(header->length % 4);
}

/* Whether a sound record lies at an offset, no older than the last good one. *step_ret: how far to go on, if not. */
static bool is_record_at(struct mo_log *log, uint64_t at, uint64_t *step_ret)
{
	struct header header;
	struct mo_error *error = read_header(log, at, &header);

	*step_ret = 4;
	if (error) { /* nothing of this page can be read */
		*step_ret = PAGE_BYTES - (log->buffer_kva + at) % PAGE_BYTES;
		mo_error_destroy(error);
		return false;
	}
	return is_sound(log, at, &header) && header.text_bytes && header.level < 8 &&
	       header.time_ns >= log->last_time_ns && header.time_ns - log->last_time_ns < TIME_STEP_MAX_NS;
}

/* After a broken header: the next offset at which a record makes sense. */
static bool find_next_sound(struct mo_log *log)
{
	uint64_t end = log->at + SEARCH_BYTES_MAX < log->buffer_bytes ? log->at + SEARCH_BYTES_MAX : log->buffer_bytes;
	uint64_t step = 4;
	uint64_t at;

	for (at = log->at + 4; at < end; at += step) {
		if (log->at < log->end_at && at >= log->end_at)
			return false;
		if (is_record_at(log, at, &step)) {
			log->at = at;
			return true;
		}
	}
	return false;
}

/* Moves over the mark that sends the reader to the buffer's start. Once: a second mark is no mark. */
static struct mo_error *read_header_wrapped(struct mo_log *log, struct header *ret)
{
	bool is_at_end = log->buffer_bytes - log->at < log->records->record.bytes;

	if (!is_at_end)
		MO_TRY(read_header(log, log->at, ret));
	if ((is_at_end || !ret->length) && !log->has_wrapped) {
		log->at = 0;
		log->has_wrapped = true;
		return read_header(log, 0, ret);
	}
	return NULL;
}

static struct mo_error *read_record(struct mo_log *log, struct mo_log_record *ret)
{
	struct header header = { .length = 0 };

	MO_TRY(read_header_wrapped(log, &header));
	if (!is_sound(log, log->at, &header))
		return mo_error_create(MO_E_CORRUPT, "the record at offset %llu of the log claims %llu bytes, %llu "
				       "of them text", (unsigned long long)log->at, (unsigned long long)header.length,
				       (unsigned long long)header.text_bytes);
	MO_TRY(mo_read(log->reader, log->buffer_kva + log->at + log->records->record.bytes, log->text,
		       header.text_bytes));
	*ret = (struct mo_log_record){
		.sequence = log->sequence, .time_ns = header.time_ns, .level = header.level, .facility = header.facility,
		.text = log->text, .text_bytes = header.text_bytes, .caller_id = header.caller_id,
		.has_caller_id = mo_has(&log->records->caller_id),
	};
	log->at += header.length;
	log->last_time_ns = header.time_ns;
	return NULL;
}

static bool next_record(struct mo_log *log, struct mo_log_record *ret)
{
	while (log->n_records_left) {
		struct mo_error *error = read_record(log, ret);

		log->n_records_left--;
		log->sequence++;
		/* The last record ends where the next one will begin, whatever the sequence numbers said. */
		if (!error) {
			if (log->at == log->end_at)
				log->n_records_left = 0;
			return true;
		}
		mo_log_skip(log, error);
		if (!find_next_sound(log))
			log->n_records_left = 0;
	}
	return false;
}

/* How many records there are; sequence numbers are in no VMCOREINFO, so without symbols they are not known. */
static struct mo_error *count_records(struct mo_log *log)
{
	const struct mo_log_records_layout *records = log->records;
	uint64_t first = 0;
	uint64_t next = 0;
	uint64_t n_max = log->buffer_bytes / RECORD_BYTES_MIN;

	log->n_records_left = log->at == log->end_at ? 0 : n_max;
	if (!mo_has(&records->first_sequence) || !mo_has(&records->next_sequence))
		return NULL;
	MO_TRY(mo_read_u64(log->reader, records->first_sequence.kva, &first));
	MO_TRY(mo_read_u64(log->reader, records->next_sequence.kva, &next));
	log->sequence = first;
	if (next - first <= n_max)
		log->n_records_left = next - first;
	return NULL;
}

struct mo_error *mo_log_open_records(struct mo_log *log)
{
	const void *bound = NULL;
	const struct mo_log_records_layout *records;
	uint32_t n_bytes = 0;
	uint32_t first = 0;
	uint32_t next = 0;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(log->reader), MO_LAYOUT_LOG_RECORDS, &bound));
	records = bound;
	log->records = records;
	log->next = next_record;
	MO_TRY(mo_error_prepend(mo_read_pointer(log->reader, records->log_buf.kva, &log->buffer_kva),
				"cannot read log_buf"));
	MO_TRY(mo_error_prepend(mo_read_u32(log->reader, records->log_buf_len.kva, &n_bytes), "cannot read log_buf_len"));
	MO_TRY(mo_error_prepend(mo_read_u32(log->reader, records->first_index.kva, &first), "cannot read log_first_idx"));
	MO_TRY(mo_error_prepend(mo_read_u32(log->reader, records->next_index.kva, &next), "cannot read log_next_idx"));
	if (!log->buffer_kva || n_bytes < RECORD_BYTES_MIN || n_bytes > BUFFER_BYTES_MAX || first >= n_bytes ||
	    next > n_bytes)
		return mo_error_create(MO_E_CORRUPT, "log_buf is 0x%llx with %u bytes, from %u to %u",
				       (unsigned long long)log->buffer_kva, n_bytes, first, next);
	log->buffer_bytes = n_bytes;
	log->at = first;
	log->end_at = next;
	return count_records(log);
}
