/*
 * Prints, each ended by a zero byte, the folders below argv[1] that an overlay file system marks as opaque: removed and made
 * again, hiding all that lower layers have in them. The mark is an extended attribute, which Node can't read. Paths begin
 * with a slash and are relative to argv[1]. Looks at no more than argv[2] entries. Nothing is followed, and each folder is
 * opened from the one above, so that neither a link nor a path too long for the kernel leads elsewhere.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A descriptor is held for each; deeper ones are no part of the report either. */
#define MAX_DEPTH 256

static char path[MAX_DEPTH * 256 + 1];
static long left;

static bool is_opaque(int folder)
{
	static const char *const names[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
	char value[2];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (fgetxattr(folder, names[i], value, sizeof(value)) == 1 && value[0] == 'y')
			return true;
	return false;
}

static void visit(int folder, size_t length, int depth)
{
	DIR *entries = fdopendir(folder);
	struct dirent *entry;

	if (entries == NULL) {
		close(folder);
		return;
	}
	while (left-- > 0 && (entry = readdir(entries)) != NULL) {
		int below;
		size_t end;

		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		below = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			continue;
		end = length + (size_t)sprintf(path + length, "/%s", entry->d_name);
		if (is_opaque(below))
			fwrite(path, 1, end + 1, stdout);
		if (depth + 1 < MAX_DEPTH)
			visit(below, end, depth + 1);
		else
			close(below);
	}
	closedir(entries);
}

int main(int argc, char **argv)
{
	int root;

	if (argc != 3) {
		fprintf(stderr, "usage: opaque-folders FOLDER MAX-ENTRIES\n");
		return 2;
	}
	left = strtol(argv[2], NULL, 10);
	root = open(argv[1], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	visit(root, 0, 0);
	return fflush(stdout) == 0 ? 0 : 1;
}
