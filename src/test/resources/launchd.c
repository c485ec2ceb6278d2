/* In the place of macOS's libSystem: hands out the descriptors that LAUNCHD_SOCKETS names ("7 8"), or
   fails with the error that it names ("ENOENT"), as launch_activate_socket(3) does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int *given;

int launch_activate_socket(const char *name, int **fds, size_t *cnt)
{
	const char *sockets = getenv("LAUNCHD_SOCKETS");
	char *end;
	int fd;

	if (strcmp(name, "Listener") != 0 || strcmp(sockets, "ENOENT") == 0)
		return ENOENT;
	if (strcmp(sockets, "ESRCH") == 0)
		return ESRCH;
	if (given || strcmp(sockets, "EALREADY") == 0)
		return EALREADY;
	given = calloc(16, sizeof *given);
	*cnt = 0;
	for (fd = strtol(sockets, &end, 10); end != sockets; fd = strtol(sockets, &end, 10)) {
		given[(*cnt)++] = fd;
		sockets = end;
	}
	*fds = given;
	return 0;
}

void free(void *memory)
{
	void (*really)(void *) = (void (*)(void *))dlsym(RTLD_NEXT, "free");

	if (memory && memory == given)
		fputs("launchd: its array was freed\n", stderr);
	really(memory);
}
