// SPDX-License-Identifier: GPL-2.0
/* What the holder has found becomes records. */
#include <stdlib.h>
#include <string.h>
#include "recording.h"

struct program_record {
	__u32 ring_header[2];
	struct record record;
	struct program_body body;
	struct record_field field;
	char program[sizeof(struct program_field)]; /* not aligned */
	char padding[8];
};

static void add_note(struct recording *r, const struct program_note *note)
{
	struct program_record out = {
		.record = {.kind = RECORD_PROGRAM,
			   .class = CLASS_DECISIVE,
			   .time = boot_time(),
			   .task = note->task},
		.body = {.exec_time = note->exec_time},
		.field = {.tag = FIELD_PROGRAM, .bytes = sizeof(note->program)},
	};
	size_t bytes = offsetof(struct program_record, padding);

	memcpy(out.program, &note->program, sizeof(note->program));
	out.ring_header[0] = bytes - sizeof(out.ring_header);
	bytes = (bytes + 7) & ~7UL;
	r->program_notes++;
	if (trace_file_room(&r->file, 0) < bytes ||
	    trace_file_add(&r->file, CHUNK_RECORDS, &out, bytes))
		r->cut[CLASS_DECISIVE]++;
	else
		r->delivered[CLASS_DECISIVE]++;
}

void recording_add_program_notes(struct recording *r)
{
	struct program_note *note, *next;

	if (!r->holder)
		return;
	for (note = holder_take(r->holder); note; note = next) {
		next = note->next;
		add_note(r, note);
		free(note);
	}
}
