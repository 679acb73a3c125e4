/*
 * plain-link LINK: switches off what network cards do for the kernel (segmentation, merging, checksums), in the namespace it
 * is run in. Otherwise a capture of a veth link holds segments of 64 KiB that never were on a wire, with unset checksums,
 * and capture slots must be as large as those.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine.h"

int main(int count, char **arguments)
{
	static const unsigned int off[] = {ETHTOOL_SGRO, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_STXCSUM};
	int handle = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = {0};

	if (count != 2 || handle < 0)
		fail("arguments");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", arguments[1]);
	for (unsigned int i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		struct ethtool_value value = {.cmd = off[i], .data = 0};

		request.ifr_data = (char *)&value;
		if (ioctl(handle, SIOCETHTOOL, &request) && errno != EOPNOTSUPP)
			fail("link %s", arguments[1]);
	}
	return 0;
}
