// SPDX-License-Identifier: Apache-2.0
// A certificate for the registrar of a bench, signed by itself, good for a day.
#pragma once

// PEM files. 0, or -EIO.
int certificate_write(const char *certificate_file, const char *key_file);
