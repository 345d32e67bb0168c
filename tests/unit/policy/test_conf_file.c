/*
 * tests/unit/policy/test_conf_file.c - policy files and key files on disk: who may read them, what
 * they are.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "collect.h"
#include "policy_local.h"
#include "t.h"

#define P                                                                                           \
	"isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );\n" \
	"transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );\n"
#define KEY_HERE P "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; } );\n"
#define KEY_FILE P "tunnel_groups = ( { name = \"g\"; pre_shared_key_file = \"g.key\"; } );\n"

static struct folder dir;
static struct collect got;
static const char *const files[] = { "a.conf", "g.key", "b c.conf", NULL };

static struct policy *
load(const char *name)
{
	got.n = 0;
	got.text[0] = '\0';
	return policy_load(folder_file(&dir, name), collect_line, &got);
}

/* The one line reported is FILE and this. */
static void
refused(const char *name, const char *rest)
{
	struct policy *p = load(name);
	char want[1024];

	T_TRUE(p == NULL);
	policy_unref(p);
	snprintf(want, sizeof(want), "%s%s\n", folder_file(&dir, name), rest);
	T_STR(got.text, want);
}

static bool
put(const char *name, const char *text, mode_t mode)
{
	return T_TRUE(folder_write(&dir, name, text, strlen(text), mode));
}

static void
key_and_mode(void)
{
	static const mode_t fine[] = { 0600, 0640, 0660, 0400, 0440, 0641 };
	static const mode_t open_to_all[] = { 0644, 0604, 0666, 0755 };
	char rest[256];
	struct policy *p;

	for (size_t i = 0; i < ARRAY_LEN(fine) && put("a.conf", KEY_HERE, fine[i]); i++) {
		p = load("a.conf");
		T_TRUE(p != NULL);
		T_STR(got.text, "");
		policy_unref(p);
	}
	for (size_t i = 0; i < ARRAY_LEN(open_to_all) && put("a.conf", KEY_HERE, open_to_all[i]);
	     i++) {
		snprintf(rest, sizeof(rest),
		    ":3: the file holds a key and is readable by others (mode %04o), expected: chmod o-r %s",
		    open_to_all[i], folder_file(&dir, "a.conf"));
		refused("a.conf", rest);
	}
}

/* The command that is named does mend it. */
static void
chmod_mends(void)
{
	const char *command;
	struct policy *p;

	if (!put("b c.conf", KEY_HERE, 0644) || !T_TRUE(load("b c.conf") == NULL))
		return;
	command = strstr(got.text, "chmod ");
	if (!T_TRUE(command != NULL))
		return;
	T_EQ(system(command), 0);
	p = load("b c.conf");
	T_TRUE(p != NULL);
	policy_unref(p);
}

static void
mode_and_other_mistakes(void)
{
	char want[1024];

	if (!put("a.conf", "workers = 999;" KEY_HERE, 0644))
		return;
	T_TRUE(load("a.conf") == NULL);
	snprintf(want, sizeof(want),
	    "%s:1: workers is 999, expected a number from 0 to 256\n"
	    "%s:3: the file holds a key and is readable by others (mode 0644), expected: chmod o-r %s\n",
	    folder_file(&dir, "a.conf"), folder_file(&dir, "a.conf"), folder_file(&dir, "a.conf"));
	T_STR(got.text, want);
}

/* Octets of the key file, and what becomes of them. */
static void
key_file(void)
{
	static const struct {
		const char *file;
		size_t	    n;
		const char *key;
		size_t	    want;
	} rows[] = {
	    {"secret", 6, "secret", 6},
	    {"secret\n", 7, "secret", 6},
	    {"secret\r\n", 8, "secret", 6},
	    {"secret\n\n", 8, "secret\n", 7},
	    {" two words ", 11, " two words ", 11},
	    {"a\0b", 3, "a\0b", 3},
	};
	struct policy *p;

	if (!put("a.conf", KEY_FILE, 0644)) /* holds no key itself */
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		T_TRUE(folder_write(&dir, "g.key", rows[i].file, rows[i].n, 0640));
		p = load("a.conf");
		T_STR(got.text, "");
		if (T_TRUE(p != NULL))
			T_MEM(p->groups[0].psk, p->groups[0].psk_len, rows[i].key, rows[i].want);
		policy_unref(p);
	}
}

static void
key_file_mistakes(void)
{
	char rest[1024], key[1100], k[256];

	snprintf(k, sizeof(k), "%s", folder_file(&dir, "g.key"));
	if (!put("a.conf", KEY_FILE, 0644))
		return;
	put("g.key", "secret\n", 0644);
	snprintf(rest, sizeof(rest),
	    ":3: key file %s is readable by others (mode 0644), expected: chmod o-r %s", k, k);
	refused("a.conf", rest);
	put("g.key", "", 0600);
	snprintf(rest, sizeof(rest), ":3: key file %s holds a key of 0 octets, expected 1 to 1024",
	    k);
	refused("a.conf", rest);
	put("g.key", "\n", 0600);
	refused("a.conf", rest);
	memset(key, 'k', sizeof(key));
	key[1025] = '\0';
	put("g.key", key, 0600);
	snprintf(rest, sizeof(rest),
	    ":3: key file %s holds a key of 1025 octets, expected 1 to 1024", k);
	refused("a.conf", rest);
	key[1025] = 'k';
	key[1027] = '\0';
	put("g.key", key, 0600);
	snprintf(rest, sizeof(rest), ":3: key file %s has 1027 octets, expected at most 1026", k);
	refused("a.conf", rest);
	unlink(k);
	snprintf(rest, sizeof(rest),
	    ":3: key file %s cannot be opened: No such file or directory, expected a readable file",
	    k);
	refused("a.conf", rest);
}

static void
no_file(void)
{
	refused("missing",
	    ": cannot be opened: No such file or directory, expected a readable file");
	refused(".", ": is a directory, expected a file");
	T_TRUE(policy_load("/dev/null", collect_line, &got) == NULL);
	T_TRUE(strstr(got.text, "/dev/null: is not a regular file, expected one\n") != NULL);
}

static void
spoil_errno(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
	errno = EDOM;
}

/* Why a file could not be opened is left in errno, whatever the report did. */
static void
errno_says_why(void)
{
	errno = 0;
	T_TRUE(policy_load(folder_file(&dir, "missing"), spoil_errno, NULL) == NULL);
	T_EQ(errno, ENOENT);
}

/* Nothing is waited for: a pipe that nobody writes is refused at once. */
static void
fifo(void)
{
	const char *path = folder_file(&dir, "a.conf");

	unlink(path);
	if (T_EQ(mkfifo(path, 0600), 0))
		refused("a.conf", ": is not a regular file, expected one");
	unlink(path);
}

/* Root reads everything, so be somebody else for a moment. */
static void
unreadable(void)
{
	bool root = geteuid() == 0;

	if (!put("a.conf", KEY_HERE, 0000))
		return;
	if (root && !T_EQ(seteuid(65534), 0))
		return;
	refused("a.conf", ": cannot be opened: Permission denied, expected a readable file");
	if (root)
		T_EQ(seteuid(0), 0);
}

static void
too_large(void)
{
	if (!put("a.conf", "", 0600) ||
	    !T_EQ(truncate(folder_file(&dir, "a.conf"), CONF_FILE_MAX + 1), 0))
		return;
	refused("a.conf", ": has 4194305 octets, expected at most 4194304");
}

static void
empty(void)
{
	if (!put("a.conf", "", 0644))
		return;
	T_TRUE(load("a.conf") == NULL);
	T_TRUE(strstr(got.text, ":1: no isakmp_policies in the policy file") != NULL);
}

static void
chmod_words(void)
{
	char buf[64];

	T_STR(conf_chmod("/etc/ikev1d/ikev1d.conf", buf, sizeof(buf)),
	    "chmod o-r /etc/ikev1d/ikev1d.conf");
	T_STR(conf_chmod("my file", buf, sizeof(buf)), "chmod o-r 'my file'");
	T_STR(conf_chmod("-c", buf, sizeof(buf)), "chmod o-r -- -c");
}

int
main(void)
{
	if (!folder_make(&dir)) {
		printf("Bail out! no folder under /tmp: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	T_RUN(key_and_mode);
	T_RUN(chmod_mends);
	T_RUN(mode_and_other_mistakes);
	T_RUN(key_file);
	T_RUN(key_file_mistakes);
	T_RUN(no_file);
	T_RUN(errno_says_why);
	T_RUN(fifo);
	T_RUN(unreadable);
	T_RUN(too_large);
	T_RUN(empty);
	T_RUN(chmod_words);
	folder_remove(&dir, files);
	return T_DONE();
}
