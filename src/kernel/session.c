/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening and closing a session. The order matters: each step rests on the ones before. */
#include "kernel_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "cleanup.h"
#include "kernel_layouts.h"
#include "printk_shape.h"
#include "text.h"
#include "threads.h"

struct mo_error *mo_kernel_add_remark(struct mo_kernel *kernel, const char *format, ...)
{
	struct mo_text text = MO_TEXT_EMPTY;
	va_list arguments;
	char *remark;

	va_start(arguments, format);
	mo_text_vprintf(&text, format, arguments);
	va_end(arguments);
	remark = mo_text_take(&text);
	if (!remark || !mo_vector_append(&kernel->remarks, remark)) {
		free(remark);
		return mo_error_no_memory();
	}
	return NULL;
}

static struct mo_error *join_paths(const struct mo_session_options *options, char **ret)
{
	struct mo_text text = MO_TEXT_EMPTY;

	for (size_t i = 0; i < options->n_dump_paths; i++) {
		const char *path = options->dump_paths[i];

		mo_text_append(&text, i ? "," : "");
		mo_text_append_visible(&text, path, strlen(path), MO_ONE_LINE);
	}
	*ret = mo_text_take(&text);
	return *ret ? NULL : mo_error_no_memory();
}

static struct mo_error *read_identity(struct mo_kernel *kernel)
{
	MO_TRY(mo_vmcoreinfo_copy(kernel->vmcoreinfo, "BUILD-ID", &kernel->build_id));
	MO_TRY(mo_vmcoreinfo_copy(kernel->vmcoreinfo, "OSRELEASE", &kernel->release));
	if (!kernel->release && kernel->dump_info->os_release && *kernel->dump_info->os_release) {
		kernel->release = strdup(kernel->dump_info->os_release);
		if (!kernel->release)
			return mo_error_no_memory();
	}
	return NULL;
}

/* The kernel's own banner: read rather than believed of a header. No banner is no error. */
static struct mo_error *read_banner(struct mo_kernel *kernel)
{
	struct mo_reader *reader;
	struct mo_symbol symbol;
	char banner[512];
	size_t length = 0;
	struct mo_error *error = mo_symbols_find(kernel->symbols, NULL, "linux_banner", &symbol, NULL);

	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	MO_TRY(mo_reader_create(kernel, &reader));
	error = mo_read_string(reader, symbol.value_kva, banner, sizeof(banner), &length);
	mo_reader_destroy(reader);
	if (mo_error_ends_run(error))
		return error;
	if (mo_error_destroy(error))
		return NULL;
	kernel->banner = mo_text_from_bytes(banner, strcspn(banner, "\n"));
	return kernel->banner ? NULL : mo_error_no_memory();
}

/* "Linux version RELEASE (": what a dump without VMCOREINFO still says of its release. */
static struct mo_error *release_from_banner(struct mo_kernel *kernel)
{
	static const char prefix[] = "Linux version ";
	const char *start;

	if (kernel->release || !kernel->banner || strncmp(kernel->banner, prefix, sizeof(prefix) - 1))
		return NULL;
	start = kernel->banner + sizeof(prefix) - 1;
	kernel->release = strndup(start, strcspn(start, " "));
	return kernel->release ? NULL : mo_error_no_memory();
}

/*
 * How many page frames a dump can tell of, by what is stored of it: a bound for passes over struct pages, whose number
 * sections can inflate. A kernel's struct page takes 56 bytes or more, 32 on 32 bits. Where pages are compressed that may become one
 * byte, so a quarter of a byte a page frame is less than any dump has, and 128 GiB of memory are granted to all; where they are not, 16
 * bytes a page frame, and 16 GiB.
 */
static uint64_t max_pages(const struct mo_dump_info *info)
{
	if (info->is_live)
		return 0;
	if (info->compression && !strcmp(info->compression, "none"))
		return info->stored_bytes / 16 + (1ull << 22);
	return 4 * info->stored_bytes + (1ull << 25);
}

static void fill_facts(struct mo_kernel *kernel)
{
	const struct mo_dump_info *info = kernel->dump_info;
	struct mo_kernel_facts *facts = &kernel->facts;

	facts->dump_path = kernel->path;
	facts->cache_dir = kernel->cache_dir;
	facts->dump_format = info->format;
	facts->arch = kernel->arch ? kernel->arch->name : info->arch;
	facts->pointer_bytes = kernel->arch ? kernel->arch->pointer_bytes : info->pointer_bytes;
	facts->page_shift = info->page_shift;
	facts->page_bytes = info->page_bytes;
	facts->end_pfn = info->end_pfn;
	facts->kaslr_offset = kernel->paging.kaslr_offset;
	facts->paging_levels = kernel->paging.levels;
	facts->is_big_endian = info->is_big_endian;
	facts->is_live = info->is_live;
	facts->is_read_in_part = kernel->types && kernel->symbols && mo_kernel_is_read_in_part(kernel);
	facts->max_pages = max_pages(info);
	facts->release = kernel->release;
	facts->build_id = kernel->build_id;
	facts->banner = kernel->banner;
	facts->lacks_types = kernel->lacks_types;
	facts->types_from = kernel->types && !kernel->lacks_types ? mo_types_describe(kernel->types) : NULL;
	facts->symbols_from = kernel->symbols ? mo_symbols_describe(kernel->symbols) : NULL;
}

/* What the user should know of the sources: an unusable cache, a truncated symbol table. */
static struct mo_error *add_source_remarks(struct mo_kernel *kernel)
{
	const char *remark = mo_types_cache_remark(kernel->types);

	if (remark)
		MO_TRY(mo_kernel_add_remark(kernel, "%s", remark));
	if (mo_symbols_is_partial(kernel->symbols))
		MO_TRY(mo_kernel_add_remark(kernel, "not all symbols could be read: %s", mo_symbols_describe(kernel->symbols)));
	return NULL;
}

/* The modules' debug files are looked for later, when the options may be gone. */
static struct mo_error *keep_debug_roots(struct mo_kernel *kernel, const struct mo_session_options *options)
{
	for (size_t i = 0; options->debug_roots && options->debug_roots[i]; i++) {
		char *root = strdup(options->debug_roots[i]);

		if (!root || !mo_vector_append(&kernel->debug_roots, root)) {
			free(root);
			return mo_error_no_memory();
		}
	}
	if (kernel->debug_roots.count && !mo_vector_append(&kernel->debug_roots, NULL))
		return mo_error_no_memory();
	return NULL;
}

/* Without page tables there is no memory to speak of; the log may still be found by its shape. */
static struct mo_error *identify(struct mo_kernel *kernel, const struct mo_session_options *options)
{
	struct mo_error *error = mo_kernel_identify(kernel);

	if (!error || !options->log_is_enough)
		return error;
	MO_TRY(mo_kernel_find_log(kernel, error));
	kernel->arch = NULL;
	if (!kernel->vmcoreinfo && kernel->dump_info->vmcoreinfo) {
		kernel->vmcoreinfo = strdup(kernel->dump_info->vmcoreinfo);
		if (!kernel->vmcoreinfo)
			return mo_error_no_memory();
	}
	return NULL;
}

static struct mo_error *open_all(struct mo_kernel *kernel, const struct mo_session_options *options)
{
	bool is_text = false;

	MO_TRY(join_paths(options, &kernel->path));
	MO_TRY(keep_debug_roots(kernel, options));
	kernel->cache_dir = options->cache_dir ? strdup(options->cache_dir) : NULL;
	if (options->cache_dir && !kernel->cache_dir)
		return mo_error_no_memory();
	MO_TRY(mo_kernel_open_text(kernel, options, &is_text));
	if (is_text) {
		kernel->layouts = mo_kernel_layouts_create();
		return kernel->layouts ? NULL : mo_error_no_memory();
	}
	MO_TRY(mo_dump_open(options->dump_paths, options->n_dump_paths, &kernel->dump));
	kernel->dump_info = mo_dump_info(kernel->dump);
	MO_TRY(mo_dump_reader_create(kernel->dump, &kernel->boot_reader));
	/* A vmlinux that was named may be needed to tell the architecture and the KASLR offset. */
	if (options->vmlinux_path)
		MO_TRY(mo_elf_open(options->vmlinux_path, &kernel->vmlinux));
	MO_TRY(identify(kernel, options));
	MO_TRY(read_identity(kernel));
	MO_TRY(mo_kernel_open_vmlinux(kernel, options));
	fill_facts(kernel);
	MO_TRY(mo_kernel_open_symbols(kernel, options));
	if (kernel->arch)
		mo_kernel_find_direct_map(kernel);
	MO_TRY(read_banner(kernel));
	MO_TRY(release_from_banner(kernel));
	MO_TRY(mo_kernel_check_banner(kernel));
	MO_TRY(mo_kernel_open_types(kernel, options));
	if (kernel->arch)
		mo_kernel_refine_paging(kernel);
	MO_TRY(add_source_remarks(kernel));
	fill_facts(kernel);
	kernel->layouts = mo_kernel_layouts_create();
	if (!kernel->layouts)
		return mo_error_no_memory();
	return kernel->lacks_types && options->log_is_enough && !kernel->shape_log ? mo_kernel_check_log(kernel) : NULL;
}

/* What the file itself says, for an error that leaves nothing else: " (ELF dump of 6.1.0, cut short)". */
static void describe_file(const struct mo_kernel *kernel, struct mo_text *text)
{
	const struct mo_dump_info *info = kernel->dump_info;
	const char *release = kernel->release ? kernel->release : info->os_release;

	mo_text_printf(text, " (the file: %s", info->format);
	if (release && *release)
		mo_text_printf(text, " of kernel %s", release);
	mo_text_printf(text, ", %" PRIu64 " pages", info->present_pages);
	if (info->is_incomplete)
		mo_text_append(text, ", marked incomplete by the program that wrote it");
	mo_text_append(text, ")");
}

static struct mo_error *tell_what_failed(const struct mo_kernel *kernel, struct mo_error *error)
{
	struct mo_text file = MO_TEXT_EMPTY, cut = MO_TEXT_EMPTY;
	struct mo_error *told;

	if (!kernel->dump_info)
		return error; /* of the file itself, which it names */
	describe_file(kernel, &file);
	mo_dump_append_cut(kernel->dump_info, &cut);
	told = mo_error_create(mo_error_code(error), "%s: %s%s%s%s", kernel->path ? kernel->path : "dump", mo_text_chars(&cut),
			       cut.length ? ": " : "", mo_error_text(error), mo_text_chars(&file));
	mo_text_deinit(&file);
	mo_text_deinit(&cut);
	mo_error_destroy(error);
	return told;
}

struct mo_error *mo_kernel_open(const struct mo_session_options *options, struct mo_kernel **ret)
{
	struct mo_kernel *kernel = calloc(1, sizeof(*kernel));
	struct mo_error *error;

	if (!kernel)
		return mo_error_no_memory();
	pthread_mutex_init(&kernel->modules_lock, NULL);
	kernel->progress = options->progress;
	error = open_all(kernel, options);
	if (error) {
		error = tell_what_failed(kernel, error);
		mo_kernel_close(kernel);
		return error;
	}
	*ret = kernel;
	return NULL;
}

void mo_kernel_close(struct mo_kernel *kernel)
{
	if (!kernel)
		return;
	mo_kernel_layouts_destroy(kernel->layouts);
	if (kernel->types) {
		mo_types_save_cache(kernel->types);
		mo_types_destroy(kernel->types);
	}
	mo_symbols_destroy(kernel->symbols);
	for (size_t i = 0; i < kernel->module_files.count; i++)
		mo_elf_close(kernel->module_files.items[i]);
	mo_vector_deinit(&kernel->module_files);
	for (size_t i = 0; i < kernel->debug_roots.count; i++)
		free(kernel->debug_roots.items[i]);
	mo_vector_deinit(&kernel->debug_roots);
	mo_elf_close(kernel->separate_debug);
	mo_elf_close(kernel->vmlinux);
	if (kernel->boot_reader)
		mo_dump_reader_destroy(kernel->boot_reader);
	mo_dump_close(kernel->dump);
	for (size_t i = 0; i < kernel->remarks.count; i++)
		free(kernel->remarks.items[i]);
	mo_vector_deinit(&kernel->remarks);
	mo_shape_log_destroy(kernel->shape_log);
	mo_text_file_close(kernel->text);
	mo_text_log_facts_deinit(&kernel->text_facts);
	free(kernel->vmcoreinfo);
	free(kernel->path);
	free(kernel->cache_dir);
	free(kernel->banner);
	free(kernel->build_id);
	free(kernel->release);
	pthread_mutex_destroy(&kernel->modules_lock);
	free(kernel);
}

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

const struct mo_dump_info *mo_kernel_dump_info(const struct mo_kernel *kernel)
{
	return kernel->dump_info;
}

bool mo_kernel_is_read_in_part(const struct mo_kernel *kernel)
{
	return !kernel->facts.is_log && (kernel->dump_info->is_truncated || mo_symbols_is_partial(kernel->symbols) || mo_types_is_partial(kernel->types));
}

struct mo_kernel_layouts *mo_kernel_layouts_of(struct mo_kernel *kernel)
{
	return kernel->layouts;
}

unsigned mo_kernel_thread_count(const struct mo_kernel *kernel)
{
	(void)kernel;
	return mo_thread_count();
}

size_t mo_kernel_remark_count(const struct mo_kernel *kernel)
{
	return kernel->remarks.count;
}

const char *mo_kernel_remark(const struct mo_kernel *kernel, size_t index)
{
	return kernel->remarks.items[index];
}

struct mo_error *mo_kernel_prefetch(struct mo_kernel *kernel, const struct mo_need *const *tables, const size_t *n_needs,
				    size_t n_tables)
{
	const struct mo_need *own_tables[MO_LAYOUT_IDS];
	size_t own_n_needs[MO_LAYOUT_IDS];
	size_t n_own = mo_kernel_layout_needs(own_tables, own_n_needs);
	MO_FREE const struct mo_need **all_tables = calloc(n_tables + n_own, sizeof(*all_tables));
	MO_FREE size_t *all_n_needs = calloc(n_tables + n_own, sizeof(*all_n_needs));

	if (!all_tables || !all_n_needs)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_tables + n_own; i++) {
		all_tables[i] = i < n_own ? own_tables[i] : tables[i - n_own];
		all_n_needs[i] = i < n_own ? own_n_needs[i] : n_needs[i - n_own];
	}
	return mo_needs_prefetch(kernel->types, all_tables, all_n_needs, n_tables + n_own);
}
