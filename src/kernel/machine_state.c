/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clocks, CPUs, names and counters of the machine at the moment of the dump. */
#include "machine_state.h"

#include <stdlib.h>

#include <memopsy/walk.h>

#include "cleanup.h"
#include "text.h"

struct state_layout {
	struct mo_address tk_core;
	struct mo_address timekeeper_data;
	struct mo_field tk_data_timekeeper;
	struct mo_field xtime_sec;
	struct mo_field xtime_nsec;
	struct mo_field shift;
	struct mo_field mult;
	struct mo_field base;
	struct mo_field clock;
	struct mo_field offs_boot;
	struct mo_address init_uts_ns;
	struct mo_field sysname;
	struct mo_field nodename;
	struct mo_field release;
	struct mo_field version;
	struct mo_field machine;
	struct mo_address totalram_pages;
	struct mo_address panic_cpu;
	struct mo_address tainted_mask;
};

#define TIMEKEEPER(into, path) \
	MO_FIELD(struct state_layout, into, "struct timekeeper", path, .is_optional = true)
#define UTSNAME(member) \
	MO_FIELD(struct state_layout, member, "struct uts_namespace", "name." #member, .is_optional = true)

const struct mo_need mo_machine_state_needs[] = {
	MO_ADDRESS(struct state_layout, tk_core, "tk_core", .is_optional = true,
		   .why = "kernel/time/timekeeping.c: a static struct { seq; timekeeper; } up to 6.12"),
	MO_ADDRESS(struct state_layout, timekeeper_data, "timekeeper_data", .is_optional = true,
		   .why = "kernel/time/timekeeping.c: an array of struct tk_data, the core's first; seen in 7.2"),
	MO_FIELD(struct state_layout, tk_data_timekeeper, "struct tk_data", "timekeeper", .is_optional = true,
		 .why = "kernel/time/timekeeping.c: the struct has a name in 7.2, in 6.12 it has none"),
	TIMEKEEPER(xtime_sec, "xtime_sec"),
	TIMEKEEPER(xtime_nsec, "tkr_mono.xtime_nsec"),
	TIMEKEEPER(shift, "tkr_mono.shift"),
	TIMEKEEPER(mult, "tkr_mono.mult"),
	TIMEKEEPER(base, "tkr_mono.base"),
	TIMEKEEPER(clock, "tkr_mono.clock"),
	TIMEKEEPER(offs_boot, "offs_boot"),
	MO_ADDRESS(struct state_layout, init_uts_ns, "init_uts_ns", .is_optional = true),
	UTSNAME(sysname),
	UTSNAME(nodename),
	UTSNAME(release),
	UTSNAME(version),
	UTSNAME(machine),
	MO_ADDRESS(struct state_layout, totalram_pages, "_totalram_pages", .or_names = { "totalram_pages" },
		   .is_optional = true, .why = "mm/page_alloc.c: an atomic_long_t with an underscore since 5.0"),
	MO_ADDRESS(struct state_layout, panic_cpu, "panic_cpu", .is_optional = true),
	MO_ADDRESS(struct state_layout, tainted_mask, "tainted_mask", .is_optional = true),
};
const size_t mo_machine_state_n_needs = sizeof(mo_machine_state_needs) / sizeof(mo_machine_state_needs[0]);

/* The raw values of a struct timekeeper. */
struct clock_reading {
	uint64_t xtime_sec;
	uint64_t xtime_nsec;
	uint64_t shift;
	uint64_t mult;
	uint64_t clock_kva;
	int64_t base_ns;
	int64_t offs_boot_ns;
};

static struct mo_error *read_clock(struct mo_reader *reader, const struct state_layout *layout, uint64_t kva,
				   struct clock_reading *ret)
{
	MO_TRY(mo_read_field(reader, &layout->xtime_sec, kva, &ret->xtime_sec));
	MO_TRY(mo_read_field(reader, &layout->xtime_nsec, kva, &ret->xtime_nsec));
	MO_TRY(mo_read_field(reader, &layout->shift, kva, &ret->shift));
	MO_TRY(mo_read_field(reader, &layout->mult, kva, &ret->mult));
	MO_TRY(mo_read_field(reader, &layout->clock, kva, &ret->clock_kva));
	MO_TRY(mo_read_field_signed(reader, &layout->base, kva, &ret->base_ns));
	return mo_read_field_signed(reader, &layout->offs_boot, kva, &ret->offs_boot_ns);
}

/* What no clock of a running kernel lacks: a clocksource, a multiplier, nanoseconds below a second, times before 2262. */
static bool is_plausible(struct mo_reader *reader, const struct clock_reading *clock)
{
	const uint64_t second_ns = 1000000000;
	struct mo_error *error;
	uint8_t byte;

	if (clock->shift > 32 || !clock->mult || !clock->clock_kva || clock->xtime_sec > INT64_MAX / second_ns ||
	    clock->xtime_nsec >> clock->shift >= 2 * second_ns || clock->base_ns < 0 || clock->offs_boot_ns < 0 ||
	    clock->base_ns > INT64_MAX / 2 || clock->offs_boot_ns > INT64_MAX / 2 - (int64_t)(2 * second_ns))
		return false;
	error = mo_read_u8(reader, clock->clock_kva, &byte);
	if (!error)
		return true;
	mo_error_destroy(error);
	return false;
}

static bool try_clock(struct mo_reader *reader, const struct state_layout *layout, uint64_t kva,
		      struct mo_machine_state *state)
{
	struct clock_reading clock;
	struct mo_error *error = read_clock(reader, layout, kva, &clock);
	uint64_t within_second_ns;

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	if (!is_plausible(reader, &clock))
		return false;
	within_second_ns = clock.xtime_nsec >> clock.shift;
	state->has_time = true;
	state->wall_seconds = (int64_t)(clock.xtime_sec + within_second_ns / 1000000000);
	state->uptime_ns = (uint64_t)clock.base_ns + within_second_ns + (uint64_t)clock.offs_boot_ns;
	return true;
}

/*
 * The timekeeper of tk_core stands after a sequence counter in a struct that has no name up to 6.12, so its place is
 * tried: 8 bytes in, 4 where 64-bit numbers are aligned to 4, more where lockdep makes the counter larger.
 */
static void gather_time(struct mo_reader *reader, const struct state_layout *layout, struct mo_machine_state *state)
{
	const uint64_t offsets[] = { 8, 4, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96 };
	uint64_t core_kva;

	if (!mo_has(&layout->xtime_sec) || !mo_has(&layout->xtime_nsec) || !mo_has(&layout->shift) ||
	    !mo_has(&layout->mult) || !mo_has(&layout->clock) || !mo_has(&layout->base) || !mo_has(&layout->offs_boot))
		return;
	if (!mo_has(&layout->timekeeper_data) && !mo_has(&layout->tk_core))
		return;
	core_kva = mo_has(&layout->timekeeper_data) ? layout->timekeeper_data.kva : layout->tk_core.kva;
	if (mo_has(&layout->tk_data_timekeeper) &&
	    try_clock(reader, layout, mo_field_kva(&layout->tk_data_timekeeper, core_kva), state))
		return;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		if (try_clock(reader, layout, core_kva + offsets[i], state))
			return;
}

static struct mo_error *gather_cpus(struct mo_reader *reader, struct mo_machine_state *state)
{
	const enum mo_cpu_set which[] = { MO_CPUS_POSSIBLE, MO_CPUS_PRESENT, MO_CPUS_ONLINE };
	unsigned *const into[] = { &state->n_cpus_possible, &state->n_cpus_present, &state->n_cpus_online };
	MO_FREE struct mo_set *set = calloc(1, sizeof(*set));

	if (!set)
		return mo_error_no_memory();
	for (size_t i = 0; i < 3; i++) {
		struct mo_error *error = mo_cpus(reader, which[i], set);

		if (error) {
			mo_error_destroy(error);
			return NULL;
		}
		*into[i] = mo_set_count(set);
	}
	state->has_cpus = true;
	return NULL;
}

static struct mo_error *gather_name(struct mo_reader *reader, const struct state_layout *layout,
				    const struct mo_field *field, char **ret)
{
	char name[65]; /* __NEW_UTS_LEN + 1 */
	struct mo_error *error;

	if (!mo_has(&layout->init_uts_ns) || !mo_has(field))
		return NULL;
	error = mo_read_field_string(reader, field, layout->init_uts_ns.kva, name, sizeof(name));
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	*ret = mo_text_from_bytes(name, strlen(name));
	return *ret ? NULL : mo_error_no_memory();
}

/* A number of n_bytes at a symbol; false: not known. */
static bool read_number(struct mo_reader *reader, const struct mo_address *address, unsigned n_bytes, uint64_t *ret)
{
	struct mo_error *error;
	uint32_t word;

	if (!mo_has(address))
		return false;
	if (n_bytes == 4) {
		error = mo_read_u32(reader, address->kva, &word);
		if (!error)
			*ret = word;
	} else {
		error = mo_read_pointer(reader, address->kva, ret);
	}
	if (!error)
		return true;
	mo_error_destroy(error);
	return false;
}

static void gather_numbers(struct mo_reader *reader, const struct state_layout *layout, struct mo_machine_state *state)
{
	struct mo_error *error;
	uint64_t cpu;

	state->has_total_pages = read_number(reader, &layout->totalram_pages, 0, &state->total_pages);
	state->has_taint = read_number(reader, &layout->tainted_mask, 0, &state->taint);
	state->has_panic_cpu = read_number(reader, &layout->panic_cpu, 4, &cpu);
	/* kernel/panic.c: an atomic_t, PANIC_CPU_INVALID (-1) until a CPU panics. */
	state->is_panicked = state->has_panic_cpu && (int32_t)(uint32_t)cpu >= 0;
	state->panic_cpu = state->is_panicked ? (unsigned)cpu : 0;
	error = mo_kernel_vmcoreinfo_number(mo_reader_kernel(reader), "CRASHTIME", &state->crash_time);
	state->has_crash_time = !error;
	mo_error_destroy(error);
}

struct mo_error *mo_machine_state_gather(struct mo_reader *reader, struct mo_machine_state *ret)
{
	MO_FREE struct state_layout *layout = calloc(1, sizeof(*layout));
	struct mo_machine_state state = { .has_time = false };
	struct mo_error *error;

	if (!layout)
		return mo_error_no_memory();
	/* Row by row: what cannot be bound of one fact (its type is missing from the dump) says nothing of the others. */
	for (size_t i = 0; i < mo_machine_state_n_needs; i++) {
		error = mo_bind(mo_reader_kernel(reader), &mo_machine_state_needs[i], 1, layout);
		if (error && mo_error_ends_run(error))
			return error;
		mo_error_destroy(error);
	}
	gather_time(reader, layout, &state);
	gather_numbers(reader, layout, &state);
	error = gather_cpus(reader, &state);
	if (!error)
		error = gather_name(reader, layout, &layout->sysname, &state.sysname);
	if (!error)
		error = gather_name(reader, layout, &layout->nodename, &state.nodename);
	if (!error)
		error = gather_name(reader, layout, &layout->release, &state.release);
	if (!error)
		error = gather_name(reader, layout, &layout->version, &state.version);
	if (!error)
		error = gather_name(reader, layout, &layout->machine, &state.machine);
	if (error) {
		mo_machine_state_deinit(&state);
		return error;
	}
	*ret = state;
	return NULL;
}

void mo_machine_state_deinit(struct mo_machine_state *state)
{
	free(state->sysname);
	free(state->nodename);
	free(state->release);
	free(state->version);
	free(state->machine);
	*state = (struct mo_machine_state){ .has_time = false };
}
