// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/generator.h"

#include "config/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 14 + 20 + 8, CSEQ_FIRST = 10001 };

// T1 of RFC 3261: when UDP sends once more.
#define REPEAT_NS (500 * NS_PER_MS)

struct call {
	uint64_t number;
	uint32_t cast[SCENE_CAST];
	uint8_t kind, step;
	uint32_t next_free;
};

struct due {
	uint64_t at_ns;
	uint32_t call;
};

struct generator {
	struct generator_options options;
	struct generator_totals totals;
	struct stencil *texts[TEXT_COUNT];
	double mix_sum;
	uint64_t random, number;
	double rate;
	uint64_t arrivals; // still to come
	uint64_t arrival_ns;
	enum scene_kind fill; // SCENE_COUNT: as mixed
	uint32_t next_person;
	struct call *call;
	uint32_t calls, calls_room, free, calls_up;
	struct due *heap;
	uint32_t heap_count, heap_room;
};

struct generator *generator_new(const struct generator_options *options)
{
	struct generator *generator = calloc(1, sizeof(*generator));

	if (generator == NULL)
		return NULL;
	generator->options = *options;
	generator->random = options->seed;
	generator->free = UINT32_MAX;
	generator->fill = SCENE_COUNT;
	for (int i = 0; i < SCENE_COUNT; i++)
		generator->mix_sum += options->mix[i];
	if (!scene_texts(generator->texts)) {
		generator_free(generator);
		return NULL;
	}
	return generator;
}

void generator_free(struct generator *generator)
{
	if (generator == NULL)
		return;
	for (int i = 0; i < TEXT_COUNT; i++)
		stencil_free(generator->texts[i]);
	free(generator->call);
	free(generator->heap);
	free(generator);
}

static void due_push(struct generator *generator, uint64_t at_ns, uint32_t call)
{
	uint32_t at = generator->heap_count++;

	if (at == generator->heap_room) {
		generator->heap_room = generator->heap_room > 0 ? generator->heap_room * 2 : 4096;
		generator->heap = reallocarray(generator->heap, generator->heap_room,
					       sizeof(*generator->heap));
		if (generator->heap == NULL)
			abort();
	}
	for (; at > 0 && at_ns < generator->heap[(at - 1) / 2].at_ns; at = (at - 1) / 2)
		generator->heap[at] = generator->heap[(at - 1) / 2];
	generator->heap[at] = (struct due){at_ns, call};
}

static struct due due_pop(struct generator *generator)
{
	struct due first = generator->heap[0];
	struct due last = generator->heap[--generator->heap_count];
	uint32_t at = 0, count = generator->heap_count;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < count &&
		    generator->heap[child + 1].at_ns < generator->heap[child].at_ns)
			child++;
		if (child >= count || last.at_ns <= generator->heap[child].at_ns)
			break;
		generator->heap[at] = generator->heap[child];
		at = child;
	}
	generator->heap[at] = last;
	return first;
}

static uint64_t exponential_ns(struct generator *generator, double rate)
{
	return (uint64_t)(-log(1 - random_unit(&generator->random)) * 1e9 / rate);
}

void generator_begin(struct generator *generator, double rate, uint64_t calls, uint64_t now_ns)
{
	generator->rate = rate;
	generator->arrivals = calls;
	generator->fill = SCENE_COUNT;
	generator->arrival_ns = now_ns + exponential_ns(generator, rate);
}

void generator_fill(struct generator *generator, enum scene_kind kind, uint64_t calls)
{
	generator->fill = kind;
	generator->arrivals = calls;
	generator->arrival_ns = 0;
}

static uint32_t call_new(struct generator *generator)
{
	uint32_t index = generator->free;

	generator->calls_up++;
	if (index != UINT32_MAX) {
		generator->free = generator->call[index].next_free;
		return index;
	}
	if (generator->calls == generator->calls_room) {
		generator->calls_room = generator->calls_room > 0 ? generator->calls_room * 2
								  : 4096;
		generator->call = reallocarray(generator->call, generator->calls_room,
					       sizeof(*generator->call));
		if (generator->call == NULL)
			abort();
	}
	return generator->calls++;
}

static void call_free(struct generator *generator, uint32_t index)
{
	generator->call[index].next_free = generator->free;
	generator->free = index;
	generator->calls_up--;
}

static enum scene_kind draw_kind(struct generator *generator)
{
	double at = random_unit(&generator->random) * generator->mix_sum;
	int kind = 0;

	if (generator->fill != SCENE_COUNT)
		return generator->fill;
	for (; kind < SCENE_COUNT - 1 && at >= generator->options.mix[kind]; kind++)
		at -= generator->options.mix[kind];
	return (enum scene_kind)kind;
}

static bool is_cast(const struct call *call, unsigned int cast, uint32_t person)
{
	for (unsigned int i = 0; i < cast; i++)
		if (call->cast[i] == person)
			return true;
	return false;
}

// In turn, whoever is not on the phone, so that each call is news for its parties; or by chance.
static void draw_cast(struct generator *generator, struct call *call)
{
	uint32_t persons = generator->options.persons;
	bool overlaps = random_unit(&generator->random) < generator->options.overlap;

	for (unsigned int i = 0; i < scenes[call->kind].cast; i++) {
		uint32_t person = 0;

		for (uint32_t tries = 0; tries < persons; tries++) {
			if (overlaps)
				person = (uint32_t)(random_next(&generator->random) % persons);
			else
				person = generator->next_person++ % persons;
			if (!is_cast(call, i, person) &&
			    (overlaps || !lamps_is_busy(generator->options.lamps, person)))
				break;
		}
		call->cast[i] = person;
	}
}

static void arrive(struct generator *generator)
{
	uint32_t index = call_new(generator);
	struct call *call = &generator->call[index];

	*call = (struct call){.number = generator->number++, .kind = (uint8_t)draw_kind(generator)};
	draw_cast(generator, call);
	generator->totals.calls++;
	generator->totals.kind[call->kind]++;
	due_push(generator, generator->arrival_ns, index);
	generator->arrivals--;
	if (generator->fill == SCENE_COUNT)
		generator->arrival_ns += exponential_ns(generator, generator->rate);
}

static uint64_t gap_ns(struct generator *generator, enum gap gap)
{
	static const struct spread wire = {SPREAD_UNIFORM, 500 * NS_PER_US, 3 * NS_PER_MS};

	switch (gap) {
	case GAP_WIRE: return spread_draw_ns(&wire, &generator->random);
	case GAP_RING: return spread_draw_ns(&generator->options.ring, &generator->random);
	case GAP_HOLD: return spread_draw_ns(&generator->options.hold, &generator->random);
	case GAP_REPEAT: return REPEAT_NS;
	default: return 0;
	}
}

// Everything random about a call comes from its number.
static uint64_t token(const struct generator *generator, const struct call *call,
		      unsigned int which)
{
	uint64_t state = generator->options.seed ^ call->number << 8 ^ which;

	return random_next(&state);
}

enum token_of { TOKEN_CALL = 0, TOKEN_CALLER = 16, TOKEN_CALLEE = 32, TOKEN_BRANCH = 64 };

static bool step_by_callee(const struct call *call, const struct step *step)
{
	return step->sender == BY_CALLEE || (step->sender == BY_EITHER && call->number % 2 == 1);
}

static void fill_other(const struct generator *generator, const struct call *call,
		       const struct scene *scene, const struct dialog *dialog, struct holes *holes)
{
	const struct dialog *other = &scene->dialog[dialog->other];
	unsigned int cast = scene->cast - 1u;

	hole_hex(holes, HOLE_OTHER_CALL, token(generator, call, TOKEN_CALL + other->call));
	hole_hex(holes, HOLE_OTHER_FROM_TAG, token(generator, call, TOKEN_CALLER + other->call));
	hole_hex(holes, HOLE_OTHER_TO_TAG,
		 token(generator, call, TOKEN_CALLEE + 4u * other->call + other->leg));
	hole_user(holes, HOLE_OTHER, call->cast[cast]);
}

// Each call has its own, as an SBC gives them: of even ports, the networks 10.100 to 10.249.
static void fill_media(const struct call *call, const struct dialog *dialog, struct holes *holes)
{
	uint64_t which = call->number * SCENE_DIALOGS + dialog->call;

	hole_number(holes, HOLE_MEDIA_PORT, (uint32_t)(10000 + which % 25000 * 2));
	hole_number(holes, HOLE_MEDIA_RTCP, (uint32_t)(10001 + which % 25000 * 2));
	hole_number(holes, HOLE_MEDIA_HOST, (uint32_t)(100 + which / 25000 % 150));
	hole_number(holes, HOLE_MEDIA_NET, (uint32_t)(100 + which / 25000 / 150 % 150));
}

static void fill_holes(const struct generator *generator, const struct call *call,
		       const struct step *step, struct holes *holes)
{
	const struct scene *scene = &scenes[call->kind];
	const struct dialog *dialog = &scene->dialog[step->dialog];
	bool back = step_by_callee(call, step);
	uint32_t caller = call->cast[dialog->caller], callee = call->cast[dialog->callee];
	uint64_t caller_tag = token(generator, call, TOKEN_CALLER + dialog->call);
	uint64_t callee_tag = token(generator, call,
				    TOKEN_CALLEE + 4u * dialog->call + dialog->leg);

	hole_hex(holes, HOLE_CALL, token(generator, call, TOKEN_CALL + dialog->call));
	hole_user(holes, HOLE_FROM, back ? callee : caller);
	hole_user(holes, HOLE_TO, back ? caller : callee);
	hole_user(holes, HOLE_REQUEST, back ? caller : callee);
	hole_hex(holes, HOLE_FROM_TAG, back ? callee_tag : caller_tag);
	hole_hex(holes, HOLE_TO_TAG, back ? caller_tag : callee_tag);
	hole_hex(holes, HOLE_BRANCH,
		 token(generator, call,
		       TOKEN_BRANCH + 32u * dialog->call + 8u * dialog->leg + step->transaction));
	// An ACK has the number of its INVITE.
	hole_number(holes, HOLE_CSEQ,
		    CSEQ_FIRST + (step->transaction == 1 ? 0u : step->transaction));
	fill_media(call, dialog, holes);
	if (scene->cast > 2)
		fill_other(generator, call, scene, dialog, holes);
}

static bool text_is_answer(enum text_kind text)
{
	return text == TEXT_TRYING || text == TEXT_RINGING || text == TEXT_ANSWER ||
	       text == TEXT_CANCEL_OK || text == TEXT_TERMINATED || text == TEXT_BUSY ||
	       text == TEXT_ACCEPTED || text == TEXT_BYE_OK;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_headers(uint8_t *frame, size_t len, bool from_callee)
{
	static const uint8_t front[HEADERS] = {
		0x02, 0, 0, 0, 0, 1, 0x02, 0, 0,  0,  0, 2, 0x08, 0x00, // Ethernet
		0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0,             // IPv4, do not fragment
	};
	static const uint8_t caller[4] = {10, 33, 221, 57}, callee[4] = {10, 33, 2, 30};
	uint32_t sum = 0;

	memcpy(frame, front, sizeof(front));
	put16(frame + 16, 20 + 8 + len);
	memcpy(frame + 26, from_callee ? callee : caller, 4);
	memcpy(frame + 30, from_callee ? caller : callee, 4);
	for (int i = 14; i < 34; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(frame + 24, ~(sum + (sum >> 16)) & 0xffff);
	put16(frame + 34, 5060);
	put16(frame + 36, 5060);
	put16(frame + 38, 8 + len);
	put16(frame + 40, 0); // no checksum, which IPv4 allows
}

static void apply_effect(struct generator *generator, const struct call *call,
			 const struct step *step, uint64_t due_ns, uint64_t now_ns)
{
	const struct dialog *dialog = &scenes[call->kind].dialog[step->dialog];
	uint32_t party[2] = {call->cast[dialog->caller], call->cast[dialog->callee]};

	for (int i = 0; i < 2 && step->effect != EFFECT_NONE; i++) {
		if (step->effect == EFFECT_START)
			lamps_start(generator->options.lamps, party[i], due_ns, now_ns);
		else
			lamps_end(generator->options.lamps, party[i], due_ns, now_ns,
				  step->effect == EFFECT_END_UNSEEN);
	}
}

uint64_t generator_due_ns(const struct generator *generator)
{
	uint64_t due_ns = generator->heap_count > 0 ? generator->heap[0].at_ns : UINT64_MAX;

	if (generator->arrivals > 0 && generator->arrival_ns < due_ns)
		due_ns = generator->arrival_ns;
	return due_ns;
}

uint64_t generator_calls_up(const struct generator *generator)
{
	return generator->calls_up;
}

static size_t write_frame(struct generator *generator, const struct call *call,
			  const struct step *step, uint8_t *frame)
{
	const struct stencil *text = generator->texts[step->text];
	struct holes holes;
	size_t len;

	if (step->text == TEXT_NONE)
		return 0;
	len = stencil_bytes(text);
	fill_holes(generator, call, step, &holes);
	put_headers(frame, len,
		    step_by_callee(call, step) != text_is_answer((enum text_kind)step->text));
	stencil_fill(text, &holes, (char *)frame + HEADERS);
	generator->totals.messages++;
	generator->totals.octets += len;
	return HEADERS + len;
}

size_t generator_next(struct generator *generator, uint64_t now_ns, uint8_t *frame)
{
	size_t len = 0;

	while (len == 0) {
		const struct step *step;
		struct call *call;
		struct due due;

		while (generator->arrivals > 0 && generator->arrival_ns <= now_ns &&
		       (generator->heap_count == 0 ||
			generator->arrival_ns <= generator->heap[0].at_ns))
			arrive(generator);
		if (generator->heap_count == 0 || generator->heap[0].at_ns > now_ns)
			return 0;
		due = due_pop(generator);
		call = &generator->call[due.call];
		step = &scenes[call->kind].step[call->step];
		len = write_frame(generator, call, step, frame);
		if (due.at_ns > 0) {
			histogram_add(&generator->totals.late, now_ns - due.at_ns);
			apply_effect(generator, call, step, due.at_ns, now_ns);
		} else {
			// A fill has no schedule to be late for.
			apply_effect(generator, call, step, now_ns, now_ns);
		}
		call->step++;
		step++;
		if (scene_is_over(step) && call->kind != SCENE_STANDING)
			call_free(generator, due.call);
		else if (!scene_is_over(step))
			due_push(generator, due.at_ns + gap_ns(generator, (enum gap)step->gap),
				 due.call);
	}
	return len;
}

void generator_take(struct generator *generator, struct generator_totals *totals)
{
	*totals = generator->totals;
	memset(&generator->totals, 0, sizeof(generator->totals));
}
