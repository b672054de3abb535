// SPDX-License-Identifier: Apache-2.0
// Is the first line of FILE anywhere in the memory of process PID? Exit status: 0 it is, 1 it is
// not, 2 can't tell. Its own copy is in another process.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20, NEEDLE = 256 };

// More is address space that a sanitizer reserved for its shadow.
#define RANGE_MAX (UINT64_C(1) << 32)

// Pieces overlap by the length of the needle. What can't be read (device memory) is passed over.
static int search(int memory, uint64_t from, uint64_t to, const char *needle, size_t len)
{
	static char piece[PIECE];

	while (from < to) {
		size_t want = to - from < PIECE ? to - from : PIECE;
		ssize_t n = pread(memory, piece, want, (off_t)from);

		if (n <= 0)
			return 0;
		if (memmem(piece, (size_t)n, needle, len) != NULL)
			return 1;
		if ((size_t)n < PIECE)
			return 0;
		from += PIECE - len;
	}
	return 0;
}

int main(int argc, char **argv)
{
	char path[64], needle[NEEDLE], line[512], access[8];
	int found = 0, ranges = 0, memory;
	FILE *file, *maps;
	uint64_t from, to;

	if (argc != 3)
		return 2;
	file = fopen(argv[2], "r");
	if (file == NULL || fgets(needle, sizeof(needle), file) == NULL)
		return 2;
	fclose(file);
	needle[strcspn(needle, "\n")] = '\0';
	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%s/maps", argv[1]);
	maps = fopen(path, "r");
	if (memory == -1 || maps == NULL)
		return 2;
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, access) == 3 &&
		    access[0] == 'r' && to - from <= RANGE_MAX) {
			found += search(memory, from, to, needle, strlen(needle));
			ranges++;
		}
	fclose(maps);
	close(memory);
	return ranges == 0 ? 2 : found == 0;
}
