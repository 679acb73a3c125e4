// SPDX-License-Identifier: GPL-2.0
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "status.h"

/* Text into a JSON string; only our own words and the kernel's come here. */
static void say_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char)*text < ' ' ? ' ' : *text);
	}
}

static void say(const char *event, unsigned long id)
{
	printf("{\"event\":\"%s\",\"id\":%lu}\n", event, id);
	fflush(stdout);
}

void say_ready(const char *build)
{
	printf("{\"event\":\"ready\",\"build\":\"%s\"}\n", build);
	fflush(stdout);
}

void say_fault(const char *code, const char *message, const char *detail)
{
	printf("{\"event\":\"fault\",\"code\":\"%s\",\"message\":\"", code);
	say_text(message);
	if (*detail) {
		printf(": ");
		say_text(detail);
	}
	printf("\"}\n");
	fflush(stdout);
}

void say_tracked(unsigned long id)
{
	say("tracked", id);
}

void say_started(unsigned long id)
{
	say("started", id);
}

void say_refused(unsigned long id, int err)
{
	printf("{\"event\":\"refused\",\"id\":%lu,\"message\":\"%s\"}\n", id, strerror(-err));
	fflush(stdout);
}

/* A pipe with room for PIPE_BUF bytes takes a short line whole. */
static int can_say(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT);
}

static void say_class(const struct recording *r, const struct account *account, int class)
{
	const struct class_counts *counts = &account->classes[class];
	/*
	 * Sums handed over at the end are counted here, runs that the kernel skipped among what is
	 * decisive.
	 */
	__u64 extra = class == CLASS_BULK ? r->open_totals : r->missed + r->program_notes;
	__u64 missed = class == CLASS_BULK ? 0 : r->missed;

	printf("{\"counted\":%llu,\"delivered\":%llu,\"suppressed\":%llu,\"dropped\":%llu}",
	       counts->counted + extra, r->delivered[class], counts->suppressed,
	       counts->dropped + r->cut[class] + missed);
}

/* What the user needs to have even when we die before the end. */
static void say_books(const struct recording *r, const struct account *account)
{
	printf("\"classes\":{\"decisive\":");
	say_class(r, account, CLASS_DECISIVE);
	printf(",\"bulk\":");
	say_class(r, account, CLASS_BULK);
	printf("},\"started\":%s,\"heartbeats\":%llu,\"longestGapMs\":%llu,\"ringPeakBytes\":%zu,"
	       "\"frozenMs\":%llu",
	       r->started ? "true" : "false", r->heartbeats, r->longest_gap / 1000000,
	       r->rings[CLASS_BULK].peak + r->rings[CLASS_DECISIVE].peak,
	       r->freezer.total / 1000000);
}

void say_beat(struct recording *r, struct kernel_side *kernel)
{
	struct account account;

	r->heartbeats++;
	if (!can_say() || recording_account(r, kernel, &account))
		return;
	printf("{\"event\":\"beat\",\"id\":%lu,", r->id);
	say_books(r, &account);
	printf("}\n");
	fflush(stdout);
}

void say_sealed(struct recording *r, struct kernel_side *kernel)
{
	static struct call_counts calls[2 * SYSCALLS];
	struct account account;
	const char *comma = "";
	int err, i;

	err = recording_account(r, kernel, &account);
	if (!err)
		err = recording_calls(r, kernel, calls);
	if (err) {
		say_refused(r->id, err);
		return;
	}
	printf("{\"event\":\"sealed\",\"id\":%lu,", r->id);
	say_books(r, &account);
	printf(",\"error\":\"%s\",\"syscalls\":[", r->file.error ? strerror(-r->file.error) : "");
	for (i = 0; i < 2 * SYSCALLS; i++) {
		if (!calls[i].calls)
			continue;
		printf("%s[%d,%d,%llu,%llu,%llu]", comma, i >= SYSCALLS, i % SYSCALLS,
		       calls[i].calls, calls[i].failed, calls[i].denied);
		comma = ",";
	}
	printf("]}\n");
	fflush(stdout);
}
