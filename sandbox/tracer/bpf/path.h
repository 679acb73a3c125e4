/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files as the kernel knows them. Pointers travel as numbers, so that each function is verified
 * once by itself.
 */
#ifndef AIRLOCK_PATH_H
#define AIRLOCK_PATH_H

/* Of all a path can be deep, the innermost; deeper ones are marked as cut. */
#define PATH_DEPTH 128

/*
 * Appends names from the leaf up to the root of the mount namespace, across mounts. The root is
 * that of the namespace and not of the task: so a chroot() by the sample changes no name. Returns
 * FILE_TRUNCATED when deeper.
 */
__noinline int append_names(u64 dentry, u64 vfsmount)
{
	struct scratch *s = scratch();
	u64 mount = vfsmount - bpf_core_field_offset(struct mount, mnt);
	u64 root, parent, up;
	u32 at, i;
	long n;

	if (!s)
		return FILE_TRUNCATED;
	root = (u64)READ(vfsmount, struct vfsmount, mnt_root);
	for (i = 0; i < PATH_DEPTH; i++) {
		if (dentry == root) {
			up = (u64)READ(mount, struct mount, mnt_parent);
			if (up == mount || !up)
				return 0;
			dentry = (u64)READ(mount, struct mount, mnt_mountpoint);
			mount = up;
			root = (u64)READ(mount, struct mount, mnt.mnt_root);
			continue;
		}
		at = s->len;
		asm volatile("" : "+r"(at));
		if (at > RECORD_FULL)
			return FILE_TRUNCATED;
		n = bpf_probe_read_kernel_str(&s->data[at], 256,
					      READ(dentry, struct dentry, d_name.name));
		if (n <= 0)
			return FILE_TRUNCATED;
		s->len = at + n;
		/* No folder holds it: a memfd, or a file reached by its handle. */
		parent = (u64)READ(dentry, struct dentry, d_parent);
		if (parent == dentry)
			return 0;
		dentry = parent;
	}
	return FILE_TRUNCATED;
}

/* A field of flags and names; for the path a struct path of the kernel's is. */
static __always_inline void append_path(struct scratch *s, u32 tag, u64 dentry, u64 vfsmount)
{
	struct record_field *field = append_field(s, tag, 1);
	u32 at = s->len;

	if (!field)
		return;
	*(u8 *)(field + 1) = append_names(dentry, vfsmount);
	field->bytes = 1 + s->len - at;
}

/*
 * Whether overlay has the file in its upper, writable layer: made or changed after the image. The
 * overlay's inode holds the upper dentry right behind the VFS inode in all versions up to now;
 * overlay may be a module, so its type may be unknown when we are loaded, hence the size of the VFS
 * inode is used.
 */
static __always_inline u8 layer_of(u64 inode, u64 magic)
{
	u64 upper = 0;

	if (magic != OVERLAYFS_MAGIC)
		return LAYER_NONE;
	bpf_probe_read_kernel(&upper, sizeof(upper),
			      (void *)(inode + bpf_core_type_size(struct inode)));
	return upper ? LAYER_UPPER : LAYER_LOWER;
}

static __always_inline void fill_file(struct file_field *out, u64 dentry, u64 inode)
{
	u64 sb = (u64)READ(inode, struct inode, i_sb);
	char name[8] = {};

	out->inode = READ(inode, struct inode, i_ino);
	out->size = READ(inode, struct inode, i_size);
	out->device = READ(sb, struct super_block, s_dev);
	out->magic = READ(sb, struct super_block, s_magic);
	out->mode = READ(inode, struct inode, i_mode);
	out->layer = layer_of(inode, out->magic);
	out->flags = 0;
	out->reserved = 0;
	/* Unhashed is what unlink leaves, but roots are so too. */
	if (!READ(inode, struct inode, i_nlink) ||
	    (!READ(dentry, struct dentry, d_hash.pprev) &&
	     (u64)READ(dentry, struct dentry, d_parent) != dentry))
		out->flags = FILE_DELETED;
	if (out->flags && (out->magic == TMPFS_MAGIC || out->magic == HUGETLBFS_MAGIC)) {
		bpf_probe_read_kernel(name, sizeof(name) - 1,
				      READ(dentry, struct dentry, d_name.name));
		if (name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' &&
		    name[4] == 'd' && name[5] == ':')
			out->flags |= FILE_MEMFD;
	}
}

__noinline int append_file_at(u64 dentry, u64 vfsmount, u64 inode)
{
	struct scratch *s = scratch();
	struct record_field *field;
	struct file_field *out;
	u32 at;

	if (!s)
		return 0;
	field = append_field(s, FIELD_FILE, sizeof(*out));
	if (!field)
		return 0;
	out = (struct file_field *)(field + 1);
	fill_file(out, dentry, inode);
	at = s->len;
	out->flags |= append_names(dentry, vfsmount);
	field->bytes = sizeof(*out) + s->len - at;
	return 0;
}

static __always_inline void append_file(u64 file)
{
	append_file_at((u64)READ(file, struct file, f_path.dentry),
		       (u64)READ(file, struct file, f_path.mnt),
		       (u64)READ(file, struct file, f_inode));
}

/* The file behind a descriptor of the current task, or 0. */
static __always_inline u64 file_of(u64 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct files_struct *files = task->files;
	struct fdtable *table;
	u64 file = 0;

	if (!files)
		return 0;
	table = files->fdt;
	if ((u32)fd >= table->max_fds)
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file),
			      (void *)((u64)table->fd + (u32)fd * sizeof(file)));
	return file;
}

#endif
