// SPDX-License-Identifier: Apache-2.0
// The two scripts of the store. An epoch is the server's time in microseconds, or one more than
// the last when that is ahead: it grows even if a failover has forgotten the last one given, and
// stays below 2^53, where Lua's numbers end.
#include "presence/store/script.h"

const char script_claim[] =
	"local held = redis.call('GET', KEYS[1])\n"
	"local epoch = ARGV[1]\n"
	"if epoch ~= '' then\n"
	"  if held and tonumber(held) and tonumber(held) > tonumber(epoch) then\n"
	"    return redis.error_reply('FENCED epoch ' .. held .. ' has replaced ' .. epoch)\n"
	"  end\n"
	"  redis.call('SET', KEYS[1], epoch)\n"
	"  return {epoch, held == epoch and 1 or 0}\n"
	"end\n"
	"local time = redis.call('TIME')\n"
	"local now = tonumber(time[1]) * 1000000 + tonumber(time[2])\n"
	"local last = held and tonumber(held) or 0\n"
	"if now <= last then now = last + 1 end\n"
	"epoch = string.format('%.0f', now)\n"
	"redis.call('SET', KEYS[1], epoch)\n"
	"return {epoch, 1}\n";

// One HSET and one HDEL for each hash: five commands for a batch, however long.
const char script_write[] =
	"local held = redis.call('GET', KEYS[1])\n"
	"if held ~= ARGV[1] then\n"
	"  if held and tonumber(held) and tonumber(held) > tonumber(ARGV[1]) then\n"
	"    return redis.error_reply('FENCED epoch ' .. held .. ' has replaced ' .. ARGV[1])\n"
	"  end\n"
	"  return redis.error_reply('FORGOTTEN epoch ' .. ARGV[1])\n"
	"end\n"
	"if ARGV[2] == '1' then redis.call('UNLINK', KEYS[2], KEYS[3]) end\n"
	"local key = {p = KEYS[2], c = KEYS[3]}\n"
	"local set = {p = {}, c = {}}\n"
	"local drop = {p = {}, c = {}}\n"
	"for i = 3, #ARGV, 3 do\n"
	"  local kind = ARGV[i]\n"
	"  if ARGV[i + 2] == '' then\n"
	"    drop[kind][#drop[kind] + 1] = ARGV[i + 1]\n"
	"  else\n"
	"    local list = set[kind]\n"
	"    list[#list + 1] = ARGV[i + 1]\n"
	"    list[#list + 1] = ARGV[i + 2]\n"
	"  end\n"
	"end\n"
	"for kind, list in pairs(drop) do\n"
	"  if #list > 0 then redis.call('HDEL', key[kind], unpack(list)) end\n"
	"end\n"
	"for kind, list in pairs(set) do\n"
	"  if #list > 0 then redis.call('HSET', key[kind], unpack(list)) end\n"
	"end\n"
	"return (#ARGV - 2) / 3\n";
