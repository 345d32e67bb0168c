/* test_capture.c - what a capture writes, octet for octet; where it may stand; rotation. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/capture.h"
#include "io/keyexport.h"
#include "io/pcapng.h"

static char folder[] = "/tmp/ikev1d-test-XXXXXX";

static struct path
path_of(const char *local, uint16_t lport, const char *remote, uint16_t rport)
{
	struct path p = {.marker = lport == 4500};

	T_TRUE(addr_parse(local, &p.local.addr) && addr_parse(remote, &p.remote.addr));
	p.local.port = lport;
	p.remote.port = rport;
	return p;
}

static const char *
in_folder(const char *name)
{
	static char buf[4][128];
	static unsigned k;
	char *p = buf[k++ % 4];

	snprintf(p, sizeof(buf[0]), "%s/%s", folder, name);
	return p;
}

/* ---- reading it back ---- */

struct seen { /* a packet of a file */
	uint8_t ip[65536];
	size_t n;
	uint32_t flags;
	uint64_t ns;
};

static uint32_t
u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The one's complement sum over octets that hold their own checksum is 0xffff (RFC 1071). */
static uint32_t
sum16(uint32_t s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static bool
checksums_right(const struct seen *s)
{
	const uint8_t *ip = s->ip;
	bool v6 = ip[0] >> 4 == 6;
	size_t head = v6 ? 40 : 20, udp = s->n - head;
	uint32_t pseudo = 17 + (uint32_t)udp;

	pseudo = v6 ? sum16(pseudo, ip + 8, 32) : sum16(pseudo, ip + 12, 8);
	return (v6 || sum16(0, ip, 20) == 0xffff) && sum16(pseudo, ip + head, udp) == 0xffff;
}

/* Walk the blocks; the number of packets, the last one in *last, -1: no such file, or broken. */
static int
read_back(const char *file, struct seen *last)
{
	static uint8_t buf[1 << 20];
	FILE *f = fopen(file, "r");
	size_t n = f != NULL ? fread(buf, 1, sizeof(buf), f) : 0, at = 0;
	int packets = 0;

	if (f == NULL)
		return -1;
	fclose(f);
	for (uint32_t len; at < n; at += len) {
		const uint8_t *b = buf + at;

		if (n - at < 12 || (len = u32(b + 4)) % 4 != 0 || len < 12 || len > n - at ||
		    u32(b + len - 4) != len)
			return -1;
		if (at == 0 && (u32(b) != 0x0a0d0d0a || u32(b + 8) != 0x1a2b3c4d))
			return -1;
		if (u32(b) != 6)
			continue;
		packets++;
		last->n = u32(b + 20);
		last->ns = (uint64_t)u32(b + 12) << 32 | u32(b + 16);
		if (u32(b + 24) != last->n || last->n > len - 44)
			return -1;
		memcpy(last->ip, b + 28, last->n);
		last->flags = u32(b + 28 + (last->n + 3) / 4 * 4 + 4);
	}
	return packets;
}

/* ---- blocks ---- */

static struct seen seen;

/* One packet as a file of its own. */
static int
one(const struct path *path, bool sent, struct chunk datagram)
{
	static uint8_t buf[70000];
	const struct timespec when = {.tv_sec = 1700000000, .tv_nsec = 123456789};
	size_t n = pcapng_head(buf, sizeof(buf), "test"), k;
	FILE *f = fopen(in_folder("one"), "w");
	int packets;

	T_TRUE(n > 0);
	k = pcapng_packet(buf + n, sizeof(buf) - n, path, sent, datagram, &when, NULL);
	if (f == NULL || k == 0)
		return f != NULL ? fclose(f) : 0;
	T_EQ(fwrite(buf, 1, n + k, f), n + k);
	fclose(f);
	T_TRUE(k <= datagram.n + PCAPNG_PACKET_MORE);
	packets = read_back(in_folder("one"), &seen);
	T_EQ(seen.ns, UINT64_C(1700000000123456789));
	return packets;
}

static void
headers_are_right(void)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
	struct path p4 = path_of("192.0.2.1", 500, "198.51.100.7", 1024);
	struct path p6 = path_of("2001:db8::1", 4500, "2001:db8::2", 4501);

	for (size_t n = 0; n <= sizeof(data); n++) {
		if (!T_EQ(one(&p4, false, CHUNK(data, n)), 1))
			return;
		T_EQ(seen.n, 28 + n);
		T_TRUE(checksums_right(&seen));
		T_EQ(seen.flags, 1);
		T_EQ(seen.ip[0], 0x45);
		T_EQ(u32(seen.ip + 12), 0xc6336407);
		T_EQ(u32(seen.ip + 16), 0xc0000201);
		T_EQ(u32(seen.ip + 20), 1024u << 16 | 500);
		T_MEM(seen.ip + 28, n, data, n);
		if (!T_EQ(one(&p6, true, CHUNK(data, n)), 1))
			return;
		T_EQ(seen.n, 48 + n);
		T_TRUE(checksums_right(&seen));
		T_EQ(seen.flags, 2);
		T_EQ(seen.ip[23], 1);
		T_EQ(seen.ip[39], 2);
		T_EQ(u32(seen.ip + 40), 4500u << 16 | 4501);
		T_MEM(seen.ip + 48, n, data, n);
	}
}

/* A checksum that comes to zero is sent as its other zero (RFC 768). */
static void
no_checksum_is_zero(void)
{
	struct path p = path_of("192.0.2.1", 500, "198.51.100.7", 1024);
	unsigned zeros = 0;

	for (unsigned v = 0; v < 65536; v++) {
		const uint8_t data[2] = {(uint8_t)(v >> 8), (uint8_t)v};
		uint8_t b[200];
		size_t n = pcapng_packet(b, sizeof(b), &p, false, CHUNK(data, 2),
		    &(struct timespec){0}, NULL);

		if (n == 0 || (b[28 + 26] == 0 && b[28 + 27] == 0))
			zeros++;
	}
	T_EQ(zeros, 0);
}

static void
bounds(void)
{
	static uint8_t big[65536];
	struct path p4 = path_of("192.0.2.1", 500, "198.51.100.7", 1024);
	uint8_t small[64];

	T_EQ(one(&p4, true, CHUNK(big, 65507)), 1);
	T_TRUE(checksums_right(&seen));
	T_EQ(seen.n, 65535);
	T_EQ(one(&p4, true, CHUNK(big, 65508)), 0);
	T_EQ(pcapng_packet(small, sizeof(small), &p4, true, CHUNK(big, 1), &(struct timespec){0},
		 NULL),
	    0);
	T_EQ(pcapng_head(small, 20, "test"), 0);
}

/* ---- a capture ---- */

static struct capture *
start(const char *file, uint32_t kilobytes, uint32_t files)
{
	struct capture_conf conf = {.file = file,
	    .whom = "all",
	    .kilobytes = kilobytes,
	    .files = files};
	struct why w = {0};
	struct capture *c = capture_open(&conf, &w);

	if (c == NULL)
		T_FAIL("%s", w.text);
	return c;
}

static void
expect_mode(const char *file, unsigned mode)
{
	struct stat st;

	if (T_EQ(stat(file, &st), 0))
		T_EQ(st.st_mode & 07777, mode);
}

static void
remove_all(void)
{
	static const char *const names[] = {"one", "c", "c.1", "c.2", "c.3", "esp_sa",
	    "ikev1_decryption_table", "preferences", "link", "other/c", "other/esp_sa",
	    "other/ikev1_decryption_table", "other/preferences"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)unlink(in_folder(names[i]));
	(void)rmdir(in_folder("other"));
}

static void
both_ways_into_a_file(void)
{
	const uint8_t in[] = "what came in", out[] = "what went out";
	const uint8_t cky[8] = {1}, key[16] = {2};
	struct path p = path_of("192.0.2.1", 500, "198.51.100.7", 500);
	struct capture *c;
	struct capture_info info;
	char text[256] = "";
	mode_t mask = umask(0);
	FILE *f;

	c = start(in_folder("c"), 0, 1);
	umask(mask);
	if (c == NULL)
		return;
	capture_packet(c, &p, false, CHUNK(in, sizeof(in)));
	capture_packet(c, &p, true, CHUNK(out, sizeof(out)));
	keyexport_isakmp(capture_keys(c), cky, CHUNK(key, sizeof(key)));
	capture_flush(c);
	info = capture_info(c);
	T_EQ(info.packets, 2);
	T_EQ(info.lost, 0);
	T_TRUE(info.failed == NULL);
	T_STR(info.file, in_folder("c"));
	T_STR(info.whom, "all");
	capture_close(c);
	if (T_EQ(read_back(in_folder("c"), &seen), 2)) {
		T_EQ(seen.flags, 2);
		T_MEM(seen.ip + 28, seen.n - 28, out, sizeof(out));
		T_TRUE(checksums_right(&seen));
	}
	expect_mode(in_folder("c"), 0600);
	expect_mode(in_folder("esp_sa"), 0600);
	expect_mode(in_folder("ikev1_decryption_table"), 0600);
	expect_mode(in_folder("preferences"), 0600);
	f = fopen(in_folder("ikev1_decryption_table"), "r");
	if (T_TRUE(f != NULL)) {
		T_TRUE(fgets(text, sizeof(text), f) != NULL);
		fclose(f);
	}
	T_STR(text, "0100000000000000,02000000000000000000000000000000\n");
	remove_all();
}

static void
only_the_peer_that_was_named(void)
{
	struct capture_conf conf = {.file = in_folder("c"), .whom = "asa", .files = 1};
	struct path yes = path_of("192.0.2.1", 500, "198.51.100.7", 500);
	struct path no = path_of("192.0.2.1", 500, "198.51.101.7", 500);
	struct path elsewhere = path_of("192.0.2.2", 500, "198.51.100.7", 500);
	const uint8_t data[1] = {0};
	struct why w = {0};
	struct capture *c;

	T_TRUE(prefix_parse("198.51.100.0/24", &conf.peer));
	T_TRUE(prefix_parse("192.0.2.1", &conf.local));
	c = capture_open(&conf, &w);
	if (!T_TRUE(c != NULL))
		return;
	T_TRUE(capture_wants(c, &yes));
	T_TRUE(!capture_wants(c, &no));
	T_TRUE(!capture_wants(c, &elsewhere));
	capture_packet(c, &no, false, CHUNK(data, 1));
	capture_packet(c, &yes, false, CHUNK(data, 1));
	capture_packet(c, &elsewhere, false, CHUNK(data, 1));
	capture_close(c);
	T_EQ(read_back(in_folder("c"), &seen), 1);
	remove_all();
}

static void
rotates_by_size(void)
{
	static uint8_t data[900];
	struct path p = path_of("192.0.2.1", 500, "198.51.100.7", 500);
	struct capture *c = start(in_folder("c"), 2, 3); /* two packets each */
	struct capture_info info;
	struct stat st;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < 9; i++) {
		data[0] = (uint8_t)i;
		capture_packet(c, &p, false, CHUNK(data, sizeof(data)));
	}
	capture_flush(c);
	info = capture_info(c);
	T_EQ(info.packets, 9);
	T_EQ(info.rotated, 4);
	capture_close(c);
	/* The newest in FILE, the older ones behind it, no more than asked for, each one whole. */
	T_EQ(read_back(in_folder("c"), &seen), 1);
	T_EQ(seen.ip[28], 8);
	T_EQ(read_back(in_folder("c.1"), &seen), 2);
	T_EQ(seen.ip[28], 7);
	T_EQ(read_back(in_folder("c.2"), &seen), 2);
	T_EQ(seen.ip[28], 5);
	T_TRUE(stat(in_folder("c.3"), &st) != 0);
	expect_mode(in_folder("c.1"), 0600);
	if (stat(in_folder("c"), &st) == 0)
		T_TRUE(st.st_size <= 2048);
	remove_all();
	c = start(in_folder("c"), 2, 1);
	for (unsigned i = 0; i < 9 && c != NULL; i++) {
		data[0] = (uint8_t)i;
		capture_packet(c, &p, false, CHUNK(data, sizeof(data)));
	}
	capture_close(c);
	T_EQ(read_back(in_folder("c"), &seen), 1);
	T_EQ(seen.ip[28], 8);
	T_TRUE(stat(in_folder("c.1"), &st) != 0);
	remove_all();
}

/* An SA older than the capture: its key, and what Wireshark has to have seen of its Main Mode. */
static void
an_older_sa(void)
{
	const uint8_t cky_i[8] = {1}, cky_r[8] = {2}, key[32] = {3}, last[16] = {4, 5, 6};
	struct ike_key_info k = {.path = path_of("192.0.2.1", 4500, "198.51.100.7", 4500),
	    .cky_i = cky_i,
	    .cky_r = cky_r,
	    .cipher = alg_cipher_named("aes-256"),
	    .hash = alg_hash_named("sha256"),
	    .dh = alg_group_id(14),
	    .auth = 1,
	    .key = CHUNK(key, sizeof(key)),
	    .last_block = last};
	struct capture *c = start(in_folder("c"), 0, 1);
	struct stat st;

	if (c == NULL)
		return;
	capture_isakmp_sa(c, &k);
	capture_close(c);
	T_EQ(read_back(in_folder("c"), &seen), 5);
	T_TRUE(checksums_right(&seen));
	/* Marker, header, and the last block at the end of an encrypted message of ours. */
	T_EQ(seen.n, 28 + 4 + 28 + 16);
	T_EQ(u32(seen.ip + 28), 0);
	T_EQ(seen.ip[28 + 4 + 19], 1);
	T_EQ(u32(seen.ip + 28 + 4 + 24), 28 + 16);
	T_MEM(seen.ip + seen.n - 16, 16, last, sizeof(last));
	if (T_EQ(stat(in_folder("ikev1_decryption_table"), &st), 0))
		T_EQ(st.st_size, 16 + 1 + 64 + 1);
	remove_all();
}

struct sender {
	struct capture *c;
	pthread_t thread;
};

static void *
send_many(void *arg)
{
	const struct sender *s = arg;
	static const uint8_t data[100];
	struct path p = path_of("192.0.2.1", 500, "198.51.100.7", 500);

	for (unsigned i = 0; i < 1000; i++)
		capture_packet(s->c, &p, false, CHUNK(data, sizeof(data)));
	return NULL;
}

static void
workers_share_it(void)
{
	struct sender senders[4];
	struct capture *c = start(in_folder("c"), 0, 1);
	struct capture_info info;

	for (unsigned i = 0; i < 4; i++) {
		senders[i].c = c;
		T_EQ(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		pthread_join(senders[i].thread, NULL);
	capture_flush(c);
	info = capture_info(c);
	T_EQ(info.packets + info.lost, 4000);
	T_EQ(info.lost, 0);
	capture_close(c);
	T_EQ(read_back(in_folder("c"), &seen), 4000);
	remove_all();
}

/* ---- the place ---- */

static void
expect_refused(const char *file, const char *words)
{
	struct capture_conf conf = {.file = file, .whom = "all", .files = 3};
	struct why w = {0};
	struct capture *c = capture_open(&conf, &w);

	T_TRUE(c == NULL);
	capture_close(c);
	if (strstr(w.text, words) == NULL)
		T_FAIL("%s: \"%s\", want \"%s\"", file, w.text, words);
}

static void
unsafe_places_are_refused(void)
{
	char inside[128];
	struct stat st;

	expect_refused("c.pcapng", "an absolute path is wanted");
	expect_refused(in_folder(""), "a file's name is wanted");
	expect_refused("/tmp/c.pcapng", "others can write into that folder");
	expect_refused("/nonexistent/c.pcapng", "No such file or directory");
	expect_refused(in_folder("esp_sa"), "esp_sa is Wireshark's");
	T_EQ(chmod(folder, 0770), 0);
	expect_refused(in_folder("c"), "others can write into that folder");
	T_EQ(chmod(folder, 0707), 0);
	expect_refused(in_folder("c"), "others can write into that folder");
	snprintf(inside, sizeof(inside), "%s/other/c", folder);
	T_EQ(mkdir(in_folder("other"), 0700), 0);
	expect_refused(inside, "others can put another folder in its place");
	T_EQ(chmod(folder, 0700), 0);
	/* Nothing is left of what was refused. */
	T_TRUE(stat(in_folder("c"), &st) != 0);
	T_TRUE(stat(in_folder("esp_sa"), &st) != 0);
	if (geteuid() == 0) {
		T_EQ(chown(in_folder("other"), 1, 1), 0);
		expect_refused(inside, "others can write into that folder");
	}
	remove_all();
}

static void
nothing_is_written_over(void)
{
	struct stat st;
	FILE *f;

	T_EQ(symlink("/tmp/nowhere", in_folder("c")), 0);
	expect_refused(in_folder("c"), "c is there already");
	T_EQ(unlink(in_folder("c")), 0);
	f = fopen(in_folder("c.2"), "w"); /* rotation would take it */
	if (T_TRUE(f != NULL))
		fclose(f);
	expect_refused(in_folder("c"), "c.2 is there already");
	T_EQ(unlink(in_folder("c.2")), 0);
	/* A key file that leads elsewhere: the capture is taken back as well. */
	T_EQ(symlink("/tmp/nowhere", in_folder("esp_sa")), 0);
	expect_refused(in_folder("c"), "esp_sa");
	T_TRUE(stat(in_folder("c"), &st) != 0);
	remove_all();
}

/* The user's own settings stay. */
static void
preferences_are_left_alone(void)
{
	FILE *f = fopen(in_folder("preferences"), "w");
	char text[64] = "";

	if (T_TRUE(f != NULL)) {
		fputs("mine\n", f);
		fclose(f);
	}
	capture_close(start(in_folder("c"), 0, 1));
	f = fopen(in_folder("preferences"), "r");
	if (T_TRUE(f != NULL)) {
		T_TRUE(fgets(text, sizeof(text), f) != NULL);
		fclose(f);
	}
	T_STR(text, "mine\n");
	remove_all();
}

/* Nothing more can be written: said once, counted, and nobody waits. */
static void
a_full_disk(void)
{
	struct path p = path_of("192.0.2.1", 500, "198.51.100.7", 500);
	static uint8_t data[60000];
	struct rlimit before, small;
	struct capture_info info;
	struct capture *c;

	T_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){131072, before.rlim_max};
	T_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	c = start(in_folder("c"), 0, 1);
	for (unsigned i = 0; i < 10 && c != NULL; i++)
		capture_packet(c, &p, false, CHUNK(data, sizeof(data)));
	if (c != NULL) {
		capture_flush(c);
		info = capture_info(c);
		T_TRUE(info.failed != NULL);
		T_EQ(info.packets, 2);
		T_EQ(info.lost, 8);
	}
	capture_close(c);
	T_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
	remove_all();
}

int
main(void)
{
	if (mkdtemp(folder) == NULL) {
		printf("Bail out! no temporary folder\n");
		return 1;
	}
	T_RUN(headers_are_right);
	T_RUN(no_checksum_is_zero);
	T_RUN(bounds);
	T_RUN(both_ways_into_a_file);
	T_RUN(only_the_peer_that_was_named);
	T_RUN(rotates_by_size);
	T_RUN(an_older_sa);
	T_RUN(workers_share_it);
	T_RUN(unsafe_places_are_refused);
	T_RUN(nothing_is_written_over);
	T_RUN(preferences_are_left_alone);
	T_RUN(a_full_disk);
	remove_all();
	rmdir(folder);
	return T_DONE();
}
