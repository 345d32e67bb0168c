/* io/sdnotify.h - what systemd is told (Type=notify); nothing happens without it. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_SDNOTIFY_H
#define IO_SDNOTIFY_H

/* Serving, reloading (followed by ready), going down; status: one line for "systemctl status". */
void sdnotify_ready(const char *status);
void sdnotify_reloading(void);
void sdnotify_stopping(void);

#endif
