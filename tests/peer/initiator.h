/*
 * tests/peer/initiator.h - an IKEv1 initiator without I/O: octets in, octets out.
 *
 * It is built on the wire and crypto rooms only and knows nothing of the engine, so that the two
 * cannot share a misreading of RFC 2409.  It verifies every HASH, every echo and every identity
 * itself.  A test makes it lie by its hooks or by changing its open fields.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PEER_INITIATOR_H
#define PEER_INITIATOR_H

#include "base/addr.h"
#include "crypto/keymat.h"
#include "wire/msg.h"
#include "wire/vid.h"

#define INI_OFFERS 16
#define INI_OUT	   16384

struct ini_offer { /* one phase 1 transform */
	const struct alg_cipher *cipher;
	const struct alg_hash	*hash;
	const struct alg_group	*group;
	uint16_t		 auth;		/* 0: AUTH_PSK */
	uint32_t		 life_s, life_kb; /* 0: not sent */
	bool			 life_tlv;	/* four octets even where two do */
};

/* Lies.  label is "MM1" ... "QM3", "INFO".  Each may be NULL. */
struct ini_hooks {
	void *ctx;
	/* The message before hashes and encoding: what is changed here is hashed as changed. */
	void (*edit)(void *ctx, const char *label, struct msg *, struct arena *);
	/* Octets about to be encrypted, HASH in place, without padding. */
	void (*plain)(void *ctx, const char *label, struct wbuf *);
	/* The datagram. */
	void (*wire)(void *ctx, const char *label, struct wbuf *);
};

struct ini_id { /* an identity, phase 1 or phase 2 */
	uint8_t	 kind, proto;
	uint16_t port;
	uint8_t	 data[64];
	size_t	 n;
};

struct initiator {
	/* --- what the caller sets after ini_init() --- */
	struct crypto	*crypto; /* not owned */
	struct endpoint	 local, remote;
	bool		 marker; /* set when floated to the NAT-T port */
	struct endpoint	 outer;	 /* what the responder sees behind a NAT; port 0: local */
	/* what the responder itself thinks it is, behind its NAT; port 0: remote */
	struct endpoint	 server;
	struct ini_offer offers[INI_OFFERS];
	unsigned	 offer_count;
	uint8_t		 psk[256];
	size_t		 psk_n;
	struct ini_id	 id;
	unsigned	 vids;	   /* VID_* bits sent in MM1 */
	unsigned	 vids_mm3; /* ... in MM3 */
	unsigned	 vids_mm5; /* ... in MM5, encrypted, as ASA sends DPD's */
	bool		 fake_nat; /* our own NAT-D is random octets */
	bool		 initial_contact; /* N in MM5 */
	size_t		 nonce_len;
	/* the secret of a recorded conversation; empty: of our own key pair */
	struct chunk	 gxy;
	/*
	 * tolerate other numbers and another order of attributes, as IOS and strongSwan before
	 * 5.8.3 return
	 */
	bool		 lax;
	struct ini_hooks hooks;

	/* --- what came of it --- */
	struct arena		*mem; /* the last message read or built */
	uint8_t			 cky_i[8], cky_r[8];
	const struct ini_offer	*chosen;
	unsigned		 peer_vids;
	uint8_t			 natd_type; /* ISAKMP_PL_NATD, _DRAFT, 0: no NAT-T */
	bool			 nat_local, nat_remote;
	struct dh		*dh;
	uint8_t			 gxi[ALG_MAX_PUBLIC], gxr[ALG_MAX_PUBLIC];
	uint8_t			 ni[256], nr[256];
	size_t			 ni_n, nr_n;
	uint8_t			 sai_b[8192];
	size_t			 sai_n;
	struct ini_id		 idr; /* the responder's */
	struct skeyids		 keys;
	struct secret		 key;	   /* the cipher's */
	uint8_t			 iv[16];   /* phase 1, running */
	uint8_t			 last[16]; /* last phase 1 block, for phase 2 IVs */
	bool			 keyed, established;
	uint32_t		 dpd_seq;
	uint32_t		 last_msgid; /* of the last message built with one */
	struct msg		 in;	     /* the last message read, in mem */
	uint8_t			 plain_in[INI_OUT];
	uint8_t			 out[INI_OUT];
};

/*
 * Defaults: one offer aes-128/sha1/group given, DPD's vendor id, nonce of 20 octets, ID = local
 * address.
 */
void ini_init(struct initiator *, struct crypto *, const char *local, const char *remote,
    const char *psk, const struct alg_group *);
void ini_fini(struct initiator *);

/* An identity from words: kind and its natural text ("10.1.0.0/16", "a.example", "2001:db8::1"). */
struct ini_id ini_id(uint8_t kind, const char *text);

/* Build. The octets live in out until the next call. */
struct chunk ini_mm1(struct initiator *);
struct chunk ini_mm3(struct initiator *);
struct chunk ini_mm5(struct initiator *);

/* Read and verify. */
enum ike_err ini_mm2(struct initiator *, struct chunk, struct why *) MUST_USE;
enum ike_err ini_mm4(struct initiator *, struct chunk, struct why *) MUST_USE;
enum ike_err ini_mm6(struct initiator *, struct chunk, struct why *) MUST_USE;

/* After MM4: the next message goes to the NAT-T port if a NAT was seen (or faked). */
void ini_float(struct initiator *, uint16_t local_port, uint16_t remote_port);

/* ---- informational ---- */

/*
 * Begin an informational message (fresh message id), add payloads to it, end it: HASH and
 * encryption if keyed.
 */
void	     ini_info_begin(struct initiator *, struct msg *);
struct pl *ini_add_notify(struct initiator *, struct msg *, uint8_t protocol, uint16_t type,
    struct chunk spi, struct chunk data);
struct pl *ini_add_delete(struct initiator *, struct msg *, uint8_t protocol, uint8_t spi_size,
    struct chunk spis);
struct chunk ini_info_end(struct initiator *, struct msg *);
struct chunk ini_info_end_clear(struct initiator *, struct msg *);

struct chunk ini_dpd(struct initiator *, uint16_t type, uint32_t seq); /* R-U-THERE and its ACK */
struct chunk ini_delete_isakmp(struct initiator *);

/*
 * Read an informational message: *clear says whether it was unprotected.  The payloads stand in
 * ->in.
 */
enum ike_err ini_info(struct initiator *, struct chunk, bool *clear, struct why *) MUST_USE;

/* The first notify of the message in ->in, NULL if there is none. */
const struct pl_notify *ini_notify_in(const struct initiator *);

/* ---- quick mode ---- */

struct ini_p2_offer {
	uint8_t			 protocol; /* 0: PROTO_ESP */
	const struct alg_cipher *cipher;   /* ESP */
	const struct alg_integ	*integ;	   /* NULL beside AEAD */
	uint16_t		 encap;	   /* 0: not sent */
	const struct alg_group	*pfs;	   /* Group Description attribute */
	uint32_t		 life_s, life_kb;
	bool			 life_tlv;
	bool			 same_proposal; /* a further transform of the proposal before */
	bool			 bundle;	/* a proposal payload of the same number: "and" */
	uint8_t			 transform_id;	/* 0: of the algorithm */
};

struct ini_qm {
	/* --- what the caller sets after ini_qm_init() --- */
	struct initiator   *ini;
	uint32_t	    msgid;
	struct ini_p2_offer offers[INI_OFFERS];
	unsigned	    offer_count;
	const struct alg_group *pfs; /* KE of this group */
	bool		    ids;
	struct ini_id	    idci, idcr;
	bool		    natoa;
	struct addr	    natoa_i, natoa_r;
	size_t		    nonce_len;
	bool		    commit; /* flag in the header */
	uint8_t		    spi_i[4]; /* receiving SPI of the initiator of this quick mode */

	/* --- what came of it --- */
	uint8_t			   iv[16];
	uint8_t			   sa_b[8192]; /* our SA payload's body */
	size_t			   sa_n;
	uint8_t			   ni[256], nr[256];
	size_t			   ni_n, nr_n;
	uint8_t			   spi_r[4];
	const struct ini_p2_offer *chosen;
	struct dh		  *dh;
	uint8_t			   gxi[ALG_MAX_PUBLIC];
	uint8_t			   gxy[ALG_MAX_PUBLIC];
	size_t			   gxy_n;
	struct ini_id		   idci_r, idcr_r; /* as the responder returned them */
	bool			   ids_r;
	/* RESPONDER-LIFETIME, 0: none came */
	uint32_t		   responder_life_s, responder_life_kb;
	bool			   natoa_r_seen;
	/* by SPI i, r */
	uint8_t			   keymat_i[2 * ALG_MAX_KEY], keymat_r[2 * ALG_MAX_KEY];
	size_t			   keymat_n;
};

/* Defaults: ESP aes-128 sha1 tunnel, IDs 10.9.0.0/24 <-> 10.1.0.0/24, fresh message id and SPI. */
void ini_qm_init(struct ini_qm *, struct initiator *);
void ini_qm_fini(struct ini_qm *);

struct chunk ini_qm1(struct ini_qm *);
enum ike_err ini_qm2(struct ini_qm *, struct chunk, struct why *) MUST_USE;
struct chunk ini_qm3(struct ini_qm *);

/*
 * The other way: the responder of phase 1 starts a quick mode and we answer (first proposal, first
 * transform).
 */
enum ike_err ini_qm1_in(struct ini_qm *, struct chunk, struct why *) MUST_USE;
struct chunk ini_qm2_out(struct ini_qm *);
enum ike_err ini_qm3_in(struct ini_qm *, struct chunk, struct why *) MUST_USE;

/* DELETE of our SPI of this pair. */
struct chunk ini_delete_child(struct ini_qm *);

/* ---- lower tools, for tests that forge ---- */

/*
 * Encrypt plain (padded here with zeros) under a header with these fields; iv becomes the last
 * block.
 */
struct chunk ini_seal(struct initiator *, uint8_t exchange, uint8_t flags, uint32_t msgid,
    uint8_t first, struct chunk plain, uint8_t iv[16]);

/* The IV with which a message of a fresh message id begins. */
void ini_iv(const struct initiator *, uint32_t msgid, uint8_t iv[16]);

/* Decrypt and decode into ->in; iv becomes the last block.  No HASH is looked at. */
enum ike_err ini_open(struct initiator *, struct chunk, uint8_t iv[16], struct why *) MUST_USE;

uint32_t ini_fresh_msgid(struct initiator *);

#endif
