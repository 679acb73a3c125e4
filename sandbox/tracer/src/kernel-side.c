// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "kernel-side.h"
#include "optional-programs.h"

extern const char bpf_object_begin[], bpf_object_end[];

static char complaint[512];

/*
 * Keeps the first line the library warns with; the verifier's log behind it is of no use to a user.
 */
static int keep_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !complaint[0]) {
		vsnprintf(complaint, sizeof(complaint), format, args);
		complaint[strcspn(complaint, "\n")] = 0;
	}
	return 0;
}

const char *kernel_side_complaint(void)
{
	return complaint;
}

int kernel_side_open(struct kernel_side *kernel)
{
	int err;

	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "airlock");

	libbpf_set_print(keep_complaint);
	kernel->cpus = libbpf_num_possible_cpus();
	if (kernel->cpus < 0)
		return kernel->cpus;
	kernel->object =
		bpf_object__open_mem(bpf_object_begin, bpf_object_end - bpf_object_begin, &options);
	if (!kernel->object)
		return -errno;
	err = choose_programs(kernel->object);
	if (err)
		return err;
	return bpf_map__set_max_entries(bpf_object__find_map_by_name(kernel->object, "scratches"),
					kernel->cpus);
}

int kernel_side_load(struct kernel_side *kernel)
{
	struct {
		const char *name;
		int *fd;
	} maps[] = {
		{"filters", &kernel->filters},
		{"analyses", &kernel->analyses},
		{"accounts", &kernel->accounts},
		{"decisive_rings", &kernel->decisive_rings},
		{"bulk_rings", &kernel->bulk_rings},
		{"call_counts", &kernel->call_counts},
		{"write_totals", &kernel->write_totals},
		{"seen_opens", &kernel->seen_opens},
		{"hold_rings", &kernel->hold_rings},
		{"known_programs", &kernel->known_programs},
		{"pending_scripts", &kernel->pending_scripts},
		{"program_answers", &kernel->program_answers},
	};
	unsigned int i;
	int err;

	err = bpf_object__load(kernel->object);
	if (err)
		return err;
	for (i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		*maps[i].fd = bpf_object__find_map_fd_by_name(kernel->object, maps[i].name);
		if (*maps[i].fd < 0)
			return *maps[i].fd;
	}
	return 0;
}

int kernel_side_attach(struct kernel_side *kernel)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, kernel->object)
	{
		if (!bpf_program__autoload(program))
			continue;
		if (strcmp(bpf_program__name(program), "on_ask") == 0) {
			kernel->ask = bpf_program__fd(program);
			continue;
		}
		if (kernel->count == PROGRAMS_MAX)
			return -E2BIG;
		kernel->links[kernel->count] = bpf_program__attach(program);
		if (!kernel->links[kernel->count])
			return -errno;
		kernel->programs[kernel->count++] = bpf_program__fd(program);
	}
	return 0;
}

int kernel_side_ask(const struct kernel_side *kernel, int file, __u32 slot,
		    struct program_answer *out)
{
	__u64 asked[2] = {file, slot};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = asked, .ctx_size_in = sizeof(asked));

	if (bpf_prog_test_run_opts(kernel->ask, &options))
		return -errno;
	if (options.retval)
		return -EBADF;
	return bpf_map_lookup_elem(kernel->program_answers, &slot, out) ? -errno : 0;
}

__u64 kernel_side_missed(const struct kernel_side *kernel)
{
	__u64 missed = 0;
	int i;

	for (i = 0; i < kernel->count; i++) {
		struct bpf_prog_info info = {};
		__u32 bytes = sizeof(info);

		if (!bpf_obj_get_info_by_fd(kernel->programs[i], &info, &bytes))
			missed += info.recursion_misses;
	}
	return missed;
}

void kernel_side_close(struct kernel_side *kernel)
{
	int i;

	for (i = 0; i < kernel->count; i++)
		bpf_link__destroy(kernel->links[i]);
	bpf_object__close(kernel->object);
}
