// SPDX-License-Identifier: GPL-2.0
/* Sums of writes that are still open when a recording ends. */
#include <string.h>
#include <bpf/bpf.h>
#include "recording.h"

static void add_field(char **at, __u16 tag, const void *first, size_t first_bytes,
		      const void *second, size_t second_bytes)
{
	struct record_field field = {.tag = tag, .bytes = first_bytes + second_bytes};

	memcpy(*at, &field, sizeof(field));
	*at += sizeof(field);
	memcpy(*at, first, first_bytes);
	*at += first_bytes;
	memcpy(*at, second, second_bytes);
	*at += second_bytes;
}

/* A sum that no close and no exit has handed over, in the form that the kernel side gives it. */
static void add_total(struct recording *r, struct write_total *total)
{
	char buffer[sizeof(*total) + 64] = {0}, *at = buffer + 8;
	__u16 names = total->names_bytes < WRITE_NAMES_MAX ? total->names_bytes : WRITE_NAMES_MAX;
	__u16 head = total->head_bytes < HEAD_MAX ? total->head_bytes : HEAD_MAX;
	size_t bytes;

	total->record.time = boot_time();
	memcpy(at, &total->record, sizeof(total->record));
	at += sizeof(total->record);
	memcpy(at, &total->body, sizeof(total->body));
	at += sizeof(total->body);
	add_field(&at, FIELD_FILE, &total->file, sizeof(total->file), total->names, names);
	add_field(&at, FIELD_HEAD, total->head, head, "", 0);
	*(__u32 *)buffer = at - buffer - 8;
	bytes = (at - buffer + 7) & ~7UL;
	if (trace_file_room(&r->file, 1) < bytes ||
	    trace_file_add(&r->file, CHUNK_RECORDS, buffer, bytes))
		r->cut[CLASS_BULK]++;
	else
		r->delivered[CLASS_BULK]++;
}

__u64 recording_add_open_totals(struct recording *r)
{
	struct write_key key, *previous = NULL;
	struct write_total total;
	__u64 count = 0;

	while (!bpf_map_get_next_key(r->write_totals, previous, &key)) {
		if (!bpf_map_lookup_elem(r->write_totals, &key, &total)) {
			add_total(r, &total);
			count++;
		}
		previous = &key;
	}
	return count;
}
