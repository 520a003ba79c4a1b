/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reports of memory that ran out, of every era, with damaged bytes, lines cut, doubled, moved and mixed with those of another
 * report: parsed, explained, told. What must hold: no crash, no hang, no sentence that is not text, the same events in a second
 * pass. Deterministic. Usage: fuzz-oom-log ROUNDS FILE... (fuzz-oom-logs writes the files)
 */

#include "log_feed.h"

#define FUZZER "fuzz-oom-log"
#include "log_fuzzer.h"

/* One or two reports, line by line in turns of a random length; now and then a line is left out, doubled or cut. */
static void mix(struct fuzzer *fuzzer)
{
	const char *at[2] = { fuzzer->texts[next_random(fuzzer, fuzzer->n_texts)],
			      fuzzer->texts[next_random(fuzzer, fuzzer->n_texts)] };
	bool is_mixed = !next_random(fuzzer, 3);

	fuzzer->n = 0;
	if (!is_mixed && next_random(fuzzer, 2))
		at[1] = "";
	for (unsigned which = 0; *at[0] || *at[1]; which ^= is_mixed || !*at[which]) {
		for (size_t i = 1 + next_random(fuzzer, 9); i > 0 && *at[which]; i--) {
			size_t n = strcspn(at[which], "\n");
			size_t kept = next_random(fuzzer, 60) ? n : next_random(fuzzer, n + 1);

			for (size_t k = next_random(fuzzer, 60) ? 1 : next_random(fuzzer, 3); k > 0; k--) {
				append(fuzzer, at[which], kept);
				append(fuzzer, "\n", 1);
			}
			at[which] += n + (at[which][n] == '\n');
		}
	}
}

static void damage(struct fuzzer *fuzzer)
{
	static const char tokens[] = "0123456789-:,=()[]<>|kKBM /\n\t\"'x.\377";

	for (size_t i = next_random(fuzzer, 40); i > 0 && fuzzer->n; i--) {
		size_t at = next_random(fuzzer, fuzzer->n);
		size_t n = next_random(fuzzer, 30);

		switch (next_random(fuzzer, 4)) {
		case 0:
			fuzzer->text[at] = (char)(1 + next_random(fuzzer, 255));
			break;
		case 1:
			fuzzer->text[at] = tokens[next_random(fuzzer, sizeof(tokens) - 1)];
			break;
		case 2:
			cut(fuzzer, at, n);
			break;
		default:
			/* Numbers that no machine has. */
			for (size_t k = at; k < at + 22 && k < at + n && k < fuzzer->n; k++)
				fuzzer->text[k] = '9';
		}
	}
	fuzzer->text[fuzzer->n] = '\0';
}

static uint64_t sum_of_text(uint64_t sum, const char *text)
{
	for (; *text; text++)
		sum = sum * 31 + (unsigned char)*text;
	return sum;
}

static uint64_t sum_of_event(const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	struct event_sentences sentences;
	struct evidence_list list;
	uint64_t sum = event->kind * 7 + event->constraint * 31 + event->cause;

	check(event->kind < MO_OOM_N_KINDS && kind_words[event->kind], "a kind that is none");
	check(event->constraint < MO_OOM_N_CONSTRAINTS && event->cause < MO_OOM_N_CAUSES, "a constraint or cause that is none");
	check(!event->has_order || (event->order >= -1 && event->order < MO_OOM_ORDERS), "an order that is none");
	for (size_t i = 0; i < draft->n_zones; i++)
		check(draft->zones[i].n_orders <= MO_OOM_ORDERS && draft->zones[i].n_lowmem_reserve <= MO_OOM_RESERVES,
		      "a zone with more than it has room for");
	write_sentences(state, draft, &sentences);
	for (size_t i = 0; i < 3; i++) {
		check(strlen(sentences.text[i]) < sizeof(sentences.text[i]), "a sentence without end");
		sum = sum_of_text(sum, sentences.text[i]);
	}
	check(sentences.text[0][0] != '\0', "nothing is said of an event");
	list_evidence(state, draft, &list);
	check(list.n <= MAX_EVIDENCE, "too much evidence");
	return sum;
}

/* A sum over all that is told. */
static uint64_t sum_of(struct fuzzer *fuzzer)
{
	static const struct mo_zones_model no_zones = { .n_zones = 0 };
	static const struct mo_tasks_model no_tasks = { .n_tasks = 0 };
	static const struct oom_layout no_layout = { 0 };
	struct oom_state state = { .layout = &no_layout, .zones = &no_zones, .tasks = &no_tasks, .page_bytes = 4096,
				   .scan = new_scan(), .panic_on_oom = -1, .is_text = true };
	uint64_t sum = 0;

	feed(&state.scan, fuzzer->text);
	log_scan_finish(&state.scan);
	check(!state.scan.is_out_of_memory, "memory is short");
	for (size_t i = 0; i < state.scan.n_drafts; i++) {
		check(!explain_event(&state, i), "an event cannot be explained");
		sum = sum * 31 + sum_of_event(&state, state.scan.drafts[i]);
		fuzzer->n_found++;
	}
	log_scan_free(&state.scan);
	return sum;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, ROOM);

	check(file && text && fread(text, 1, ROOM - 1, file), "a file cannot be read");
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	struct fuzzer fuzzer = NEW_FUZZER;
	long rounds = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

	check(fuzzer.text && rounds > 0, "usage: fuzz-oom-log ROUNDS FILE...");
	fuzzer.n_texts = (size_t)argc - 2;
	fuzzer.texts = calloc(fuzzer.n_texts, sizeof(*fuzzer.texts));
	check(fuzzer.texts != NULL, "memory is short");
	for (size_t i = 0; i < fuzzer.n_texts; i++)
		fuzzer.texts[i] = read_file(argv[i + 2]);
	for (long i = 0; i < rounds; i++) {
		uint64_t sum;

		mix(&fuzzer);
		damage(&fuzzer);
		sum = sum_of(&fuzzer);
		check(sum == sum_of(&fuzzer), "two passes differ");
	}
	check(fuzzer.n_found > (uint64_t)rounds, "hardly an event was recognised");
	printf("%ld logs, %llu events\n", rounds, (unsigned long long)fuzzer.n_found);
	for (size_t i = 0; i < fuzzer.n_texts; i++)
		free(fuzzer.texts[i]);
	free(fuzzer.texts);
	free(fuzzer.text);
	return 0;
}
