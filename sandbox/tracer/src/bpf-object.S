/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel side's object inside of the binary, so that one file is all there is to install. */
	.section .rodata
	.balign 8
	.global bpf_object_begin, bpf_object_end
bpf_object_begin:
	.incbin BPF_OBJECT
bpf_object_end:
	.section .note.GNU-stack, "", @progbits
