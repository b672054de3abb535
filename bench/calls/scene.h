// SPDX-License-Identifier: Apache-2.0
// What calls are made of: for each kind of call the messages that pass the wire, who sends them,
// how long after the one before, and when, in truth, somebody begins or ceases to be on the phone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/calls/stencil.h"

enum scene_kind {
	SCENE_ANSWERED,
	SCENE_REPEATED,  // answered, with what UDP sends twice
	SCENE_CANCELLED, // given up while it rings
	SCENE_BUSY,
	SCENE_FORKED,   // answered twice, one of the two dialogs is given up
	SCENE_TRANSFER, // blind: REFER
	SCENE_ATTENDED, // REFER with Replaces
	SCENE_LOST_BYE, // its end is not seen
	SCENE_STANDING, // does not end
	SCENE_COUNT,
};

enum text_kind {
	TEXT_NONE,
	TEXT_INVITE,
	TEXT_INVITE_REPLACES,
	TEXT_TRYING,
	TEXT_RINGING,
	TEXT_ANSWER, // 200 to INVITE
	TEXT_ACK,
	TEXT_CANCEL,
	TEXT_CANCEL_OK,
	TEXT_TERMINATED, // 487
	TEXT_BUSY,       // 486
	TEXT_REFER,
	TEXT_REFER_REPLACES,
	TEXT_ACCEPTED, // 202 to REFER
	TEXT_BYE,
	TEXT_BYE_OK,
	TEXT_COUNT,
};

enum gap { GAP_NOW, GAP_WIRE, GAP_RING, GAP_HOLD, GAP_REPEAT };
enum effect { EFFECT_NONE, EFFECT_START, EFFECT_END, EFFECT_END_UNSEEN };
// Who sends a request; an answer names who sent its request. EITHER: as the call's number decides.
enum sender { BY_CALLER, BY_CALLEE, BY_EITHER };

enum { SCENE_CAST = 3, SCENE_DIALOGS = 3, SCENE_STEPS = 32 };

struct step {
	uint8_t text, dialog, sender, transaction, gap, effect;
};

struct dialog {
	uint8_t caller, callee; // of the cast
	uint8_t call;           // which Call-ID
	uint8_t leg;            // which tag of the callee
	uint8_t other;          // dialog that it refers to or replaces
};

struct scene {
	const char *name;
	uint8_t cast;
	struct dialog dialog[SCENE_DIALOGS];
	struct step step[SCENE_STEPS]; // ends with GAP_NOW, TEXT_NONE, EFFECT_NONE
};

extern const struct scene scenes[SCENE_COUNT];

bool scene_is_over(const struct step *step);
// The messages. False: no memory.
bool scene_texts(struct stencil *texts[TEXT_COUNT]);
