/* base/event.c - names, levels and ASA numbers of the events. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/event.h"

#include "base/compiler.h"

static const struct {
	const char    *name;
	enum log_level level;
	unsigned       asa;
} list[] = {
#define X(name, level, asa) {#name, level, asa},
	IKE_EVENTS(X)
#undef X
};

static const char *const levels[LOG_L_COUNT] = {"err", "warning", "notice", "info", "debug"};

const char *
event_name(enum log_event e)
{
	return (size_t)e < ARRAY_LEN(list) ? list[e].name : "UNKNOWN";
}

enum log_level
event_level(enum log_event e)
{
	return (size_t)e < ARRAY_LEN(list) ? list[e].level : LOG_L_ERR;
}

unsigned
event_asa_id(enum log_event e)
{
	return (size_t)e < ARRAY_LEN(list) ? list[e].asa : 0;
}

const char *
event_level_name(enum log_level l)
{
	return (size_t)l < ARRAY_LEN(levels) ? levels[l] : "unknown";
}
