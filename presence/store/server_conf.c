// SPDX-License-Identifier: Apache-2.0
// redis.conf of the embedded server.
#include "presence/store/server_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// redis.conf: a quoted word, any octet as \xHH.
static void quote(FILE *out, const char *word)
{
	fputc('"', out);
	for (; *word; word++)
		if (strchr("/._-", *word) || (*word >= '0' && *word <= '9') ||
		    (*word >= 'A' && *word <= 'Z') || (*word >= 'a' && *word <= 'z'))
			fputc(*word, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*word);
	fputc('"', out);
}

char *server_conf(const char *dir, const char *socket)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputs("port 0\nunixsocketperm 700\nunixsocket ", out);
	quote(out, socket);
	fputs("\ndir ", out);
	quote(out, dir);
	fputs("\nappendonly yes\nappendfsync everysec\nsave \"\"\n"
	      "maxmemory-policy noeviction\ndatabases 1\ndaemonize no\n"
	      "loglevel notice\nlogfile \"\"\n",
	      out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
