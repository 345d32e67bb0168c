/*
 * io/keyexport.h - session keys for Wireshark, off unless the policy file says key_export.
 *
 * Two files in a folder, appended to, mode 0600, under the names and in the format of Wireshark's
 * own tables, so the folder can be a Wireshark profile: ikev1_decryption_table (one line for each
 * ISAKMP SA) and esp_sa (one line for each direction of each IPsec SA).
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_KEYEXPORT_H
#define IO_KEYEXPORT_H

#include "ike/ports.h"

struct keyexport;

/*
 * Open both files in an existing folder.  NULL and why on failure.  keyexport_close: NULL is fine.
 */
struct keyexport *keyexport_open(const char *folder, struct why *);
void		  keyexport_close(struct keyexport *);

/* Hand both files to this user, so that a reload after the drop can open them again. */
void keyexport_chown(struct keyexport *, unsigned uid, unsigned gid);

/* Write a line, whole, from any thread.  What cannot be written is logged once. */
void keyexport_isakmp(struct keyexport *, const uint8_t *cky_i, struct chunk key);
void keyexport_child(struct keyexport *, const struct child_keys *);

#endif
