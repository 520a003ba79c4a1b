/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake_kernel.h"

#include <stdarg.h>

#include "cleanup.h"
#include "fake_types.h"
#include "kernel_layouts.h"
#include "kernel_private.h"
#include "printk_log.h"

struct region {
	uint64_t kva;
	size_t n_bytes;
	uint8_t *bytes;            /* NULL: reads fail with code */
	enum mo_error_code code;
};

struct fake_kernel {
	struct mo_kernel kernel;   /* first: a struct mo_kernel is a struct fake_kernel */
	struct mo_fake fake;
	MO_VECTOR(struct region) regions;
	struct mo_reader *reader;
};

static struct fake_kernel *of(const struct mo_kernel *kernel)
{
	return (struct fake_kernel *)kernel;
}

struct mo_kernel *mo_fake_kernel(const struct mo_fake *fake)
{
	struct fake_kernel *self = mo_fake_allocate(1, sizeof(*self));
	struct mo_kernel_facts *facts = &self->kernel.facts;

	self->fake = *fake;
	facts->pointer_bytes = fake->pointer_bytes ? fake->pointer_bytes : 8;
	facts->arch = fake->arch ? fake->arch : "x86_64";
	facts->page_shift = 12;
	facts->page_bytes = 4096;
	facts->end_pfn = fake->end_pfn;
	facts->max_pages = fake->max_pages;
	facts->is_live = fake->is_live;
	facts->paging_levels = fake->paging_levels ? fake->paging_levels : 4;
	self->kernel.arch = &mo_arch_x86_64;
	mo_arch_x86_64.set_geometry(&self->kernel.paging, facts->paging_levels);
	self->kernel.types = mo_fake_types_create(&self->fake);
	self->kernel.symbols = mo_fake_symbols_create(&self->fake);
	self->kernel.layouts = mo_kernel_layouts_create();
	pthread_mutex_init(&self->kernel.modules_lock, NULL);
	if (!self->kernel.layouts || mo_reader_create(&self->kernel, &self->reader))
		abort();
	return &self->kernel;
}

void mo_fake_destroy(struct mo_kernel *kernel)
{
	struct fake_kernel *self = of(kernel);
	size_t i;

	mo_reader_destroy(self->reader);
	mo_kernel_layouts_destroy(kernel->layouts);
	mo_fake_types_destroy(kernel->types);
	mo_fake_symbols_destroy(kernel->symbols);
	pthread_mutex_destroy(&kernel->modules_lock);
	for (i = 0; i < kernel->remarks.count; i++)
		free(kernel->remarks.items[i]);
	mo_vector_deinit(&kernel->remarks);
	mo_vector_deinit(&kernel->module_files);
	mo_vector_deinit(&kernel->debug_roots);
	for (i = 0; i < self->regions.count; i++)
		free(self->regions.items[i].bytes);
	mo_vector_deinit(&self->regions);
	free(self);
}

struct mo_reader *mo_fake_reader(struct mo_kernel *kernel)
{
	return of(kernel)->reader;
}

static void add_region(struct mo_kernel *kernel, struct region region)
{
	if (!mo_vector_append(&of(kernel)->regions, region))
		abort();
}

void mo_fake_map(struct mo_kernel *kernel, uint64_t kva, size_t n_bytes)
{
	add_region(kernel, (struct region){ .kva = kva, .n_bytes = n_bytes, .bytes = mo_fake_allocate(1, n_bytes) });
}

void mo_fake_break(struct mo_kernel *kernel, uint64_t kva, size_t n_bytes, enum mo_error_code code)
{
	add_region(kernel, (struct region){ .kva = kva, .n_bytes = n_bytes, .code = code });
}

/* The region that answers for an address: the newest that covers it. */
static const struct region *region_at(const struct mo_kernel *kernel, uint64_t kva)
{
	const struct fake_kernel *self = of(kernel);
	size_t i;

	for (i = self->regions.count; i--;)
		if (kva - self->regions.items[i].kva < self->regions.items[i].n_bytes)
			return &self->regions.items[i];
	return NULL;
}

enum mo_frame_presence mo_fake_presence(const struct mo_kernel *kernel, uint64_t kva)
{
	const struct region *region = region_at(kernel, kva);

	if (region && region->bytes)
		return MO_FRAME_PRESENT;
	return region && region->code != MO_E_NOT_MAPPED ? MO_FRAME_EXCLUDED : MO_FRAME_HOLE;
}

void mo_fake_put(struct mo_kernel *kernel, uint64_t kva, const void *bytes, size_t n_bytes)
{
	size_t i;

	for (i = 0; i < n_bytes; i++) {
		const struct region *region = region_at(kernel, kva + i);

		if (!region || !region->bytes)
			abort(); /* the test maps it first */
		region->bytes[kva + i - region->kva] = ((const uint8_t *)bytes)[i];
	}
}

void mo_fake_put_u8(struct mo_kernel *kernel, uint64_t kva, uint8_t value)
{
	mo_fake_put(kernel, kva, &value, 1);
}

void mo_fake_put_u16(struct mo_kernel *kernel, uint64_t kva, uint16_t value)
{
	value = htole16(value);
	mo_fake_put(kernel, kva, &value, 2);
}

void mo_fake_put_u32(struct mo_kernel *kernel, uint64_t kva, uint32_t value)
{
	value = htole32(value);
	mo_fake_put(kernel, kva, &value, 4);
}

void mo_fake_put_u64(struct mo_kernel *kernel, uint64_t kva, uint64_t value)
{
	value = htole64(value);
	mo_fake_put(kernel, kva, &value, 8);
}

size_t mo_fake_remark_count(const struct mo_kernel *kernel)
{
	return kernel->remarks.count;
}

const char *mo_fake_remark(const struct mo_kernel *kernel, size_t index)
{
	return kernel->remarks.items[index];
}

/* The session. */

const struct mo_kernel_facts *mo_kernel_facts(const struct mo_kernel *kernel)
{
	return &kernel->facts;
}

struct mo_types *mo_kernel_types(const struct mo_kernel *kernel)
{
	return kernel->types;
}

const struct mo_symbols *mo_kernel_symbols(const struct mo_kernel *kernel)
{
	return kernel->symbols;
}

unsigned mo_kernel_thread_count(const struct mo_kernel *kernel)
{
	(void)kernel;
	return 1;
}

struct mo_kernel_layouts *mo_kernel_layouts_of(struct mo_kernel *kernel)
{
	return kernel->layouts;
}

struct mo_error *mo_kernel_add_remark(struct mo_kernel *kernel, const char *format, ...)
{
	va_list arguments;
	char *remark = NULL;

	va_start(arguments, format);
	if (vasprintf(&remark, format, arguments) < 0)
		abort();
	va_end(arguments);
	if (!mo_vector_append(&kernel->remarks, remark))
		abort();
	return NULL;
}

struct mo_error *mo_kernel_vmcoreinfo_number(const struct mo_kernel *kernel, const char *key, int64_t *ret)
{
	const char *line = of(kernel)->fake.vmcoreinfo;
	size_t length = strlen(key);
	bool is_hex = !strncmp(key, "SYMBOL", 6) || !strcmp(key, "KERNELOFFSET");

	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, length) && line[length] == '=') {
			*ret = (int64_t)strtoull(line + length + 1, NULL, is_hex ? 16 : 10);
			return NULL;
		}
	return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no %s", key);
}

const char *mo_kernel_vmcoreinfo_text(const struct mo_kernel *kernel)
{
	return of(kernel)->fake.vmcoreinfo;
}

/* Readers. */

struct mo_error *mo_reader_create(struct mo_kernel *kernel, struct mo_reader **ret)
{
	struct mo_reader *reader = mo_fake_allocate(1, sizeof(*reader));

	reader->kernel = kernel;
	*ret = reader;
	return NULL;
}

void mo_reader_destroy(struct mo_reader *reader)
{
	free(reader);
}

void mo_reader_forget(struct mo_reader *reader)
{
	(void)reader;
}

struct mo_kernel *mo_reader_kernel(const struct mo_reader *reader)
{
	return reader->kernel;
}

static struct mo_error *check(const struct mo_reader *reader, uint64_t kva, const struct region **ret)
{
	const struct region *region = region_at(reader->kernel, kva);

	if (!region)
		return mo_error_create(MO_E_NOT_MAPPED, "0x%llx is not mapped", (unsigned long long)kva);
	if (!region->bytes)
		return mo_error_create(region->code, "0x%llx cannot be read", (unsigned long long)kva);
	*ret = region;
	return NULL;
}

struct mo_error *mo_read(struct mo_reader *reader, uint64_t kva, void *buffer, size_t n_bytes)
{
	const struct region *region = NULL;
	size_t i;

	if (of(reader->kernel)->fake.before_read)
		of(reader->kernel)->fake.before_read(reader->kernel, kva);
	/* All or nothing: out-parameters stay as they are. */
	for (i = 0; i < n_bytes; i++)
		MO_TRY(check(reader, kva + i, &region));
	for (i = 0; i < n_bytes; i++) {
		region = region_at(reader->kernel, kva + i);
		((uint8_t *)buffer)[i] = region->bytes[kva + i - region->kva];
	}
	return NULL;
}

void mo_view_done(struct mo_reader *reader, const void *bytes, size_t n_bytes)
{
	(void)reader;
	(void)bytes;
	(void)n_bytes;
}

struct mo_error *mo_view(struct mo_reader *reader, uint64_t kva, size_t max_bytes, const void **ret, size_t *n_bytes_ret)
{
	const struct region *region = NULL;
	size_t n_bytes = 1;

	MO_TRY(check(reader, kva, &region));
	while (n_bytes < max_bytes && region_at(reader->kernel, kva + n_bytes) == region)
		n_bytes++;
	*ret = region->bytes + (kva - region->kva);
	*n_bytes_ret = n_bytes;
	return NULL;
}

#define READ_NUMBER(bits, convert) \
	struct mo_error *mo_read_u##bits(struct mo_reader *reader, uint64_t kva, uint##bits##_t *ret) \
	{ \
		uint##bits##_t raw; \
		MO_TRY(mo_read(reader, kva, &raw, sizeof(raw))); \
		*ret = convert(raw); \
		return NULL; \
	}

READ_NUMBER(8, (uint8_t))
READ_NUMBER(16, le16toh)
READ_NUMBER(32, le32toh)
READ_NUMBER(64, le64toh)

struct mo_error *mo_read_pointer(struct mo_reader *reader, uint64_t kva, uint64_t *ret)
{
	uint32_t narrow;

	if (reader->kernel->facts.pointer_bytes == 8)
		return mo_read_u64(reader, kva, ret);
	MO_TRY(mo_read_u32(reader, kva, &narrow));
	*ret = narrow;
	return NULL;
}

struct mo_error *mo_read_string(struct mo_reader *reader, uint64_t kva, char *buffer, size_t buffer_bytes,
				size_t *length_ret)
{
	size_t length = 0;
	char c = '\1';

	while (length + 1 < buffer_bytes) {
		MO_TRY(mo_read(reader, kva + length, &c, 1));
		if (!c)
			break;
		buffer[length++] = c;
	}
	buffer[length] = '\0';
	if (length_ret)
		*length_ret = length;
	return NULL;
}

/* A kernel made of rows is never a text. */
struct mo_error *mo_log_open_text(struct mo_log *log)
{
	(void)log;
	return mo_error_create(MO_E_ABSENT, "the session is of a dump");
}
