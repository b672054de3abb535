// SPDX-License-Identifier: Apache-2.0
// The Lua that runs inside Redis. Scripts are known to the server by their content, so that two
// versions of the engine can work side by side. RESP2 and commands of Redis 5 to 6.2 only, so that
// any later one and its relatives serve.
#pragma once

// KEYS: epoch. ARGV: own epoch, or empty for a new one.
// Takes (or, given one, keeps) the estate. Answers {epoch, 1}, or {epoch, 0} when it was given one
// that the store did not remember; FENCED when a newer engine holds it. It always writes, so that a
// store that can't is found out before anything depends on it.
extern const char script_claim[];

// KEYS: epoch, publications, calls. ARGV: own epoch, 1 to empty the estate first (else 0), then
// {p or c, field, value} for each record; an empty value drops the record.
// Answers the number of records; FENCED as above; FORGOTTEN when the epoch is gone or older.
extern const char script_write[];
