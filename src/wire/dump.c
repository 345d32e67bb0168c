/* wire/dump.c - a message in words. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/dump.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/hexdump.h"
#include "base/names.h"
#include "wire/names.h"
#include "wire/vid.h"
#include "wire_local.h"

#define LINE 512
#define NUM  32 /* room for a number that has no word */

/* Text built piece by piece in a buffer of fixed size; what does not fit is cut. */
struct text {
	char  *buf;
	size_t cap, n;
};

static void PRINTF_LIKE(2, 3) add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int k;

	if (t->cap - t->n <= 1)
		return;
	va_start(ap, fmt);
	k = vsnprintf(t->buf + t->n, t->cap - t->n, fmt, ap);
	va_end(ap);
	if (k > 0)
		t->n += (size_t)k < t->cap - t->n ? (size_t)k : t->cap - t->n - 1;
}

static struct text
text_in(char *buf, size_t cap)
{
	if (cap > 0)
		buf[0] = '\0';
	return (struct text){.buf = buf, .cap = cap > 0 ? cap : 1};
}

/* The words in ASA's message lines differ from the RFC's short names. */
static const struct name asa_payloads[] = {
    {ISAKMP_PL_CR, "CERT_REQ"}, {ISAKMP_PL_N, "NOTIFY"}, {ISAKMP_PL_D, "DELETE"},
    {ISAKMP_PL_VID, "VENDOR"},	{ISAKMP_PL_CFG, "ATTR"}, {0, NULL},
};

static const char *
asa_name(uint8_t type)
{
	const char *word = names_word(asa_payloads, type);

	return word != NULL ? word : payload_name(type);
}

const char *
dump_line(const struct msg *m, size_t total, char *buf, size_t n)
{
	struct text t = text_in(buf, n);

	add(&t, "(msgid=%" PRIx32 ") with payloads : HDR", m->hdr.msgid);
	for (const struct pl *p = m->first; p != NULL; p = p->next)
		add(&t, " + %s (%u)", asa_name(p->type), p->type);
	add(&t, " + NONE (0) total length : %zu", total);
	return buf;
}

static void
add_octets(struct text *t, struct chunk c)
{
	char hex[2 * 64 + 1];

	add(t, "%s%s", hexdump_line(c, hex, sizeof(hex)), c.n > 64 ? "..." : "");
}

static void
add_addr(struct text *t, struct chunk c)
{
	struct addr a = addr_from_octets(c);
	char buf[ADDR_TEXT];

	add(t, "%s", addr_print(&a, buf, sizeof(buf)));
}

/* Address and mask: as a prefix where the mask is one, both parts as addresses otherwise. */
static void
add_subnet(struct text *t, struct chunk net, struct chunk mask)
{
	struct addr m = addr_from_octets(mask);
	int bits = addr_mask_bits(&m);

	if (bits >= 0 && m.family == ADDR_V6) {
		add_addr(t, net);
		add(t, "/%d", bits);
		return;
	}
	add_addr(t, net);
	add(t, "/");
	add_addr(t, mask);
}

const char *
dump_id(const struct pl_id *id, char *buf, size_t n)
{
	struct text t = text_in(buf, n);
	size_t want = wire_id_octets(id->kind), half = id->data.n / 2;
	struct chunk low = CHUNK(id->data.p, half), high = CHUNK(id->data.p + half, half);

	if (want != 0 && id->data.n != want) { /* ours, made by a fault: the decoder refuses it */
		add_octets(&t, id->data);
		return buf;
	}
	switch (id->kind) {
	case ID_IPV4_ADDR:
	case ID_IPV6_ADDR:
		add_addr(&t, id->data);
		break;
	case ID_IPV4_ADDR_SUBNET:
	case ID_IPV6_ADDR_SUBNET:
		add_subnet(&t, low, high);
		break;
	case ID_IPV4_ADDR_RANGE:
	case ID_IPV6_ADDR_RANGE:
		add_addr(&t, low);
		add(&t, "-");
		add_addr(&t, high);
		break;
	case ID_FQDN:
	case ID_USER_FQDN:
		(void)hexdump_text(id->data, buf, n);
		break;
	default:
		add_octets(&t, id->data);
	}
	return buf;
}

static const struct name *
values_p1(uint16_t type)
{
	switch (type) {
	case P1A_ENCRYPTION:
		return wire_p1_ciphers;
	case P1A_HASH:
		return wire_p1_hashes;
	case P1A_AUTH:
		return wire_auth_methods;
	case P1A_GROUP:
		return wire_groups;
	case P1A_LIFE_TYPE:
		return wire_life_types;
	default:
		return NULL;
	}
}

static const struct name *
values_p2(uint16_t type)
{
	switch (type) {
	case P2A_LIFE_TYPE:
		return wire_life_types;
	case P2A_GROUP:
		return wire_groups;
	case P2A_ENCAPSULATION:
		return wire_encaps;
	case P2A_AUTH:
		return wire_p2_auths;
	default:
		return NULL;
	}
}

const char *
dump_attr(uint8_t protocol, const struct pl_attr *a, char *buf, size_t n)
{
	bool p1 = protocol == PROTO_ISAKMP;
	const char *name = names_word(p1 ? wire_p1_attrs : wire_p2_attrs, a->type);
	const struct name *values = p1 ? values_p1(a->type) : values_p2(a->type);
	const char *word = NULL;
	struct text t = text_in(buf, n);

	if (name != NULL)
		add(&t, "%s: ", name);
	else
		add(&t, "Attribute %u: ", a->type);
	if (values != NULL && a->numeric && a->value <= UINT16_MAX)
		word = names_word(values, (long)a->value);
	if (word != NULL)
		add(&t, "%s", word);
	else if (a->numeric)
		add(&t, "%s%" PRIu64, values != NULL ? "#" : "", a->value);
	else
		add_octets(&t, a->data);
	return buf;
}

struct out { /* where dump_full's lines go */
	dump_fn *fn;
	void	*ctx;
};

static void PRINTF_LIKE(2, 3) line(const struct out *o, const char *fmt, ...)
{
	char buf[LINE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	o->fn(o->ctx, buf);
}

static void
full_attrs(const struct out *o, const char *indent, uint8_t protocol, const struct pl_attr *a)
{
	char buf[LINE];

	for (; a != NULL; a = a->next)
		line(o, "%s%s%s", indent, dump_attr(protocol, a, buf, sizeof(buf)),
		    a->tv ? "" : " (TLV)");
}

static const char *
transform_name(uint8_t protocol, uint8_t id, char *buf, size_t n)
{
	static const struct name ike[] = {{IKE_TRANSFORM_KEY_IKE, "KEY_IKE"}, {0, NULL}};

	switch (protocol) {
	case PROTO_ISAKMP:
		return names_print(ike, id, buf, n);
	case PROTO_AH:
		return names_print(wire_ah_transforms, id, buf, n);
	case PROTO_ESP:
		return names_print(wire_esp_transforms, id, buf, n);
	case PROTO_IPCOMP:
		return names_print(wire_ipcomp_transforms, id, buf, n);
	default:
		return names_print(ike + 1, id, buf, n); /* the number */
	}
}

static void
full_sa(const struct out *o, const struct pl *pl)
{
	char proto[NUM], id[NUM], spi[2 * 255 + 1];

	line(o, "SA (1): DOI %" PRIu32 ", situation %" PRIu32, pl->u.sa.doi, pl->u.sa.situation);
	for (const struct pl_proposal *p = pl->u.sa.proposals; p != NULL; p = p->next) {
		line(o, "  proposal %u: %s%s%s", p->number,
		    names_print(wire_protocols, p->protocol, proto, sizeof(proto)),
		    p->spi.n > 0 ? ", SPI " : "", hexdump_line(p->spi, spi, sizeof(spi)));
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next) {
			line(o, "    transform %u: %s", t->number,
			    transform_name(p->protocol, t->id, id, sizeof(id)));
			full_attrs(o, "      ", p->protocol, t->attrs);
		}
	}
}

static void
full_id(const struct out *o, const struct pl *pl)
{
	char kind[NUM], buf[LINE / 2];

	line(o, "ID (5): %s %s, protocol %u, port %u",
	    names_print(wire_id_kinds, pl->u.id.kind, kind, sizeof(kind)),
	    dump_id(&pl->u.id, buf, sizeof(buf)), pl->u.id.proto, pl->u.id.port);
}

static void
full_notify(const struct out *o, const struct pl *pl)
{
	const struct pl_notify *n = &pl->u.notify;
	char proto[NUM], type[NUM], spi[2 * 255 + 1];

	line(o, "N (11): DOI %" PRIu32 ", %s, %s, SPI %s, data %zu octets", n->doi,
	    names_print(wire_protocols, n->protocol, proto, sizeof(proto)),
	    names_print(wire_notifies, n->type, type, sizeof(type)),
	    n->spi.n > 0 ? hexdump_line(n->spi, spi, sizeof(spi)) : "none", n->data.n);
}

static void
full_delete(const struct out *o, const struct pl *pl)
{
	const struct pl_delete *d = &pl->u.del;
	char proto[NUM], spi[2 * 255 + 1];

	line(o, "D (12): DOI %" PRIu32 ", %s, %u SPIs of %u octets", d->doi,
	    names_print(wire_protocols, d->protocol, proto, sizeof(proto)), d->count, d->spi_size);
	for (size_t at = 0; d->spi_size > 0 && at + d->spi_size <= d->spis.n; at += d->spi_size)
		line(o, "  SPI %s",
		    hexdump_line(CHUNK(d->spis.p + at, d->spi_size), spi, sizeof(spi)));
}

static void
full_raw(const struct out *o, const struct pl *pl)
{
	const char *name;

	if (pl->type == ISAKMP_PL_VID) {
		(void)vid_lookup(pl->u.raw, &name);
		line(o, "VID (13): %s, %zu octets", name, pl->u.raw.n);
	} else {
		line(o, "%s (%u): %zu octets", payload_name(pl->type), pl->type, pl->u.raw.n);
	}
}

static void
full_cfg(const struct out *o, const struct pl *pl)
{
	char type[NUM];

	line(o, "CFG (14): %s, identifier %u",
	    names_print(wire_cfg_types, pl->u.cfg.type, type, sizeof(type)), pl->u.cfg.identifier);
	for (const struct pl_attr *a = pl->u.cfg.attrs; a != NULL; a = a->next)
		line(o, "  attribute %u: %zu octets", a->type, a->data.n); /* may be a password */
}

static void
full_natoa(const struct out *o, const struct pl *pl)
{
	struct addr a = addr_from_octets(pl->u.natoa.data);
	char buf[ADDR_TEXT];

	line(o, "NAT-OA (%u): %s", pl->type, addr_print(&a, buf, sizeof(buf)));
}

static void
full_payload(const struct out *o, const struct pl *pl)
{
	char buf[NUM];

	if (pl->def == NULL) {
		line(o, "%s (%u): %zu octets", payload_name(pl->type), pl->type, pl->raw.n);
		return;
	}
	switch (payload_canon(pl->type)) {
	case ISAKMP_PL_SA:
		full_sa(o, pl);
		break;
	case ISAKMP_PL_ID:
		full_id(o, pl);
		break;
	case ISAKMP_PL_CERT:
	case ISAKMP_PL_CR:
		line(o, "%s (%u): %s, %zu octets", pl->def->name, pl->type,
		    names_print(wire_cert_encodings, pl->u.cert.encoding, buf, sizeof(buf)),
		    pl->u.cert.data.n);
		break;
	case ISAKMP_PL_N:
		full_notify(o, pl);
		break;
	case ISAKMP_PL_D:
		full_delete(o, pl);
		break;
	case ISAKMP_PL_CFG:
		full_cfg(o, pl);
		break;
	case ISAKMP_PL_NATOA:
		full_natoa(o, pl);
		break;
	case ISAKMP_PL_FRAG:
		line(o, "FRAG (132): id %u, number %u, flags %u, %zu octets", pl->u.frag.id,
		    pl->u.frag.index, pl->u.frag.flags, pl->u.frag.data.n);
		break;
	default:
		full_raw(o, pl);
	}
}

void
dump_full(const struct msg *m, dump_fn *fn, void *ctx)
{
	const struct out o = {.fn = fn, .ctx = ctx};
	const struct isakmp_hdr *h = &m->hdr;
	char i[2 * ISAKMP_COOKIE_LEN + 1], r[2 * ISAKMP_COOKIE_LEN + 1], x[NUM];

	line(&o,
	    "HDR: cookies %s %s, %s, version %u.%u, flags 0x%02x, msgid %" PRIx32
	    ", length %" PRIu32,
	    hexdump_line(CHUNK(h->cky_i, ISAKMP_COOKIE_LEN), i, sizeof(i)),
	    hexdump_line(CHUNK(h->cky_r, ISAKMP_COOKIE_LEN), r, sizeof(r)),
	    names_print(wire_exchanges, h->exchange, x, sizeof(x)), h->version >> 4,
	    h->version & 15, h->flags, h->msgid, h->length);
	for (const struct pl *p = m->first; p != NULL; p = p->next)
		full_payload(&o, p);
}
