/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts and boots of the lines of a log. */
#include "log_hosts.h"

#include <stdlib.h>

/* Stamps of several CPUs, and datagrams, may come a little out of order. */
#define MAX_DISORDER_NS 2000000000ull

void log_hosts_deinit(struct log_hosts *hosts)
{
	for (size_t i = 0; i < hosts->n; i++)
		free(hosts->items[i]);
	free(hosts->items);
	*hosts = (struct log_hosts){ .items = NULL };
}

static bool is_host(const struct log_host *host, struct cursor name)
{
	size_t n = cursor_left(&name);

	if (n >= sizeof(host->name))
		n = sizeof(host->name) - 1;
	return strlen(host->name) == n && (!n || !memcmp(host->name, name.at, n));
}

static struct log_host *add_host(struct log_hosts *hosts, struct cursor name)
{
	struct log_host *host;
	size_t n = cursor_left(&name);

	if (hosts->n == hosts->room) {
		size_t room = hosts->room ? hosts->room * 2 : 4;
		struct log_host **items = reallocarray(hosts->items, room, sizeof(*items));

		if (!items)
			return NULL;
		hosts->items = items;
		hosts->room = room;
	}
	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;
	if (n >= sizeof(host->name))
		n = sizeof(host->name) - 1;
	if (n)
		memcpy(host->name, name.at, n);
	hosts->items[hosts->n++] = host;
	return host;
}

/* Where the host of that name is, or would be: a quarter of the slots is in use at most. */
static uint16_t *slot_of(struct log_hosts *hosts, struct cursor name)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	size_t at;

	for (size_t i = 0; i < cursor_left(&name) && i < sizeof(hosts->items[0]->name) - 1; i++)
		hash = (hash ^ (uint8_t)name.at[i]) * UINT64_C(1099511628211);
	at = (size_t)(hash ^ hash >> 32) % MO_LOG_HOST_SLOTS;
	while (hosts->slots[at] && !is_host(hosts->items[hosts->slots[at] - 1], name))
		at = (at + 1) % MO_LOG_HOST_SLOTS;
	return &hosts->slots[at];
}

struct log_host *log_host_of(struct log_hosts *hosts, struct cursor name)
{
	uint16_t *slot;

	if (hosts->last && is_host(hosts->last, name))
		return hosts->last;
	slot = slot_of(hosts, name);
	if (!*slot && hosts->n >= MO_LOG_MAX_HOSTS) {
		name = (struct cursor){ name.at, name.at };
		slot = slot_of(hosts, name);
	}
	if (!*slot && !add_host(hosts, name)) {
		hosts->last = NULL;
		return NULL;
	}
	if (!*slot)
		*slot = (uint16_t)hosts->n;
	hosts->last = hosts->items[*slot - 1];
	return hosts->last;
}

static void begin_boot(struct log_host *host)
{
	if (host->n_lines)
		host->boot++;
	host->n_lines = 0;
	host->has_time = false;
	host->has_sequence = false;
}

void log_hosts_reboot(struct log_hosts *hosts)
{
	for (size_t i = 0; i < hosts->n; i++)
		begin_boot(hosts->items[i]);
}

static bool is_banner(struct cursor text)
{
	return take_word(&text, "Linux version ") && is_digit(cursor_peek(&text, 0));
}

/* Whether the line cannot be of the boot that the ones before were of. */
static bool begins_boot(struct log_host *host, const struct peeled *line)
{
	size_t n_id = cursor_left(&line->boot_id);

	if (n_id == sizeof(host->boot_id) - 1) {
		bool is_other = host->boot_id[0] && memcmp(host->boot_id, line->boot_id.at, n_id);

		memcpy(host->boot_id, line->boot_id.at, n_id);
		return is_other;
	}
	if (line->has_time && host->has_time)
		return line->time_ns + MAX_DISORDER_NS < host->last_ns;
	return !line->has_time && is_banner(line->text);
}

static uint64_t count_lost(struct log_host *host, uint64_t sequence)
{
	uint64_t n_lost = host->has_sequence && sequence > host->last_sequence ? sequence - host->last_sequence - 1 : 0;

	if (!host->has_sequence || sequence > host->last_sequence)
		host->last_sequence = sequence;
	host->has_sequence = true;
	return n_lost;
}

uint64_t log_host_line(struct log_host *host, const struct peeled *line)
{
	if (begins_boot(host, line))
		begin_boot(host);
	host->n_lines++;
	if (line->has_time && (!host->has_time || line->time_ns > host->last_ns)) {
		host->last_ns = line->time_ns;
		host->has_time = true;
	}
	return line->has_sequence ? count_lost(host, line->sequence) : 0;
}
