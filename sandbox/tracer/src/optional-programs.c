// SPDX-License-Identifier: GPL-2.0
/* Programs for tracepoints that not every kernel has, or not in the same form. */
#include <errno.h>
#include <stdbool.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "optional-programs.h"

/*
 * Forms of a tracepoint, told apart by the number of its parameters. io_uring_submit_sqe: (ring,
 * opcode, ...) up to 5.13, (ring, request, ...) up to 5.19, (request, ...) until it became
 * io_uring_submit_req in 6.4.
 */
static const struct {
	const char *program, *type;
	int parameters;
} choices[] = {
	{"on_uring_req", "btf_trace_io_uring_submit_req", 1},
	{"on_uring_sqe_2", "btf_trace_io_uring_submit_sqe", 2},
	{"on_uring_sqe_7", "btf_trace_io_uring_submit_sqe", 7},
	{"on_uring_sqe_5", "btf_trace_io_uring_submit_sqe", 5},
};

/* -1 when the kernel has no such tracepoint. A pointer to the tracer's own data comes first. */
static int parameters_of(const struct btf *btf, const char *type)
{
	const struct btf_type *found;
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF);

	if (id < 0)
		return -1;
	found = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!found || !btf_is_ptr(found))
		return -1;
	found = btf__type_by_id(btf, found->type);
	return found && btf_is_func_proto(found) ? btf_vlen(found) - 1 : -1;
}

int choose_programs(struct bpf_object *object)
{
	struct btf *btf = btf__load_vmlinux_btf();
	unsigned int i;
	int err = 0;

	if (!btf)
		return -errno;
	for (i = 0; !err && i < sizeof(choices) / sizeof(*choices); i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object, choices[i].program);
		bool fits = parameters_of(btf, choices[i].type) == choices[i].parameters;

		err = program ? bpf_program__set_autoload(program, fits) : -ENOENT;
	}
	btf__free(btf);
	return err;
}
