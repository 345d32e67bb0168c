/* sdnotify.c - the few words systemd wants to hear. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/sdnotify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void
sdnotify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
sdnotify_reloading(void)
{
	struct timespec ts;

	/* The time is for Type=notify-reload, which tells a new reload from an old one by it. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reloading the policy",
	    (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
}

void
sdnotify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=Sending deletes to all peers");
}
