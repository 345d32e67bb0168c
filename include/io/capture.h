/*
 * io/capture.h - what the daemon receives and sends, in a pcapng file, and beside it in the same
 * folder the keys that decrypt it, as Wireshark reads them (io/keyexport.h).
 *
 * Workers hand packets over and go on; one thread writes.  What it cannot keep up with is counted
 * as lost.  Pointing Wireshark at the folder (WIRESHARK_CONFIG_DIR, or as a profile) decrypts the
 * capture: a file "preferences" there switches ESP decryption on.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_CAPTURE_H
#define IO_CAPTURE_H

#include <time.h>

#include "ike/ike.h"

struct capture;
struct keyexport;

struct capture_conf {
	const char *file; /* absolute path; must not exist, nor FILE.1 and so on */
	uint32_t kilobytes; /* then a new file is begun, 0: never */
	uint32_t files; /* kept of them, at least 1 */
	const char *whom; /* for status: whose packets */
	struct prefix peer, local; /* addresses whose packets count; ADDR_NONE: all */
};

struct capture_info { /* texts are good as long as the capture is */
	const char *file, *whom;
	struct timespec since; /* wall clock */
	uint64_t packets, octets; /* written, of all files */
	uint64_t lost; /* packets that did not get into the file */
	unsigned rotated; /* files begun after the first */
	const char *failed; /* why nothing is written any more, NULL: all is well */
};

/*
 * Begin.  Files are made with mode 0600.  Refused (NULL and why) unless the folder is ours alone to
 * write: a directory of ours or root's that neither group nor others can write, below directories
 * that others cannot rename it in.
 */
struct capture *capture_open(const struct capture_conf *, struct why *);

/* Write what was handed over and stop writing: the info is final then.  No worker may use it. */
void capture_flush(struct capture *);

/* The same, and everything is closed and freed.  NULL is fine. */
void capture_close(struct capture *);

/* From any thread: one datagram (its UDP payload) that came in or went out. */
void capture_packet(struct capture *, const struct path *, bool sent, struct chunk datagram);

/*
 * An ISAKMP SA that is older than the capture: its key, and five messages made up (each says so in
 * a comment) without which Wireshark would not use it.
 */
void capture_isakmp_sa(struct capture *, const struct ike_key_info *);

/* Are packets of this path captured?  Then its keys belong into capture_keys(). */
bool capture_wants(const struct capture *, const struct path *);
struct keyexport *capture_keys(struct capture *);

struct capture_info capture_info(struct capture *);

#endif
