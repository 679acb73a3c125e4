/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which system calls become records, and where their arguments are. One table for each entry of the
 * kernel: 64-bit calls and 32-bit ones (int 0x80), whose numbers differ. A call not listed is
 * counted only, unless it is refused.
 */
#ifndef AIRLOCK_CALLS_H
#define AIRLOCK_CALLS_H

enum handler {
	HANDLE_NONE,
	HANDLE_OPEN,
	HANDLE_OPENAT2,
	HANDLE_PATH,
	HANDLE_LOOK, /* at a name: access, stat, readlink */
	HANDLE_SOCKET,
	HANDLE_SOCKETCALL,
	HANDLE_SEND_MESSAGE,
	HANDLE_SEND_MESSAGES,
	HANDLE_WRITE,
	HANDLE_WRITE_VECTOR,
	HANDLE_COPY, /* between descriptors: only the sum is known */
	HANDLE_CLOSE,
	HANDLE_SYSCALL,
	/* Recorded as HANDLE_SYSCALL, but only when it matters. */
	HANDLE_IF_FAILED,
	HANDLE_IF_OTHERS,     /* kill to another process */
	HANDLE_IF_NAMESPACE,  /* clone */
	HANDLE_IF_EXECUTABLE, /* memory that is executable and not a file's, or writes through a
				 shared mapping */
	HANDLE_OLD_MMAP,      /* the same, its arguments in memory */
	HANDLE_IF_SHARED,     /* attaches shared memory as executable */
	HANDLE_IF_PRCTL,
	HANDLE_IF_IOCTL,
};

/* As a dir: the string is no path to be resolved (a symbolic link's target). */
#define NO_BASE 255

/* Places of arguments count from 1; 0 is "has none". */
struct call_spec {
	u8 handler;
	u8 operation;
	u8 class;
	u8 dir1, path1;
	u8 dir2, path2;
	u8 string; /* a plain string */
	u8 fd;
	u8 values[3];
	u8 moves; /* MOVES_* */
	u8 reserved[3];
};

enum { MOVES_NOTHING, MOVES_FOLDER, MOVES_ROOT };

#define BULK	       .class = CLASS_BULK
#define OPEN	       .handler = HANDLE_OPEN, .class = CLASS_BULK
#define PATH(op)       .handler = HANDLE_PATH, .operation = PATH_##op
#define LOOK(op)       .handler = HANDLE_LOOK, .operation = PATH_##op, .class = CLASS_BULK
#define SOCK(op)       .handler = HANDLE_SOCKET, .operation = SOCKET_##op
#define CREAT	       .handler = HANDLE_OPEN, .operation = 1, .class = CLASS_BULK
#define MESSAGE	       .handler = HANDLE_SEND_MESSAGE, .operation = SOCKET_SEND, .class = CLASS_BULK
#define MESSAGES       .handler = HANDLE_SEND_MESSAGES, .operation = SOCKET_SEND, .class = CLASS_BULK
#define CALL	       .handler = HANDLE_SYSCALL
#define AT(dir, path)  .dir1 = dir, .path1 = path
#define AT2(dir, path) .dir2 = dir, .path2 = path
#define VALUES(...)    .values = {__VA_ARGS__}

/* One call a line. */
static const struct call_spec native_calls[SYSCALLS] = {
	[1] = {.handler = HANDLE_WRITE, .fd = 1},			/* write */
	[2] = {OPEN, AT(0, 1), VALUES(2, 3)},				/* open */
	[3] = {.handler = HANDLE_CLOSE, .fd = 1},			/* close */
	[4] = {LOOK(STAT), AT(0, 1)},	/* stat */
	[6] = {LOOK(STAT), AT(0, 1)},	/* lstat */
	[9] = {.handler = HANDLE_IF_EXECUTABLE, .fd = 5},		/* mmap */
	[10] = {.handler = HANDLE_IF_EXECUTABLE},			/* mprotect */
	[16] = {.handler = HANDLE_IF_IOCTL, .fd = 1},			/* ioctl */
	[18] = {.handler = HANDLE_WRITE, .fd = 1},			/* pwrite64 */
	[20] = {.handler = HANDLE_WRITE_VECTOR, .fd = 1},		/* writev */
	[21] = {LOOK(ACCESS), AT(0, 1)},	/* access */
	[30] = {.handler = HANDLE_IF_SHARED},	/* shmat */
	[33] = {.handler = HANDLE_CLOSE, .fd = 2},			/* dup2 */
	[40] = {.handler = HANDLE_COPY, .fd = 1},			/* sendfile */
	[41] = {SOCK(SOCKET)},						/* socket */
	[42] = {SOCK(CONNECT), .fd = 1},				/* connect */
	[43] = {SOCK(ACCEPT), .fd = 1},					/* accept */
	[44] = {SOCK(SEND), BULK, .fd = 1},				/* sendto */
	[46] = {MESSAGE, .fd = 1},					/* sendmsg */
	[49] = {SOCK(BIND), .fd = 1},					/* bind */
	[50] = {SOCK(LISTEN), .fd = 1},					/* listen */
	[53] = {SOCK(SOCKET)},						/* socketpair */
	[56] = {.handler = HANDLE_IF_NAMESPACE},			/* clone */
	[59] = {.handler = HANDLE_IF_FAILED, BULK, AT(0, 1)},		/* execve */
	[62] = {.handler = HANDLE_IF_OTHERS},				/* kill */
	[76] = {PATH(TRUNCATE), BULK, AT(0, 1), VALUES(2)},		/* truncate */
	[77] = {PATH(TRUNCATE), BULK, .fd = 1, VALUES(2)},		/* ftruncate */
	[80] = {PATH(CHDIR), BULK, .moves = MOVES_FOLDER, AT(0, 1)},	/* chdir */
	[81] = {PATH(CHDIR), BULK, .moves = MOVES_FOLDER, .fd = 1},	/* fchdir */
	[82] = {PATH(RENAME), BULK, AT(0, 1), AT2(0, 2)},		/* rename */
	[83] = {PATH(MKDIR), BULK, AT(0, 1), VALUES(2)},		/* mkdir */
	[84] = {PATH(RMDIR), BULK, AT(0, 1)},				/* rmdir */
	[85] = {CREAT, AT(0, 1), VALUES(0, 2)},				/* creat */
	[86] = {PATH(LINK), AT(0, 2), AT2(0, 1)},			/* link */
	[87] = {PATH(UNLINK), BULK, AT(0, 1)},				/* unlink */
	[88] = {PATH(SYMLINK), AT(0, 2), AT2(NO_BASE, 1)},		/* symlink */
	[89] = {LOOK(READLINK), AT(0, 1)},	/* readlink */
	[90] = {PATH(CHMOD), BULK, AT(0, 1), VALUES(2)},		/* chmod */
	[91] = {PATH(CHMOD), BULK, .fd = 1, VALUES(2)},			/* fchmod */
	[92] = {PATH(CHOWN), BULK, AT(0, 1), VALUES(0, 2, 3)},		/* chown */
	[93] = {PATH(CHOWN), BULK, .fd = 1, VALUES(0, 2, 3)},		/* fchown */
	[94] = {PATH(CHOWN), BULK, AT(0, 1), VALUES(0, 2, 3)},		/* lchown */
	[101] = {CALL},							/* ptrace */
	[103] = {CALL},							/* syslog */
	[105] = {CALL},							/* setuid */
	[106] = {CALL},							/* setgid */
	[113] = {CALL},							/* setreuid */
	[114] = {CALL},							/* setregid */
	[116] = {CALL},							/* setgroups */
	[117] = {CALL},							/* setresuid */
	[119] = {CALL},							/* setresgid */
	[122] = {CALL},							/* setfsuid */
	[123] = {CALL},							/* setfsgid */
	[126] = {CALL},							/* capset */
	[129] = {.handler = HANDLE_IF_OTHERS},	/* rt_sigqueueinfo */
	[132] = {PATH(UTIMES), BULK, AT(0, 1)},				/* utime */
	[133] = {PATH(MKNOD), AT(0, 1), VALUES(2)},			/* mknod */
	[135] = {CALL},							/* personality */
	[155] = {CALL, AT(0, 1), AT2(0, 2)},				/* pivot_root */
	[157] = {.handler = HANDLE_IF_PRCTL},				/* prctl */
	[159] = {.handler = HANDLE_IF_FAILED},				/* adjtimex */
	[161] = {CALL, AT(0, 1), .moves = MOVES_ROOT},			/* chroot */
	[163] = {CALL, AT(0, 1)},					/* acct */
	[164] = {CALL},							/* settimeofday */
	[165] = {CALL, AT(0, 1), AT2(0, 2), .string = 3},		/* mount */
	[166] = {CALL, AT(0, 1)},					/* umount2 */
	[167] = {CALL, AT(0, 1)},					/* swapon */
	[168] = {CALL, AT(0, 1)},					/* swapoff */
	[169] = {CALL},							/* reboot */
	[170] = {CALL, .string = 1},					/* sethostname */
	[171] = {CALL, .string = 1},					/* setdomainname */
	[172] = {CALL},							/* iopl */
	[173] = {CALL},							/* ioperm */
	[175] = {CALL, .string = 3},					/* init_module */
	[176] = {CALL, .string = 1},					/* delete_module */
	[179] = {CALL, AT(0, 2)},					/* quotactl */
	[188] = {PATH(SETXATTR), AT(0, 1), .string = 2},		/* setxattr */
	[189] = {PATH(SETXATTR), AT(0, 1), .string = 2},		/* lsetxattr */
	[190] = {PATH(SETXATTR), .fd = 1, .string = 2},			/* fsetxattr */
	[197] = {PATH(REMOVEXATTR), BULK, AT(0, 1), .string = 2},	/* removexattr */
	[198] = {PATH(REMOVEXATTR), BULK, AT(0, 1), .string = 2},	/* lremovexattr */
	[199] = {PATH(REMOVEXATTR), BULK, .fd = 1, .string = 2},	/* fremovexattr */
	[200] = {.handler = HANDLE_IF_OTHERS},				/* tkill */
	[206] = {CALL},	/* io_setup */
	[209] = {CALL, BULK},	/* io_submit */
	[227] = {CALL},							/* clock_settime */
	[234] = {.handler = HANDLE_IF_OTHERS},				/* tgkill */
	[235] = {PATH(UTIMES), BULK, AT(0, 1)},				/* utimes */
	[246] = {CALL},							/* kexec_load */
	[248] = {CALL, .string = 1},					/* add_key */
	[249] = {CALL, .string = 1},					/* request_key */
	[250] = {CALL},							/* keyctl */
	[254] = {CALL, BULK, AT(0, 2)},	/* inotify_add_watch */
	[257] = {OPEN, AT(1, 2), VALUES(3, 4)},				/* openat */
	[258] = {PATH(MKDIR), BULK, AT(1, 2), VALUES(3)},		/* mkdirat */
	[259] = {PATH(MKNOD), AT(1, 2), VALUES(3)},			/* mknodat */
	[260] = {PATH(CHOWN), BULK, AT(1, 2), VALUES(0, 3, 4)},		/* fchownat */
	[261] = {PATH(UTIMES), BULK, AT(1, 2)},				/* futimesat */
	[262] = {LOOK(STAT), AT(1, 2)},	/* newfstatat */
	[263] = {PATH(UNLINK), BULK, AT(1, 2)},				/* unlinkat */
	[264] = {PATH(RENAME), BULK, AT(1, 2), AT2(3, 4)},		/* renameat */
	[265] = {PATH(LINK), AT(3, 4), AT2(1, 2)},			/* linkat */
	[266] = {PATH(SYMLINK), AT(2, 3), AT2(NO_BASE, 1)},		/* symlinkat */
	[267] = {LOOK(READLINK), AT(1, 2)},	/* readlinkat */
	[268] = {PATH(CHMOD), BULK, AT(1, 2), VALUES(3)},		/* fchmodat */
	[269] = {LOOK(ACCESS), AT(1, 2)},	/* faccessat */
	[272] = {CALL},							/* unshare */
	[275] = {.handler = HANDLE_COPY, .fd = 3},			/* splice */
	[280] = {PATH(UTIMES), BULK, AT(1, 2)},				/* utimensat */
	[285] = {PATH(ERASE), BULK, .fd = 1},	/* fallocate */
	[288] = {SOCK(ACCEPT), .fd = 1},				/* accept4 */
	[292] = {.handler = HANDLE_CLOSE, .fd = 2},			/* dup3 */
	[296] = {.handler = HANDLE_WRITE_VECTOR, .fd = 1},		/* pwritev */
	[297] = {.handler = HANDLE_IF_OTHERS},	/* rt_tgsigqueueinfo */
	[298] = {CALL},							/* perf_event_open */
	[300] = {CALL},							/* fanotify_init */
	[301] = {CALL, AT(4, 5)},	/* fanotify_mark */
	[304] = {CALL, .fd = 1},					/* open_by_handle_at */
	[305] = {CALL},							/* clock_adjtime */
	[307] = {MESSAGES, .fd = 1},					/* sendmmsg */
	[308] = {CALL, .fd = 1},					/* setns */
	[310] = {CALL},							/* process_vm_readv */
	[311] = {CALL},							/* process_vm_writev */
	[313] = {CALL, .fd = 1, .string = 2},				/* finit_module */
	[316] = {PATH(RENAME), BULK, AT(1, 2), AT2(3, 4)},		/* renameat2 */
	[317] = {CALL},							/* seccomp */
	[319] = {CALL, .string = 1},					/* memfd_create */
	[320] = {CALL, .fd = 1},					/* kexec_file_load */
	[321] = {CALL},							/* bpf */
	[322] = {.handler = HANDLE_IF_FAILED, BULK, AT(1, 2)},		/* execveat */
	[323] = {CALL},							/* userfaultfd */
	[326] = {.handler = HANDLE_COPY, .fd = 3},			/* copy_file_range */
	[328] = {.handler = HANDLE_WRITE_VECTOR, .fd = 1},		/* pwritev2 */
	[329] = {.handler = HANDLE_IF_EXECUTABLE},			/* pkey_mprotect */
	[332] = {LOOK(STAT), AT(1, 2)},	/* statx */
	[424] = {CALL},							/* pidfd_send_signal */
	[425] = {CALL},							/* io_uring_setup */
	[426] = {CALL, BULK},						/* io_uring_enter */
	[427] = {CALL},							/* io_uring_register */
	[428] = {CALL, AT(1, 2)},					/* open_tree */
	[429] = {CALL, AT(1, 2), AT2(3, 4)},				/* move_mount */
	[430] = {CALL, .string = 1},					/* fsopen */
	[431] = {CALL, .string = 3},					/* fsconfig */
	[432] = {CALL},							/* fsmount */
	[433] = {CALL, AT(1, 2)},					/* fspick */
	[435] = {.handler = HANDLE_IF_NAMESPACE},			/* clone3 */
	[437] = {.handler = HANDLE_OPENAT2, BULK, AT(1, 2), VALUES(3)}, /* openat2 */
	[438] = {CALL, .fd = 1},					/* pidfd_getfd */
	[439] = {LOOK(ACCESS), AT(1, 2)},	/* faccessat2 */
	[440] = {CALL},							/* process_madvise */
	[442] = {CALL, AT(1, 2)},					/* mount_setattr */
	[447] = {CALL},							/* memfd_secret */
	[452] = {PATH(CHMOD), BULK, AT(1, 2), VALUES(3)},		/* fchmodat2 */
	[463] = {PATH(SETXATTR), AT(1, 2), .string = 4},		/* setxattrat */
	[466] = {PATH(REMOVEXATTR), BULK, AT(1, 2), .string = 4},	/* removexattrat */
	[467] = {CALL, AT(1, 2)},					/* open_tree_attr */
};

static const struct call_spec compat_calls[SYSCALLS] = {
	[4] = {.handler = HANDLE_WRITE, .fd = 1},			/* write */
	[5] = {OPEN, AT(0, 1), VALUES(2, 3)},				/* open */
	[6] = {.handler = HANDLE_CLOSE, .fd = 1},			/* close */
	[8] = {CREAT, AT(0, 1), VALUES(0, 2)},				/* creat */
	[9] = {PATH(LINK), AT(0, 2), AT2(0, 1)},			/* link */
	[10] = {PATH(UNLINK), BULK, AT(0, 1)},				/* unlink */
	[11] = {.handler = HANDLE_IF_FAILED, BULK, AT(0, 1)},		/* execve */
	[12] = {PATH(CHDIR), BULK, .moves = MOVES_FOLDER, AT(0, 1)},	/* chdir */
	[14] = {PATH(MKNOD), AT(0, 1), VALUES(2)},			/* mknod */
	[15] = {PATH(CHMOD), BULK, AT(0, 1), VALUES(2)},		/* chmod */
	[16] = {PATH(CHOWN), BULK, AT(0, 1), VALUES(0, 2, 3)},		/* lchown */
	[18] = {LOOK(STAT), AT(0, 1)},	/* oldstat */
	[21] = {CALL, AT(0, 1), AT2(0, 2), .string = 3},		/* mount */
	[22] = {CALL, AT(0, 1)},					/* umount */
	[23] = {CALL},							/* setuid */
	[25] = {CALL},							/* stime */
	[26] = {CALL},							/* ptrace */
	[30] = {PATH(UTIMES), BULK, AT(0, 1)},				/* utime */
	[33] = {LOOK(ACCESS), AT(0, 1)},	/* access */
	[37] = {.handler = HANDLE_IF_OTHERS},				/* kill */
	[38] = {PATH(RENAME), BULK, AT(0, 1), AT2(0, 2)},		/* rename */
	[39] = {PATH(MKDIR), BULK, AT(0, 1), VALUES(2)},		/* mkdir */
	[40] = {PATH(RMDIR), BULK, AT(0, 1)},				/* rmdir */
	[46] = {CALL},							/* setgid */
	[51] = {CALL, AT(0, 1)},					/* acct */
	[52] = {CALL, AT(0, 1)},					/* umount2 */
	[54] = {.handler = HANDLE_IF_IOCTL, .fd = 1},			/* ioctl */
	[61] = {CALL, AT(0, 1), .moves = MOVES_ROOT},			/* chroot */
	[63] = {.handler = HANDLE_CLOSE, .fd = 2},			/* dup2 */
	[70] = {CALL},							/* setreuid */
	[71] = {CALL},							/* setregid */
	[74] = {CALL, .string = 1},					/* sethostname */
	[79] = {CALL},							/* settimeofday */
	[81] = {CALL},							/* setgroups */
	[83] = {PATH(SYMLINK), AT(0, 2), AT2(NO_BASE, 1)},		/* symlink */
	[84] = {LOOK(STAT), AT(0, 1)},	/* oldlstat */
	[85] = {LOOK(READLINK), AT(0, 1)},	/* readlink */
	[87] = {CALL, AT(0, 1)},					/* swapon */
	[88] = {CALL},							/* reboot */
	[90] = {.handler = HANDLE_OLD_MMAP},	/* mmap */
	[92] = {PATH(TRUNCATE), BULK, AT(0, 1), VALUES(2)},		/* truncate */
	[93] = {PATH(TRUNCATE), BULK, .fd = 1, VALUES(2)},		/* ftruncate */
	[94] = {PATH(CHMOD), BULK, .fd = 1, VALUES(2)},			/* fchmod */
	[95] = {PATH(CHOWN), BULK, .fd = 1, VALUES(0, 2, 3)},		/* fchown */
	[101] = {CALL},							/* ioperm */
	[102] = {.handler = HANDLE_SOCKETCALL},				/* socketcall */
	[103] = {CALL},							/* syslog */
	[106] = {LOOK(STAT), AT(0, 1)},	/* stat */
	[107] = {LOOK(STAT), AT(0, 1)},	/* lstat */
	[110] = {CALL},							/* iopl */
	[115] = {CALL, AT(0, 1)},					/* swapoff */
	[117] = {.handler = HANDLE_IF_SHARED},	/* ipc */
	[120] = {.handler = HANDLE_IF_NAMESPACE},			/* clone */
	[121] = {CALL, .string = 1},					/* setdomainname */
	[123] = {CALL},							/* modify_ldt */
	[124] = {.handler = HANDLE_IF_FAILED},				/* adjtimex */
	[125] = {.handler = HANDLE_IF_EXECUTABLE},			/* mprotect */
	[128] = {CALL, .string = 3},					/* init_module */
	[129] = {CALL, .string = 1},					/* delete_module */
	[131] = {CALL, AT(0, 2)},					/* quotactl */
	[133] = {PATH(CHDIR), BULK, .moves = MOVES_FOLDER, .fd = 1},	/* fchdir */
	[136] = {CALL},							/* personality */
	[138] = {CALL},							/* setfsuid */
	[139] = {CALL},							/* setfsgid */
	[146] = {.handler = HANDLE_WRITE_VECTOR, .fd = 1},		/* writev */
	[164] = {CALL},							/* setresuid */
	[170] = {CALL},							/* setresgid */
	[172] = {.handler = HANDLE_IF_PRCTL},				/* prctl */
	[178] = {.handler = HANDLE_IF_OTHERS},	/* rt_sigqueueinfo */
	[181] = {.handler = HANDLE_WRITE, .fd = 1},			/* pwrite64 */
	[182] = {PATH(CHOWN), BULK, AT(0, 1), VALUES(0, 2, 3)},		/* chown */
	[185] = {CALL},							/* capset */
	[187] = {.handler = HANDLE_COPY, .fd = 1},			/* sendfile */
	[192] = {.handler = HANDLE_IF_EXECUTABLE, .fd = 5},		/* mmap2 */
	[193] = {PATH(TRUNCATE), BULK, AT(0, 1), VALUES(2)},		/* truncate64 */
	[194] = {PATH(TRUNCATE), BULK, .fd = 1, VALUES(2)},		/* ftruncate64 */
	[195] = {LOOK(STAT), AT(0, 1)},	/* stat64 */
	[196] = {LOOK(STAT), AT(0, 1)},	/* lstat64 */
	[198] = {PATH(CHOWN), BULK, AT(0, 1), VALUES(0, 2, 3)},		/* lchown32 */
	[203] = {CALL},							/* setreuid32 */
	[204] = {CALL},							/* setregid32 */
	[206] = {CALL},							/* setgroups32 */
	[207] = {PATH(CHOWN), BULK, .fd = 1, VALUES(0, 2, 3)},		/* fchown32 */
	[208] = {CALL},							/* setresuid32 */
	[210] = {CALL},							/* setresgid32 */
	[212] = {PATH(CHOWN), BULK, AT(0, 1), VALUES(0, 2, 3)},		/* chown32 */
	[213] = {CALL},							/* setuid32 */
	[214] = {CALL},							/* setgid32 */
	[215] = {CALL},							/* setfsuid32 */
	[216] = {CALL},							/* setfsgid32 */
	[217] = {CALL, AT(0, 1), AT2(0, 2)},				/* pivot_root */
	[226] = {PATH(SETXATTR), AT(0, 1), .string = 2},		/* setxattr */
	[227] = {PATH(SETXATTR), AT(0, 1), .string = 2},		/* lsetxattr */
	[228] = {PATH(SETXATTR), .fd = 1, .string = 2},			/* fsetxattr */
	[235] = {PATH(REMOVEXATTR), BULK, AT(0, 1), .string = 2},	/* removexattr */
	[236] = {PATH(REMOVEXATTR), BULK, AT(0, 1), .string = 2},	/* lremovexattr */
	[237] = {PATH(REMOVEXATTR), BULK, .fd = 1, .string = 2},	/* fremovexattr */
	[238] = {.handler = HANDLE_IF_OTHERS},				/* tkill */
	[239] = {.handler = HANDLE_COPY, .fd = 1},			/* sendfile64 */
	[245] = {CALL},	/* io_setup */
	[248] = {CALL, BULK},	/* io_submit */
	[264] = {CALL},							/* clock_settime */
	[270] = {.handler = HANDLE_IF_OTHERS},				/* tgkill */
	[271] = {PATH(UTIMES), BULK, AT(0, 1)},				/* utimes */
	[283] = {CALL},							/* kexec_load */
	[286] = {CALL, .string = 1},					/* add_key */
	[287] = {CALL, .string = 1},					/* request_key */
	[288] = {CALL},							/* keyctl */
	[292] = {CALL, BULK, AT(0, 2)},	/* inotify_add_watch */
	[295] = {OPEN, AT(1, 2), VALUES(3, 4)},				/* openat */
	[296] = {PATH(MKDIR), BULK, AT(1, 2), VALUES(3)},		/* mkdirat */
	[297] = {PATH(MKNOD), AT(1, 2), VALUES(3)},			/* mknodat */
	[298] = {PATH(CHOWN), BULK, AT(1, 2), VALUES(0, 3, 4)},		/* fchownat */
	[299] = {PATH(UTIMES), BULK, AT(1, 2)},				/* futimesat */
	[300] = {LOOK(STAT), AT(1, 2)},	/* fstatat64 */
	[301] = {PATH(UNLINK), BULK, AT(1, 2)},				/* unlinkat */
	[302] = {PATH(RENAME), BULK, AT(1, 2), AT2(3, 4)},		/* renameat */
	[303] = {PATH(LINK), AT(3, 4), AT2(1, 2)},			/* linkat */
	[304] = {PATH(SYMLINK), AT(2, 3), AT2(NO_BASE, 1)},		/* symlinkat */
	[305] = {LOOK(READLINK), AT(1, 2)},	/* readlinkat */
	[306] = {PATH(CHMOD), BULK, AT(1, 2), VALUES(3)},		/* fchmodat */
	[307] = {LOOK(ACCESS), AT(1, 2)},	/* faccessat */
	[310] = {CALL},							/* unshare */
	[313] = {.handler = HANDLE_COPY, .fd = 3},			/* splice */
	[320] = {PATH(UTIMES), BULK, AT(1, 2)},				/* utimensat */
	[324] = {PATH(ERASE), BULK, .fd = 1},	/* fallocate */
	[330] = {.handler = HANDLE_CLOSE, .fd = 2},			/* dup3 */
	[334] = {.handler = HANDLE_WRITE_VECTOR, .fd = 1},		/* pwritev */
	[335] = {.handler = HANDLE_IF_OTHERS},	/* rt_tgsigqueueinfo */
	[336] = {CALL},							/* perf_event_open */
	[338] = {CALL},							/* fanotify_init */
	[339] = {CALL, AT(5, 6)},	/* fanotify_mark */
	[342] = {CALL, .fd = 1},					/* open_by_handle_at */
	[343] = {CALL},							/* clock_adjtime */
	[345] = {MESSAGES, .fd = 1},					/* sendmmsg */
	[346] = {CALL, .fd = 1},					/* setns */
	[347] = {CALL},							/* process_vm_readv */
	[348] = {CALL},							/* process_vm_writev */
	[350] = {CALL, .fd = 1, .string = 2},				/* finit_module */
	[353] = {PATH(RENAME), BULK, AT(1, 2), AT2(3, 4)},		/* renameat2 */
	[354] = {CALL},							/* seccomp */
	[356] = {CALL, .string = 1},					/* memfd_create */
	[357] = {CALL},							/* bpf */
	[358] = {.handler = HANDLE_IF_FAILED, BULK, AT(1, 2)},		/* execveat */
	[359] = {SOCK(SOCKET)},						/* socket */
	[360] = {SOCK(SOCKET)},						/* socketpair */
	[361] = {SOCK(BIND), .fd = 1},					/* bind */
	[362] = {SOCK(CONNECT), .fd = 1},				/* connect */
	[363] = {SOCK(LISTEN), .fd = 1},				/* listen */
	[364] = {SOCK(ACCEPT), .fd = 1},				/* accept4 */
	[369] = {SOCK(SEND), BULK, .fd = 1},				/* sendto */
	[370] = {MESSAGE, .fd = 1},					/* sendmsg */
	[374] = {CALL},							/* userfaultfd */
	[377] = {.handler = HANDLE_COPY, .fd = 3},			/* copy_file_range */
	[379] = {.handler = HANDLE_WRITE_VECTOR, .fd = 1},		/* pwritev2 */
	[380] = {.handler = HANDLE_IF_EXECUTABLE},			/* pkey_mprotect */
	[383] = {LOOK(STAT), AT(1, 2)},	/* statx */
	[397] = {.handler = HANDLE_IF_SHARED},	/* shmat */
	[404] = {CALL},							/* clock_settime64 */
	[405] = {CALL},							/* clock_adjtime64 */
	[412] = {PATH(UTIMES), BULK, AT(1, 2)},				/* utimensat_time64 */
	[424] = {CALL},							/* pidfd_send_signal */
	[425] = {CALL},							/* io_uring_setup */
	[426] = {CALL, BULK},						/* io_uring_enter */
	[427] = {CALL},							/* io_uring_register */
	[428] = {CALL, AT(1, 2)},					/* open_tree */
	[429] = {CALL, AT(1, 2), AT2(3, 4)},				/* move_mount */
	[430] = {CALL, .string = 1},					/* fsopen */
	[431] = {CALL, .string = 3},					/* fsconfig */
	[432] = {CALL},							/* fsmount */
	[433] = {CALL, AT(1, 2)},					/* fspick */
	[435] = {.handler = HANDLE_IF_NAMESPACE},			/* clone3 */
	[437] = {.handler = HANDLE_OPENAT2, BULK, AT(1, 2), VALUES(3)}, /* openat2 */
	[438] = {CALL, .fd = 1},					/* pidfd_getfd */
	[439] = {LOOK(ACCESS), AT(1, 2)},	/* faccessat2 */
	[440] = {CALL},							/* process_madvise */
	[442] = {CALL, AT(1, 2)},					/* mount_setattr */
	[447] = {CALL},							/* memfd_secret */
	[452] = {PATH(CHMOD), BULK, AT(1, 2), VALUES(3)},		/* fchmodat2 */
	[463] = {PATH(SETXATTR), AT(1, 2), .string = 4},		/* setxattrat */
	[466] = {PATH(REMOVEXATTR), BULK, AT(1, 2), .string = 4},	/* removexattrat */
	[467] = {CALL, AT(1, 2)},					/* open_tree_attr */
};

/*
 * The last place stands for all numbers that are none. Masked in assembly, lest a compiler proves
 * the bound away.
 */
static __always_inline const struct call_spec *spec_of(u32 compat, u32 nr)
{
	u32 index = nr < SYSCALLS ? nr : SYSCALLS - 1;

	asm volatile("%[index] &= %[mask]" : [index] "+r"(index) : [mask] "i"(SYSCALLS - 1));
	return compat ? &compat_calls[index] : &native_calls[index];
}

#endif
