/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Real dumps, named as arguments: every page that our own readers give must be what libkdumpfile gives, and presence
 * the same. A dump that is not there is a skip, and no argument at all too. Flattened files, which libkdumpfile does
 * not read, are compared with the file that comes after them in the arguments as "flattened=rearranged".
 */

#include "dump_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "dump_format.h"

struct pair {
	struct mo_dump *ours, *theirs;
	struct mo_dump_reader *our_reader, *their_reader;
	uint64_t n_compared, n_excluded;
};

static struct mo_error *compare_page(struct pair *pair, uint64_t pfn)
{
	const struct mo_dump_info *info = mo_dump_info(pair->ours);
	uint64_t pa = pfn << info->page_shift, n_bytes = info->page_bytes;
	const void *ours, *theirs;
	size_t n_ours, n_theirs;

	if (mo_dump_presence(pair->ours, pfn) != mo_dump_presence(pair->theirs, pfn))
		return mo_error_create(MO_E_MISMATCH, "presence of page frame 0x%" PRIx64 " is %d and %d", pfn,
				       (int)mo_dump_presence(pair->ours, pfn), (int)mo_dump_presence(pair->theirs, pfn));
	if (mo_dump_presence(pair->ours, pfn) != MO_PRESENT) {
		pair->n_excluded++;
		return NULL;
	}
	for (uint64_t done = 0; done < n_bytes; done += n_ours) {
		struct mo_error *error = mo_dump_view(pair->our_reader, pa + done, n_bytes - done, &ours, &n_ours);

		/* /proc/vmcore has what lies below 640 KiB to the byte; libkdumpfile fills the page up with zeroes. */
		if (done > 0 && mo_error_catch(&error, MO_E_NOT_IN_DUMP))
			break;
		if (!error)
			error = mo_dump_view(pair->their_reader, pa + done, n_ours, &theirs, &n_theirs);
		if (error)
			return error;
		if (n_theirs < n_ours || memcmp(ours, theirs, n_ours) != 0)
			return mo_error_create(MO_E_MISMATCH, "page frame 0x%" PRIx64 " differs", pfn);
	}
	pair->n_compared++;
	return NULL;
}

static struct mo_error *compare(struct pair *pair)
{
	const struct mo_dump_info *ours = mo_dump_info(pair->ours), *theirs = mo_dump_info(pair->theirs);
	uint64_t end_pfn = ours->end_pfn > theirs->end_pfn ? ours->end_pfn : theirs->end_pfn;

	if (ours->page_bytes != theirs->page_bytes)
		return mo_error_create(MO_E_MISMATCH, "pages of %u and %u bytes", ours->page_bytes, theirs->page_bytes);
	if (ours->present_pages != theirs->present_pages)
		return mo_error_create(MO_E_MISMATCH, "%" PRIu64 " and %" PRIu64 " pages", ours->present_pages,
				       theirs->present_pages);
	if (!ours->vmcoreinfo != !theirs->vmcoreinfo ||
	    (ours->vmcoreinfo && strcmp(ours->vmcoreinfo, theirs->vmcoreinfo) != 0))
		return mo_error_create(MO_E_MISMATCH, "VMCOREINFO differs");
	for (uint64_t pfn = 0; pfn < end_pfn; pfn++) {
		struct mo_error *error = compare_page(pair, pfn);

		if (error)
			return error;
	}
	return NULL;
}

/* Opens both and compares; theirs NULL: the same file through libkdumpfile. */
static struct mo_error *compare_paths(const char *ours, const char *theirs, struct pair *pair)
{
	struct mo_error *error = mo_dump_open(&ours, 1, &pair->ours);

	if (!error && theirs)
		error = mo_dump_open(&theirs, 1, &pair->theirs);
	else if (!error)
		error = mo_dump_open_as(&mo_kdumpfile_format, &ours, 1, &pair->theirs);
	if (!error)
		error = mo_dump_reader_create(pair->ours, &pair->our_reader);
	if (!error)
		error = mo_dump_reader_create(pair->theirs, &pair->their_reader);
	return error ? error : compare(pair);
}

static int check_argument(char *argument)
{
	char *theirs = strchr(argument, '=');
	struct pair pair = { .ours = NULL };
	struct mo_error *error;
	int status = 0;

	if (theirs)
		*theirs++ = '\0';
	if (access(argument, R_OK) != 0 || (theirs && access(theirs, R_OK) != 0)) {
		printf("skipped: %s is not there\n", argument);
		return 77;
	}
	error = compare_paths(argument, theirs, &pair);
	if (error) {
		printf("FAILED: %s: %s\n", argument, mo_error_text(error));
		mo_error_destroy(error);
		status = 1;
	} else {
		printf("%s: %" PRIu64 " pages equal, %" PRIu64 " absent in both\n", argument, pair.n_compared,
		       pair.n_excluded);
		if (pair.n_compared == 0)
			status = 1;
	}
	mo_dump_reader_destroy(pair.our_reader);
	mo_dump_reader_destroy(pair.their_reader);
	mo_dump_close(pair.ours);
	mo_dump_close(pair.theirs);
	return status;
}

int main(int argc, char **argv)
{
	int status = argc > 1 ? 0 : 77;

	for (int i = 1; i < argc; i++) {
		int one = check_argument(argv[i]);

		if (one == 1 || (one == 77 && status == 0))
			status = one;
	}
	return status;
}

/* As in test_readers.c: contexts of libkdumpfile 0.5.1 are not always freed. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libkdumpfile.so";
}
