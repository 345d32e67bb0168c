/*
 * tests/unit/policy/test_policy.c - snapshots: shared by count, gone without a trace of their keys.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <sys/mman.h>

#include "base/secret.h"
#include "collect.h"
#include "t.h"

#define REST                                                                                        \
	"isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );\n" \
	"transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );\n"

static struct collect got;

static void
refs(void)
{
	struct policy *p = policy_builtin(collect_line, &got), *q;

	if (!T_TRUE(p != NULL))
		return;
	T_EQ(atomic_load(&p->refs), 1);
	q = policy_ref(p);
	T_TRUE(q == p);
	T_EQ(atomic_load(&p->refs), 2);
	policy_unref(p);
	T_EQ(atomic_load(&q->refs), 1);
	T_STR(q->file, "built-in policy"); /* still there; the sanitizer would tell */
	policy_unref(q);
}

static void
null_is_fine(void)
{
	T_TRUE(policy_ref(NULL) == NULL);
	policy_unref(NULL);
}

static void *
share(void *arg)
{
	for (int i = 0; i < 20000; i++)
		policy_unref(policy_ref(arg));
	policy_unref(arg);
	return NULL;
}

static void
refs_between_threads(void)
{
	struct policy *p = policy_builtin(collect_line, &got);
	pthread_t t[2];
	int started = 0;

	if (!T_TRUE(p != NULL))
		return;
	for (int i = 0; i < 2; i++)
		started += pthread_create(&t[started], NULL, share, policy_ref(p)) == 0;
	T_EQ(started, 2);
	for (int i = 0; i < started; i++)
		pthread_join(t[i], NULL);
	T_EQ(atomic_load(&p->refs), 1);
	policy_unref(p);
}

/* ---- what is left in memory ---- */

#define MASK   0x5a /* so that what we look for is not itself found */
#define WINDOW (1u << 20)

struct window {
	uint8_t *octets;
	size_t	 n;
};

static bool
found_at(const uint8_t *p, const uint8_t *masked, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] ^ MASK) != masked[i])
			return false;
	return true;
}

/* Copies in one region of memory; windows overlap, so that none is cut in two. */
static unsigned
copies_in(int mem, uintptr_t from, uintptr_t to, const uint8_t *masked, size_t n, struct window *w)
{
	unsigned copies = 0;
	ssize_t have;

	while (from < to) {
		have = pread(mem, w->octets, to - from < w->n ? to - from : w->n, (off_t)from);
		if (have < (ssize_t)n)
			break;
		for (const uint8_t *p = w->octets, *end = p + (size_t)have - n + 1;
		     p < end && (p = memchr(p, masked[0] ^ MASK, (size_t)(end - p))) != NULL; p++)
			copies += found_at(p, masked, n);
		from += (size_t)have - (n - 1);
		if ((size_t)have < w->n)
			break;
	}
	memset(w->octets, 0, w->n);
	return copies;
}

/* Copies of a key in all memory that the process can write, freed memory included. */
static unsigned
copies_of(const uint8_t *masked, size_t n)
{
	struct window w = { .n = WINDOW };
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	unsigned copies = 0;
	char line[512], mode[8];

	w.octets = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	while (maps != NULL && mem >= 0 && w.octets != MAP_FAILED &&
	    fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' ||
		    mode[1] != 'w')
			continue;
		/* Not the window, and not the sanitizer's shadow. */
		if ((from <= (uintptr_t)w.octets && (uintptr_t)w.octets < to) ||
		    to - from > (256ul << 20))
			continue;
		copies += copies_in(mem, from, to, masked, n, &w);
	}
	T_TRUE(maps != NULL && mem >= 0 && w.octets != MAP_FAILED);
	munmap(w.octets, WINDOW);
	if (maps != NULL)
		fclose(maps);
	close(mem);
	return copies;
}

static uint8_t masked_key[64];

/* The allocator writes its own over the first octets of what was freed: look for the rest. */
#define REST_OF_KEY masked_key + 32, sizeof(masked_key) - 32

/* A key that is nowhere else, known to us only in disguise. */
static void
make_key(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(masked_key); i++) {
		x = x * 1664525 + 1013904223;
		masked_key[i] = (uint8_t)(('A' + (x >> 24) % 26) ^ MASK);
	}
}

/* A policy file that holds the key, or, with the key file, that names it. */
static bool
write_files(const struct folder *dir, bool in_file_of_its_own)
{
	char text[1024];
	size_t n, at;
	bool ok;

	n = (size_t)snprintf(text, sizeof(text), "%stunnel_groups = ( { name = \"g\"; %s = \"",
	    REST, in_file_of_its_own ? "pre_shared_key_file" : "pre_shared_key");
	at = in_file_of_its_own ? 0 : n;
	if (in_file_of_its_own) {
		memcpy(text + n, "g.key\"; } );\n", 14);
		ok = folder_write(dir, "a.conf", text, n + 13, 0600);
	}
	for (size_t i = 0; i < sizeof(masked_key); i++)
		text[at + i] = (char)(masked_key[i] ^ MASK);
	if (in_file_of_its_own) {
		ok = ok && folder_write(dir, "g.key", text, sizeof(masked_key), 0600);
	} else {
		memcpy(text + at + sizeof(masked_key), "\"; } );\n", 9);
		ok = folder_write(dir, "a.conf", text, at + sizeof(masked_key) + 8, 0600);
	}
	secret_wipe_mem(text, sizeof(text));
	return ok;
}

static void
wiped(bool in_file_of_its_own)
{
	static const char *const files[] = { "a.conf", "g.key", NULL };
	struct folder dir;
	struct policy *p;

	make_key();
	got.n = 0;
	got.text[0] = '\0';
	if (!T_TRUE(folder_make(&dir)))
		return;
	T_TRUE(write_files(&dir, in_file_of_its_own));
	T_EQ(copies_of(REST_OF_KEY), 0);
	p = policy_load(folder_file(&dir, "a.conf"), collect_line, &got);
	T_STR(got.text, "");
	if (T_TRUE(p != NULL)) {
		T_EQ(copies_of(REST_OF_KEY), 1);
		policy_dump(p, collect_line, &got);
		T_EQ(copies_of(REST_OF_KEY), 1);
		T_EQ(found_at(p->groups[0].psk, masked_key, sizeof(masked_key)), true);
	}
	policy_unref(p);
	T_EQ(copies_of(REST_OF_KEY), 0);
	folder_remove(&dir, files);
}

static void
key_in_the_text_is_wiped(void)
{
	wiped(false);
}

static void
key_in_a_file_is_wiped(void)
{
	wiped(true);
}

/* A file that is refused leaves no key behind either. */
static void
refused_is_wiped(void)
{
	static const char *const files[] = { "a.conf", NULL };
	struct folder dir;

	make_key();
	got.n = 0;
	if (!T_TRUE(folder_make(&dir)) || !T_TRUE(write_files(&dir, false)))
		return;
	T_EQ(chmod(folder_file(&dir, "a.conf"), 0644), 0);
	T_TRUE(policy_load(folder_file(&dir, "a.conf"), collect_line, &got) == NULL);
	T_TRUE(got.n > 0);
	T_EQ(copies_of(REST_OF_KEY), 0);
	folder_remove(&dir, files);
}

int
main(void)
{
	T_RUN(refs);
	T_RUN(null_is_fine);
	T_RUN(refs_between_threads);
	T_RUN(key_in_the_text_is_wiped);
	T_RUN(key_in_a_file_is_wiped);
	T_RUN(refused_is_wiped);
	return T_DONE();
}
