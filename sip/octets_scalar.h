// SPDX-License-Identifier: Apache-2.0
// A window in four registers of eight octets, for any machine. Part of octets.h.
#pragma once

struct octets {
	uint64_t part[4];
};

static inline struct octets octets_load(const char *at)
{
	return (struct octets){{load_8(at), load_8(at + 8), load_8(at + 16), load_8(at + 24)}};
}

static inline uint64_t octets_head(struct octets octets)
{
	return octets.part[0];
}

static inline uint32_t octets_two(struct octets octets)
{
	return octets.part[0] & 0xffff;
}

static inline bool octets_agree(struct octets a, struct octets b, struct octets mask)
{
	uint64_t differ = 0;

	for (int i = 0; i < 4; i++)
		differ |= (a.part[i] ^ b.part[i]) & mask.part[i];
	return differ == 0;
}

static inline void octets_store(char *at, struct octets octets)
{
	for (int i = 0; i < OCTETS; i++)
		at[i] = (char)(octets.part[i / 8] >> i % 8 * 8);
}

static inline struct octets octets_or(struct octets a, struct octets b)
{
	for (int i = 0; i < 4; i++)
		a.part[i] |= b.part[i];
	return a;
}

static inline struct octets octets_lower(struct octets octets)
{
	for (int i = 0; i < 4; i++)
		octets.part[i] |= 0x2020202020202020;
	return octets;
}

// The top bits of the eight octets of each part, side by side.
static inline uint32_t octets_gather(const uint64_t part[4])
{
	uint32_t mask = 0;

	for (int i = 0; i < 4; i++)
		mask |= (uint32_t)(((part[i] & 0x8080808080808080) >> 7) * 0x0102040810204080 >> 56)
			<< 8 * i;
	return mask;
}

static inline uint32_t octets_same(struct octets a, struct octets b)
{
	uint64_t zero[4];

	for (int i = 0; i < 4; i++) {
		uint64_t differ = a.part[i] ^ b.part[i];

		zero[i] = ~(((differ & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | differ);
	}
	return octets_gather(zero);
}

static inline uint32_t octets_equal(struct octets octets, char c)
{
	uint64_t all = (unsigned char)c * UINT64_C(0x0101010101010101);

	return octets_same(octets, (struct octets){{all, all, all, all}});
}

// Cheaper than by a set, which goes octet by octet.
static inline uint32_t octets_blank_or_colon(struct octets octets)
{
	return octets_equal(octets, ' ') | octets_equal(octets, ':');
}

struct tally {
	uint32_t sum;
};

// The same, of eight octets: the distance of those below 0x20, then the sum of pairs and of all.
static inline uint32_t tally_part(uint64_t part)
{
	uint64_t above = ((part & 0x7f7f7f7f7f7f7f7f) + 0x6060606060606060) | part;
	uint64_t below = (~above >> 7 & 0x0101010101010101) * 0xff, sum;

	below &= 0x2020202020202020 - (part & below);
	sum = (below & 0x00ff00ff00ff00ff) + (below >> 8 & 0x00ff00ff00ff00ff);
	return (uint32_t)(sum * 0x0001000100010001 >> 48);
}

static inline void tally_add_two(struct tally *tally, struct octets a, struct octets b)
{
	for (int i = 0; i < 4; i++)
		tally->sum += tally_part(a.part[i]) + tally_part(b.part[i]);
}

static inline uint32_t tally_sum(const struct tally *tally)
{
	return tally->sum;
}

static inline uint32_t octets_among(struct octets octets, const struct octet_set *set)
{
	uint32_t mask = 0;

	for (int i = 0; i < OCTETS; i++) {
		unsigned char c = (unsigned char)(octets.part[i / 8] >> i % 8 * 8);

		mask |= (uint32_t)((unsigned char)set->half[0][c & 15] == c) << i;
	}
	return mask;
}

static inline uint32_t octets_among_or(struct octets octets, const struct octet_set *set,
				       const struct octet_row *also)
{
	return octets_among(octets, set) | octets_same(octets, octets_load(also->each));
}

// 16 each.
static inline struct octets octets_load_two(const char *low, const char *high)
{
	return (struct octets){{load_8(low), load_8(low + 8), load_8(high), load_8(high + 8)}};
}

static inline uint32_t octets_up_to(struct octets octets, char c)
{
	uint32_t mask = 0;

	for (int i = 0; i < OCTETS; i++)
		mask |= (uint32_t)((unsigned char)(octets.part[i / 8] >> i % 8 * 8) <=
				   (unsigned char)c)
			<< i;
	return mask;
}

static inline uint32_t octets_not_in_class(struct octets octets, const struct octet_class *class)
{
	uint32_t mask = 0;

	for (int i = 0; i < OCTETS; i++) {
		unsigned char c = (unsigned char)(octets.part[i / 8] >> i % 8 * 8);

		mask |= (uint32_t)((class->row[c >> 4] & class->column[c & 15]) == 0) << i;
	}
	return mask;
}
