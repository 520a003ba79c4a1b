/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench_run.h"

#include <stdio.h>

struct mo_kernel *mo_run_kernel(const struct mo_run *run)
{
	return run->kernel;
}

struct mo_reader *mo_run_reader(const struct mo_run *run)
{
	return run->reader;
}

const void *mo_run_layout(const struct mo_run *run)
{
	return run->layout;
}

const void *mo_run_model(const struct mo_run *run)
{
	(void)run;
	return NULL;
}

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	(void)name;
	return NULL;
}

struct mo_progress *mo_run_progress(const struct mo_run *run)
{
	(void)run;
	return NULL;
}

void mo_run_finding(struct mo_run *run, const struct mo_finding *finding)
{
	(void)run;
	printf("finding: %s\n", finding->verdict);
}

struct mo_error *mo_run_late_model(struct mo_run *run, const char *name, const void **ret)
{
	*ret = mo_run_model_of(run, name);
	return NULL;
}

void mo_run_judge(struct mo_run *run, const char *view, const struct mo_finding *finding)
{
	(void)view;
	mo_run_finding(run, finding);
}

void mo_run_show_findings(struct mo_run *run, struct mo_report *report)
{
	(void)run;
	(void)report;
}

bool mo_run_flag(const struct mo_run *run, const char *option)
{
	(void)run;
	(void)option;
	return false;
}

const char *mo_run_text(const struct mo_run *run, const char *option)
{
	(void)run;
	(void)option;
	return NULL;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	(void)run;
	(void)option;
	(void)ret;
	return false;
}

bool mo_run_is_report(const struct mo_run *run)
{
	(void)run;
	return false;
}

size_t mo_run_report_rows(const struct mo_run *run, size_t usual)
{
	(void)run;
	return usual;
}

size_t mo_run_argument_count(const struct mo_run *run)
{
	(void)run;
	return 0;
}

const char *mo_run_argument(const struct mo_run *run, size_t index)
{
	(void)run;
	(void)index;
	return NULL;
}

double now_seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
