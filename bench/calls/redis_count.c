// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/redis_count.h"

#include <hiredis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t redis_count(const char *state_dir)
{
	static const char wanted[] = "total_commands_processed:";
	uint64_t count = 0;
	redisContext *redis;
	redisReply *reply;
	const char *at;
	char path[512];

	snprintf(path, sizeof(path), "%s/store/redis.sock", state_dir);
	redis = redisConnectUnix(path);
	if (redis != NULL && redis->err == 0) {
		reply = redisCommand(redis, "INFO stats");
		at = reply != NULL && reply->str != NULL ? strstr(reply->str, wanted) : NULL;
		if (at != NULL)
			count = strtoull(at + strlen(wanted), NULL, 10);
		freeReplyObject(reply);
	}
	redisFree(redis);
	return count;
}
