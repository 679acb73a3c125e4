/** One bit or group of bits, and its name. */
export type FlagTable = readonly (readonly [value: number, name: string])[];

/** Names joined by `|` in the table's order, what is left over as hex; `0` for none. Registers' upper halves are cut. */
export function nameFlags(value: bigint, table: FlagTable): string {
  let rest = BigInt.asUintN(32, value);
  const names: string[] = [];
  for (const [flag, name] of table) {
    const bits = BigInt(flag);
    if ((rest & bits) !== bits) continue;
    names.push(name);
    rest &= ~bits;
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.length === 0 ? "0" : names.join("|");
}

export const CLONE_FLAGS: FlagTable = [
  [0x100, "CLONE_VM"],
  [0x200, "CLONE_FS"],
  [0x400, "CLONE_FILES"],
  [0x800, "CLONE_SIGHAND"],
  [0x1000, "CLONE_PIDFD"],
  [0x2000, "CLONE_PTRACE"],
  [0x4000, "CLONE_VFORK"],
  [0x8000, "CLONE_PARENT"],
  [0x10000, "CLONE_THREAD"],
  [0x20000, "CLONE_NEWNS"],
  [0x40000, "CLONE_SYSVSEM"],
  [0x80000, "CLONE_SETTLS"],
  [0x100000, "CLONE_PARENT_SETTID"],
  [0x200000, "CLONE_CHILD_CLEARTID"],
  [0x400000, "CLONE_DETACHED"],
  [0x800000, "CLONE_UNTRACED"],
  [0x1000000, "CLONE_CHILD_SETTID"],
  [0x2000000, "CLONE_NEWCGROUP"],
  [0x4000000, "CLONE_NEWUTS"],
  [0x8000000, "CLONE_NEWIPC"],
  [0x10000000, "CLONE_NEWUSER"],
  [0x20000000, "CLONE_NEWPID"],
  [0x40000000, "CLONE_NEWNET"],
  [0x80000000, "CLONE_IO"],
];

/** In unshare and setns no signal number shares the low byte, so the time namespace's bit can be told. */
export const NAMESPACE_FLAGS: FlagTable = [[0x80, "CLONE_NEWTIME"], ...CLONE_FLAGS];

export const MOUNT_FLAGS: FlagTable = [
  [0xc0ed0000, "MS_MGC_VAL"],
  [1, "MS_RDONLY"],
  [2, "MS_NOSUID"],
  [4, "MS_NODEV"],
  [8, "MS_NOEXEC"],
  [16, "MS_SYNCHRONOUS"],
  [32, "MS_REMOUNT"],
  [64, "MS_MANDLOCK"],
  [128, "MS_DIRSYNC"],
  [256, "MS_NOSYMFOLLOW"],
  [1024, "MS_NOATIME"],
  [2048, "MS_NODIRATIME"],
  [4096, "MS_BIND"],
  [8192, "MS_MOVE"],
  [16384, "MS_REC"],
  [32768, "MS_SILENT"],
  [1 << 16, "MS_POSIXACL"],
  [1 << 17, "MS_UNBINDABLE"],
  [1 << 18, "MS_PRIVATE"],
  [1 << 19, "MS_SLAVE"],
  [1 << 20, "MS_SHARED"],
  [1 << 21, "MS_RELATIME"],
  [1 << 24, "MS_STRICTATIME"],
  [1 << 25, "MS_LAZYTIME"],
];

export const UMOUNT_FLAGS: FlagTable = [
  [1, "MNT_FORCE"],
  [2, "MNT_DETACH"],
  [4, "MNT_EXPIRE"],
  [8, "UMOUNT_NOFOLLOW"],
];

export const PROTECTION_FLAGS: FlagTable = [
  [1, "PROT_READ"],
  [2, "PROT_WRITE"],
  [4, "PROT_EXEC"],
  [0x1000000, "PROT_GROWSDOWN"],
  [0x2000000, "PROT_GROWSUP"],
];

export const MAP_FLAGS: FlagTable = [
  [3, "MAP_SHARED_VALIDATE"],
  [1, "MAP_SHARED"],
  [2, "MAP_PRIVATE"],
  [0x10, "MAP_FIXED"],
  [0x20, "MAP_ANONYMOUS"],
  [0x40, "MAP_32BIT"],
  [0x100, "MAP_GROWSDOWN"],
  [0x800, "MAP_DENYWRITE"],
  [0x1000, "MAP_EXECUTABLE"],
  [0x2000, "MAP_LOCKED"],
  [0x4000, "MAP_NORESERVE"],
  [0x8000, "MAP_POPULATE"],
  [0x10000, "MAP_NONBLOCK"],
  [0x20000, "MAP_STACK"],
  [0x40000, "MAP_HUGETLB"],
  [0x100000, "MAP_FIXED_NOREPLACE"],
];

export const MEMFD_FLAGS: FlagTable = [
  [1, "MFD_CLOEXEC"],
  [2, "MFD_ALLOW_SEALING"],
  [4, "MFD_HUGETLB"],
  [8, "MFD_NOEXEC_SEAL"],
  [16, "MFD_EXEC"],
];

export const USERFAULT_FLAGS: FlagTable = [
  [1, "UFFD_USER_MODE_ONLY"],
  [0o4000, "O_NONBLOCK"],
  [0o2000000, "O_CLOEXEC"],
];

export const PERSONALITY_FLAGS: FlagTable = [
  [0x20000, "UNAME26"],
  [0x40000, "ADDR_NO_RANDOMIZE"],
  [0x80000, "FDPIC_FUNCPTRS"],
  [0x100000, "MMAP_PAGE_ZERO"],
  [0x200000, "ADDR_COMPAT_LAYOUT"],
  [0x400000, "READ_IMPLIES_EXEC"],
  [0x800000, "ADDR_LIMIT_32BIT"],
  [0x1000000, "SHORT_INODE"],
  [0x2000000, "WHOLE_SECONDS"],
  [0x4000000, "STICKY_TIMEOUTS"],
  [0x8000000, "ADDR_LIMIT_3GB"],
  [8, "PER_LINUX32"],
];

export const ACCESS_FLAGS: FlagTable = [
  [0o100, "O_CREAT"],
  [0o200, "O_EXCL"],
  [0o1000, "O_TRUNC"],
  [0o2000, "O_APPEND"],
  [0o4000, "O_NONBLOCK"],
  [0o2000000, "O_CLOEXEC"],
  [0o10000000, "O_PATH"],
  [1, "O_WRONLY"],
  [2, "O_RDWR"],
];

export const AT_FLAGS: FlagTable = [
  [0x100, "AT_SYMLINK_NOFOLLOW"],
  [0x200, "AT_REMOVEDIR"],
  [0x400, "AT_SYMLINK_FOLLOW"],
  [0x800, "AT_NO_AUTOMOUNT"],
  [0x1000, "AT_EMPTY_PATH"],
  [0x8000, "AT_RECURSIVE"],
];

export const SECCOMP_FLAGS: FlagTable = [
  [1, "SECCOMP_FILTER_FLAG_TSYNC"],
  [2, "SECCOMP_FILTER_FLAG_LOG"],
  [4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
  [8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"],
];
