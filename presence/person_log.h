// SPDX-License-Identifier: Apache-2.0
// The log's lines of persons who go on the phone and off it. A line is a system call, and whoever
// reads the log may be slow: so it is written in the next advance of the wheel, behind the PUBLISH
// that the change has caused. One thread: the worker's.
#pragma once

struct person_change;
struct person_log;
struct timer_wheel;

struct person_log *person_log_new(struct timer_wheel *wheel); // borrowed
void person_log_free(struct person_log *log);                 // writes what waits
// Nothing of the change is needed afterwards.
void person_log_change(struct person_log *log, const struct person_change *change);
