/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of a text: a log, and what the log says of its kernel. There is nothing else, and all that asks for it is
 * told so.
 */
#include "kernel_private.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "cleanup.h"

static bool can_be_text(const char *path)
{
	struct stat status;

	if (!strcmp(path, "-"))
		return true;
	/* /proc/kcore and the like are files as well; what they hold is no text, and looking at that is cheap. */
	return !stat(path, &status) && (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode));
}

/* Architectures on which a page has but one size; 0: another, or none. */
static uint64_t only_page_bytes(const char *arch)
{
	static const char *const with_4k[] = { "x86_64", "i686", "s390x", "armv7l" };

	for (size_t i = 0; arch && i < sizeof(with_4k) / sizeof(with_4k[0]); i++)
		if (!strcmp(arch, with_4k[i]))
			return 4096;
	return 0;
}

static void fill_text_facts(struct mo_kernel *kernel)
{
	const struct mo_text_log_facts *said = &kernel->text_facts;
	struct mo_kernel_facts *facts = &kernel->facts;
	struct mo_dump_info *info = &kernel->text_info;
	const char *compression = mo_text_file_compression(kernel->text);
	uint64_t page_bytes = said->page_bytes ? said->page_bytes : only_page_bytes(said->arch);

	*info = (struct mo_dump_info){
		.format = "text log",
		.compression = compression ? compression : "none",
		.reader = "text",
		.arch = said->arch,
		.is_truncated = said->remark != NULL,
		.file_bytes = mo_text_file_bytes(kernel->text),
		.page_bytes = (uint32_t)page_bytes,
		.page_shift = page_bytes ? (unsigned)__builtin_ctzll(page_bytes) : 0,
	};
	kernel->dump_info = info;
	*facts = (struct mo_kernel_facts){
		.dump_path = kernel->path,
		.dump_format = info->format,
		.arch = said->arch,
		.release = said->release,
		.banner = said->banner,
		.page_bytes = page_bytes,
		.page_shift = info->page_shift,
		.host = said->host,
		.is_log = true,
		.lacks_types = true,
	};
}

static struct mo_error *open_log(struct mo_kernel *kernel)
{
	const struct mo_text_log_facts *said = &kernel->text_facts;

	MO_TRY(mo_text_log_survey(kernel->text, kernel->progress, &kernel->text_facts));
	if (!said->n_records || !(said->has_prefix || said->has_kernel_words))
		return mo_error_create(MO_E_UNSUPPORTED,
				       "%s is text, not a dump, and none of its %llu lines is from a kernel", kernel->path,
				       (unsigned long long)said->n_lines);
	fill_text_facts(kernel);
	if (said->remark)
		MO_TRY(mo_kernel_add_remark(kernel, "the log could not be read to its end: %s", said->remark));
	if (said->has_several_releases)
		MO_TRY(mo_kernel_add_remark(kernel, "the log is of several kernels; the release is that of the last"));
	MO_TRY(mo_kernel_open_no_types(kernel));
	return mo_symbols_load_none(&kernel->symbols);
}

bool mo_is_text_log(const char *path)
{
	struct mo_text_file *file = NULL;
	struct stat status;
	bool is_text = false;
	struct mo_error *error;

	if (!strcmp(path, "-"))
		return true;
	/* A pipe can be read but once. */
	if (stat(path, &status) || !S_ISREG(status.st_mode))
		return false;
	error = mo_text_file_open(path, &file);
	if (!error)
		error = mo_text_file_is_text(file, &is_text);
	mo_text_file_close(file);
	mo_error_destroy(error);
	return is_text;
}

struct mo_error *mo_kernel_open_text(struct mo_kernel *kernel, const struct mo_session_options *options, bool *is_text)
{
	const char *path = options->dump_paths[0];
	bool is_stdin = !strcmp(path, "-");
	struct mo_error *error;

	*is_text = false;
	if (options->n_dump_paths != 1 || !can_be_text(path))
		return NULL;
	error = mo_text_file_open(path, &kernel->text);
	if (!error)
		error = mo_text_file_is_text(kernel->text, is_text);
	if (!error && *is_text)
		return open_log(kernel);
	if (!error && is_stdin)
		error = mo_error_create(MO_E_UNSUPPORTED, "standard input is not text: a dump must be a file");
	/* What is wrong with a file that is to be a dump is told by those who read dumps. */
	if (error && !is_stdin && !mo_error_ends_run(error)) {
		mo_error_destroy(error);
		error = NULL;
	}
	mo_text_file_close(kernel->text);
	kernel->text = NULL;
	return error;
}
