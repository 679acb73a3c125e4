/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few kernel structures we look into, with only the members that we read. CO-RE moves every
 * access to where the running kernel has the member, so order and the rest don't matter and no
 * dumped vmlinux.h is needed.
 */
#ifndef AIRLOCK_KERNEL_H
#define AIRLOCK_KERNEL_H

#include <linux/types.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, cx, dx, si, di, orig_ax;
};

struct thread_info {
	u32 status;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid, gid, euid;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	u32 i_rdev;
	s64 i_size;
};

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

/* Where the time of an inode's last change is, by kernel: until 6.5, until 6.10, since. */
struct inode___open {
	struct timespec64 i_ctime;
};

struct inode___private {
	struct timespec64 __i_ctime;
};

struct inode___split {
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
};

struct qstr {
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	u32 f_mode;
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root, pwd;
};

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
};

struct task_struct {
	struct thread_info thread_info;
	int pid, tgid;
	int exit_code;
	u64 start_boottime;
	struct task_struct *group_leader, *real_parent;
	struct pid *thread_pid;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	char comm[16];
};

struct linux_binprm {
	struct file *file;
	const char *filename, *interp;
};

struct in6_addr {
	u8 bytes[16];
};

struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num, skc_family;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_type, sk_protocol;
};

struct inet_sock {
	u32 inet_saddr;
	u16 inet_sport;
};

struct socket {
	struct sock *sk;
};

struct sockaddr_un {
	u16 sun_family;
};

struct unix_address {
	int len;
	struct sockaddr_un name[1];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

#pragma clang attribute pop

/* Reads a member through a pointer that is only a number to the verifier. */
#define READ(from, type, member)                                                      \
	({                                                                            \
		typeof(((type *)0)->member) value_;                                   \
		bpf_probe_read_kernel(                                                \
			&value_, sizeof(value_),                                      \
			(void *)((u64)(from) + bpf_core_field_offset(type, member))); \
		value_;                                                               \
	})

#define SIGSTOP 19

#define TS_COMPAT	  0x0002
#define SIGNAL_GROUP_EXIT 0x0004

#define FMODE_WRITE   0x2
#define FMODE_CREATED 0x100000

#define S_IFMT	 0170000
#define S_IFSOCK 0140000
#define S_IFREG	 0100000
#define S_IFBLK	 0060000
#define S_IFCHR	 0020000
#define S_IFIFO	 0010000

#define OVERLAYFS_MAGIC 0x794c7630
#define TMPFS_MAGIC	0x01021994
#define HUGETLBFS_MAGIC 0x958458f6

#define AF_UNIX	 1
#define AF_INET	 2
#define AF_INET6 10

#define EPERM  1
#define ENOENT 2
#define EACCES 13
#define EINTR  4
#define ENOSYS 38
#define ENOSPC 28
#define EDQUOT 122

#define AT_FDCWD (-100)

#endif
