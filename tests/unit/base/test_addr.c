/* tests/unit/base/test_addr.c - addresses and prefixes of both families. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "t.h"

static struct addr
addr(const char *s)
{
	struct addr a = {0};

	if (!addr_parse(s, &a))
		T_FAIL("%s does not parse", s);
	return a;
}

static struct prefix
prefix(const char *s)
{
	struct prefix p = {0};

	if (!prefix_parse(s, &p))
		T_FAIL("%s does not parse", s);
	return p;
}

static void
addresses_round_trip(void)
{
	static const char *const good[] = {"203.0.113.10", "0.0.0.0", "255.255.255.255",
	    "2001:db8::1", "::", "fe80::1", "any", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"};
	char buf[ADDR_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct addr a = addr(good[i]);

		T_STR(addr_print(&a, buf, sizeof(buf)), good[i]);
	}
}

static void
bad_addresses(void)
{
	static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", " 1.2.3.4",
	    "1.2.3.4 ", "1.2.3.4/32", "::1::", "12345::", "example.com", "ANY ", "01.2.3.4x",
	    "1.2.3.4:500", ":"};
	struct addr a = addr("10.0.0.1");

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (addr_parse(bad[i], &a))
			T_FAIL("\"%s\" was accepted", bad[i]);
	T_MEM(a.b, 4, "\x0a\0\0\1", 4); /* a refused text changes nothing */
}

static void
prefixes_round_trip(void)
{
	static const char *const good[] = {"10.0.0.0/8", "0.0.0.0/0", "192.168.1.0/24",
	    "10.1.2.3/32", "2001:db8::/32", "::/0", "2001:db8::1/128", "any", "192.168.1.128/25"};
	char buf[PREFIX_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct prefix p = prefix(good[i]);

		T_STR(prefix_print(&p, buf, sizeof(buf)), good[i]);
	}
	T_EQ(prefix("10.1.2.3").bits, 32);
	T_EQ(prefix("2001:db8::1").bits, 128);
	T_EQ(prefix("any").bits, 0);
}

static void
bad_prefixes(void)
{
	static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8",
	    "10.0.0.0/8 ", "10.0.0.0/ 8", "10.0.0.0/08x", "10.0.0.0/0008", "10.0.0.0/255.0.0.0",
	    "any/0", "/8", "2001:db8::/129", "10.0.0.0/8/8", "10.0.0.0/256",
	    /* host bits */
	    "10.0.0.1/8", "10.0.0.1/31", "2001:db8::1/64", "1.0.0.0/0", "192.168.1.127/25",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/8"};
	struct prefix p;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (prefix_parse(bad[i], &p))
			T_FAIL("\"%s\" was accepted", bad[i]);
}

static void
masks(void)
{
	struct prefix p = prefix("192.168.1.0/24");
	struct addr m = addr("255.255.240.0");
	char buf[PREFIX_TEXT];

	T_STR(prefix_print_mask(&p, buf, sizeof(buf)), "192.168.1.0/255.255.255.0");
	p = prefix("0.0.0.0/0");
	T_STR(prefix_print_mask(&p, buf, sizeof(buf)), "0.0.0.0/0.0.0.0");
	p = prefix("10.1.2.3");
	T_STR(prefix_print_mask(&p, buf, sizeof(buf)), "10.1.2.3/255.255.255.255");
	p = prefix("2001:db8::/32");
	T_STR(prefix_print_mask(&p, buf, sizeof(buf)), "2001:db8::/32");
	p = prefix("any");
	T_STR(prefix_print_mask(&p, buf, sizeof(buf)), "any");
	T_EQ(addr_mask_bits(&m), 20);
	m = addr("0.0.0.0");
	T_EQ(addr_mask_bits(&m), 0);
	m = addr("255.255.255.255");
	T_EQ(addr_mask_bits(&m), 32);
	m = addr("255.0.255.0");
	T_EQ(addr_mask_bits(&m), -1);
	m = addr("ffff:ffff:8000::");
	T_EQ(addr_mask_bits(&m), 33);
	m = addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	T_EQ(addr_mask_bits(&m), 128);
	m = addr("any");
	T_EQ(addr_mask_bits(&m), -1);
}

static struct addr
from_number(uint32_t v)
{
	const uint8_t o[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	return addr_from_octets(CHUNK(o, sizeof(o)));
}

/* Every length: the first address outside is outside, the last inside inside. */
static void
prefix_bounds(void)
{
	for (unsigned bits = 1; bits <= 32; bits++) {
		uint32_t net = 0xc0a80180u & (0xffffffffu << (32 - bits));
		uint32_t last = net | (bits == 32 ? 0 : 0xffffffffu >> bits);
		struct prefix p = {.bits = (uint8_t)bits};
		p.addr = from_number(net);
		struct addr in = from_number(last), after = from_number(last + 1),
			    before = from_number(net - 1);

		T_TRUE(prefix_has(&p, &p.addr));
		T_TRUE(prefix_has(&p, &in));
		T_TRUE(!prefix_has(&p, &after));
		T_TRUE(!prefix_has(&p, &before));
	}
}

static void
prefix_relations(void)
{
	struct prefix any = prefix("any"), v4 = prefix("0.0.0.0/0"), v6 = prefix("::/0"),
		      ten = prefix("10.0.0.0/8"), net = prefix("10.1.0.0/16"),
		      doc = prefix("2001:db8::/32"), docsub = prefix("2001:db8:1::/48");
	struct addr four = addr("10.1.2.3"), six = addr("2001:db8::1");

	T_TRUE(prefix_has(&any, &four) && prefix_has(&any, &six));
	T_TRUE(prefix_has(&v4, &four) && !prefix_has(&v4, &six));
	T_TRUE(!prefix_has(&v6, &four) && prefix_has(&v6, &six));
	T_TRUE(prefix_has(&doc, &six) && !prefix_has(&docsub, &six));
	T_TRUE(prefix_has_prefix(&ten, &net) && !prefix_has_prefix(&net, &ten));
	T_TRUE(prefix_has_prefix(&ten, &ten) && prefix_has_prefix(&any, &doc));
	T_TRUE(prefix_has_prefix(&doc, &docsub) && !prefix_has_prefix(&v4, &doc));
	T_TRUE(!prefix_has_prefix(&v4, &any) && prefix_has_prefix(&any, &any));
	T_TRUE(prefix_eq(&ten, &ten) && !prefix_eq(&v4, &v6) && !prefix_eq(&v4, &any));
	T_TRUE(!prefix_eq(&ten, &net));
}

static void
octets(void)
{
	struct addr a = addr_from_octets(CHUNK((const uint8_t *)"\x0a\1\2\3", 4)), none;
	char buf[ADDR_TEXT];

	T_STR(addr_print(&a, buf, sizeof(buf)), "10.1.2.3");
	T_MEM(addr_octets(&a).p, addr_octets(&a).n, "\x0a\1\2\3", 4);
	T_EQ(addr_bits(&a), 32);
	a = addr("2001:db8::1");
	T_EQ(addr_octets(&a).n, 16);
	T_EQ(addr_bits(&a), 128);
	for (size_t n = 0; n < 20; n++) {
		none = addr_from_octets(CHUNK((const uint8_t *)"01234567890123456789", n));
		T_EQ(none.family, n == 4 ? ADDR_V4 : n == 16 ? ADDR_V6 : ADDR_NONE);
	}
	none = addr_from_octets(CHUNK_NONE);
	T_EQ(addr_octets(&none).n, 0);
	T_EQ(addr_bits(&none), 0);
}

static void
equality(void)
{
	struct addr a = addr("10.0.0.1"), b = addr("10.0.0.2"), z4 = addr("0.0.0.0"),
		    z6 = addr("::"), any = addr("any");
	struct endpoint e = {.addr = a, .port = 500}, f = {.addr = a, .port = 4500};

	T_TRUE(addr_eq(&a, &a) && !addr_eq(&a, &b) && !addr_eq(&z4, &z6) && !addr_eq(&z4, &any));
	T_TRUE(addr_is_any(&z4) && addr_is_any(&z6) && addr_is_any(&any) && !addr_is_any(&a));
	T_TRUE(endpoint_eq(&e, &e) && !endpoint_eq(&e, &f));
	f.port = 500;
	f.addr = b;
	T_TRUE(!endpoint_eq(&e, &f));
}

static void
endpoints(void)
{
	struct endpoint e = {.addr = addr("192.0.2.1"), .port = 4500}, f;
	struct sockaddr_storage ss;
	char buf[ENDPOINT_TEXT];

	T_EQ(endpoint_to_sockaddr(&e, &ss), sizeof(struct sockaddr_in));
	T_EQ(((struct sockaddr_in *)&ss)->sin_port, htons(4500));
	f = endpoint_from_sockaddr((struct sockaddr *)&ss);
	T_TRUE(endpoint_eq(&e, &f));
	T_STR(endpoint_print(&f, buf, sizeof(buf)), "192.0.2.1:4500");

	e.addr = addr("2001:db8::1");
	T_EQ(endpoint_to_sockaddr(&e, &ss), sizeof(struct sockaddr_in6));
	f = endpoint_from_sockaddr((struct sockaddr *)&ss);
	T_TRUE(endpoint_eq(&e, &f));
	T_STR(endpoint_print(&f, buf, sizeof(buf)), "[2001:db8::1]:4500");

	e.addr = addr("any");
	T_EQ(endpoint_to_sockaddr(&e, &ss), 0);
	ss.ss_family = AF_UNIX;
	f = endpoint_from_sockaddr((struct sockaddr *)&ss);
	T_EQ(f.addr.family, ADDR_NONE);
}

/* A dual-stack socket shows IPv4 peers in IPv6 clothes. */
static void
mapped_ipv4(void)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(500)};
	struct endpoint e;
	char buf[ENDPOINT_TEXT];

	T_EQ(inet_pton(AF_INET6, "::ffff:192.0.2.7", &in6.sin6_addr), 1);
	e = endpoint_from_sockaddr((struct sockaddr *)&in6);
	T_EQ(e.addr.family, ADDR_V4);
	T_STR(endpoint_print(&e, buf, sizeof(buf)), "192.0.2.7:500");
}

static void
cut_text(void)
{
	struct endpoint e = {.addr = addr("192.0.2.1"), .port = 4500};
	struct prefix p = prefix("192.168.1.0/24");
	char buf[6];

	T_STR(endpoint_print(&e, buf, sizeof(buf)), "192.0");
	T_STR(addr_print(&e.addr, buf, sizeof(buf)), "192.0");
	T_STR(prefix_print(&p, buf, sizeof(buf)), "192.1");
}

int
main(void)
{
	T_RUN(addresses_round_trip);
	T_RUN(bad_addresses);
	T_RUN(prefixes_round_trip);
	T_RUN(bad_prefixes);
	T_RUN(masks);
	T_RUN(prefix_bounds);
	T_RUN(prefix_relations);
	T_RUN(octets);
	T_RUN(equality);
	T_RUN(endpoints);
	T_RUN(mapped_ipv4);
	T_RUN(cut_text);
	return T_DONE();
}
