// SPDX-License-Identifier: Apache-2.0
#include "sip/octets.h"

const struct octet_row octet_commas = OCTET_ROW(',');
const struct octet_row octet_semicolons = OCTET_ROW(';');
