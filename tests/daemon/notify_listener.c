// SPDX-License-Identifier: Apache-2.0
// Plays systemd for tests: binds the socket PATH and prints each message as a line.
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[256];
	ssize_t n;

	if (argc != 2 || fd == -1 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		return 1;
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		printf("%.*s\n", (int)n, text);
		fflush(stdout);
	}
	return 1;
}
