// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel side, on raw tracepoints only: they load where kprobes, fentry and LSM programs are
 * refused. One object from one file for each family of probes, since linking several would need
 * bpftool on every machine.
 */
#include <linux/bpf.h>
#include "kernel.h"
#include "uring.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "../include/event.h"
#include "calls.h"
#include "maps.h"
#include "filter.h"
#include "record.h"
#include "path.h"
#include "program.h"
#include "seen.h"
#include "names.h"
#include "call.h"
#include "address.h"
#include "uring-request.h"

#include "syscall.bpf.c"
#include "file.bpf.c"
#include "path.bpf.c"
#include "socket.bpf.c"
#include "calls.bpf.c"
#include "process.bpf.c"
#include "uring.bpf.c"

char LICENSE[] SEC("license") = "GPL";
