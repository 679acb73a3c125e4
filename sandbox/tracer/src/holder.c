// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "exec-gate.h"
#include "held-process.h"
#include "holder.h"
#include "ring.h"

#define HEADER 8

struct holder {
	struct kernel_side *kernel;
	__u32 slot;
	struct program_store store;
	struct exec_gate gate;
	struct ring ring; /* of struct hold */
	int known, scripts;
	int stop; /* becomes readable */
	bool hurry, running;
	pthread_t thread;
	pthread_mutex_t lock; /* of notes */
	struct program_note *notes, **last;
};

/* What is known of the file, or else what is found. */
static void look_at(struct holder *h, int file, struct program_key *key, struct program_field *out)
{
	if (!bpf_map_lookup_elem(h->known, key, out))
		return;
	if (program_store_keep(&h->store, file, out, key))
		bpf_map_update_elem(h->known, key, out, BPF_ANY);
}

static bool is_script(int file)
{
	char head[2];

	return pread(file, head, sizeof(head), 0) == sizeof(head) && head[0] == '#' &&
	       head[1] == '!';
}

/*
 * A script is told to the kernel side at each of its execs, for there nothing but its name is left
 * of it; of scripts that lead to scripts the first counts.
 */
static void answer_request(struct holder *h, struct exec_request *request)
{
	struct program_field program = {.state = PROGRAM_OF_IMAGE};
	bool script = is_script(request->file);
	struct program_answer answer;
	__u32 pid = request->pid;

	if (kernel_side_ask(h->kernel, request->file, h->slot, &answer)) {
		exec_gate_let(&h->gate, request, true);
		return;
	}
	if (answer.layer != LAYER_LOWER)
		look_at(h, request->file, &answer.key, &program);
	if (script)
		bpf_map_update_elem(h->scripts, &pid, &program, BPF_NOEXIST);
	exec_gate_let(&h->gate, request, script || program.state == PROGRAM_GONE);
}

static void copy_held(struct holder *h, const struct hold *hold, struct program_field *out)
{
	struct program_key key = hold->key;
	struct program_answer answer;
	int file = held_process_program(&hold->task);

	if (file < 0)
		return;
	/* It may have been let go by another, and run something else. */
	if (!kernel_side_ask(h->kernel, file, h->slot, &answer) &&
	    answer.key.inode == key.inode && answer.key.device == key.device)
		look_at(h, file, &key, out);
	close(file);
}

static void add_note(struct holder *h, const struct hold *hold, const struct program_field *program)
{
	struct program_note *note = calloc(1, sizeof(*note));

	if (!note)
		return;
	note->task = hold->task;
	note->exec_time = hold->exec_time;
	note->program = *program;
	pthread_mutex_lock(&h->lock);
	*h->last = note;
	h->last = &note->next;
	pthread_mutex_unlock(&h->lock);
}

static void answer_hold(struct holder *h, const struct hold *hold)
{
	struct program_field program = {.state = PROGRAM_GONE};
	int process = held_process_open(&hold->task);

	if (process >= 0) {
		if (hold->reasons & HOLD_BEGIN)
			exec_gate_guard(&h->gate, hold->task.pid);
		if (hold->reasons & HOLD_PROGRAM)
			copy_held(h, hold, &program);
		if (hold->stopped)
			held_process_let(process);
		close(process);
	}
	if (hold->reasons & HOLD_PROGRAM)
		add_note(h, hold, &program);
}

static void answer_holds(struct holder *h)
{
	struct ring_piece piece = ring_peek(&h->ring, HOLD_RING_BYTES);
	size_t at, bytes;

	for (at = 0; at < piece.bytes; at += bytes) {
		__u32 length = *(const __u32 *)(piece.data + at);

		bytes = (HEADER + (length & ~BPF_RINGBUF_DISCARD_BIT) + 7) & ~7UL;
		if (!(length & BPF_RINGBUF_DISCARD_BIT))
			answer_hold(h, (const struct hold *)(piece.data + at + HEADER));
	}
	ring_release(&h->ring, &piece);
}

static void *work(void *argument)
{
	struct holder *h = argument;
	struct pollfd inputs[] = {{.fd = h->stop, .events = POLLIN},
				  {.fd = h->ring.fd, .events = POLLIN},
				  {.fd = h->gate.fd, .events = POLLIN}};
	struct exec_request request;

	/* The drain of the rings goes first, and so it does not go on top of a busy sample. */
	setpriority(PRIO_PROCESS, 0, 0);
	for (;;) {
		bool last;

		if (poll(inputs, 3, -1) < 0 && errno != EINTR)
			break;
		last = inputs[0].revents;
		answer_holds(h);
		if (h->gate.fd >= 0 && exec_gate_next(&h->gate, &request))
			answer_request(h, &request);
		else if (last)
			break;
	}
	exec_gate_close(&h->gate);
	return NULL;
}

/* Signals are for the thread that waits for commands: one that a holder took would not wake it. */
static int start_thread(struct holder *h)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&h->thread, NULL, work, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	h->running = !err;
	return -err;
}

static int make_maps(struct holder *h)
{
	h->known = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "known", sizeof(struct program_key),
				  sizeof(struct program_field), KNOWN_PROGRAMS, NULL);
	if (h->known < 0)
		return -errno;
	h->scripts = bpf_map_create(BPF_MAP_TYPE_HASH, "scripts", sizeof(__u32),
				    sizeof(struct program_field), PENDING_SCRIPTS, NULL);
	if (h->scripts < 0)
		return -errno;
	return ring_open(&h->ring, "holds", HOLD_RING_BYTES);
}

static int hang_in(struct holder *h)
{
	const struct kernel_side *kernel = h->kernel;

	if (bpf_map_update_elem(kernel->known_programs, &h->slot, &h->known, BPF_ANY) ||
	    bpf_map_update_elem(kernel->pending_scripts, &h->slot, &h->scripts, BPF_ANY) ||
	    /* The last, since it is what switches holding on. */
	    bpf_map_update_elem(kernel->hold_rings, &h->slot, &h->ring.fd, BPF_ANY))
		return -errno;
	return 0;
}

int holder_start(struct holder **out, struct kernel_side *kernel, __u32 slot,
		 const struct holder_request *request)
{
	struct holder *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	h->kernel = kernel;
	h->slot = h->store.slot = slot;
	h->known = h->scripts = h->gate.fd = -1;
	h->store.hurry = &h->hurry;
	h->last = &h->notes;
	pthread_mutex_init(&h->lock, NULL);
	h->stop = eventfd(0, EFD_CLOEXEC);
	err = h->stop < 0 ? -errno : 0;
	if (!err)
		err = program_store_open(&h->store, kernel, request->folder, &request->bounds);
	if (!err)
		err = make_maps(h);
	if (!err)
		exec_gate_open(&h->gate);
	if (!err)
		err = start_thread(h);
	if (!err)
		err = hang_in(h);
	if (err)
		holder_free(h);
	else
		*out = h;
	return err;
}

struct program_note *holder_take(struct holder *h)
{
	struct program_note *notes;

	pthread_mutex_lock(&h->lock);
	notes = h->notes;
	h->notes = NULL;
	h->last = &h->notes;
	pthread_mutex_unlock(&h->lock);
	return notes;
}

void holder_stop(struct holder *h)
{
	__u64 one = 1;

	if (!h->running)
		return;
	/* Waits until no program that found it before is running: nobody is held any more. */
	bpf_map_delete_elem(h->kernel->hold_rings, &h->slot);
	__atomic_store_n(&h->hurry, true, __ATOMIC_RELAXED);
	if (write(h->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(h->thread, NULL);
	h->running = false;
}

void holder_free(struct holder *h)
{
	struct program_note *note, *next;

	if (!h)
		return;
	holder_stop(h);
	bpf_map_delete_elem(h->kernel->known_programs, &h->slot);
	bpf_map_delete_elem(h->kernel->pending_scripts, &h->slot);
	for (note = holder_take(h); note; note = next) {
		next = note->next;
		free(note);
	}
	exec_gate_close(&h->gate);
	ring_close(&h->ring);
	program_store_close(&h->store);
	if (h->known >= 0)
		close(h->known);
	if (h->scripts >= 0)
		close(h->scripts);
	if (h->stop >= 0)
		close(h->stop);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
