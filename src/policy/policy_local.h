/*
 * policy/policy_local.h - the policy language as rows, and one load of a file under way.
 *
 * The way of a file: conf_file.c reads it, conf_scan.c takes the keys out of the text, conf_load.c
 * has libconfig parse the rest and walks the tree along the rows of conf_schema.c, conf_value.c
 * turns each value into a field, conf_check.c looks at what several keys say together.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLICY_LOCAL_H
#define POLICY_LOCAL_H

#include "base/names.h"
#include "policy/policy.h"

#define CONF_FILE_MAX	  (4u << 20) /* octets of a policy file */
#define CONF_KEY_MAX	  1024	     /* octets of a pre-shared key */
#define CONF_DEPTH_MAX	  32	     /* brackets within brackets */
#define CONF_MEMBERS_MAX  256	     /* keys of one group: libconfig searches them one by one */
#define CONF_MISTAKES_MAX 100	     /* lines reported of one file */

enum conf_type {
	CONF_BOOL,	/* bool */
	CONF_NUMBER,	/* uint8_t, uint16_t or uint32_t; words stand for some numbers */
	CONF_WORD,	/* an integer, one of words */
	CONF_FACILITY,	/* int, syslog's number of a word */
	/* char *, min to max octets; an empty one is NULL if min is 0 and def is 0 */
	CONF_TEXT,
	CONF_NAME,	/* char *, what may be a name */
	CONF_SECRET,	/* psk, psk_len of struct tunnel_group */
	CONF_SECRET_FILE, /* the same from a file of its own */
	CONF_PREFIX,	/* struct prefix */
	CONF_IDENT,	/* struct ident */
	CONF_ADDRESSES, /* addresses, count of struct policy_listen */
	CONF_IKE_CIPHERS, /* the lists of algorithms, one word or several */
	CONF_ESP_CIPHERS,
	CONF_HASHES,
	CONF_INTEGS,
	CONF_GROUPS,
	CONF_PFS,	/* pfs, pfs_groups of struct crypto_map_entry */
	CONF_POLICIES,	/* names of isakmp policies, resolved by conf_check() */
	CONF_SETS,	/* names of transform sets, likewise */
	/* faults, fault_count of struct tunnel_group; their sense is checked by whom it concerns */
	CONF_FAULTS,
	CONF_SECTION,	/* { }: sub, fields at off */
	CONF_LIST	/* ( { }, { } ): sub, each octets per element, min to max elements */
};

struct conf_item { /* a row; a table ends with .key == NULL */
	const char	       *key;
	enum conf_type		type;
	size_t			off, size; /* of the field in its struct */
	long			min, max, def;
	/* default of the types that are written as a string; NULL: none */
	const char	       *text;
	bool			need; /* no default: the key must be there */
	const struct name      *words;
	const struct conf_item *sub;
	size_t			each, count_off, line_off; /* CONF_LIST */
	const char	       *help;
};

extern const struct conf_item conf_top[];

/* Words of log.facility, ended by NULL; log_facility() knows their numbers. */
extern const char *const conf_facilities[];

/* ---- a load under way ---- */

struct conf_mark { /* a key that the file gives stands on this line */
	const void *field;
	int	    line;
};

struct conf_ref { /* a name to be resolved, in the order of the file */
	void	      *field;
	char	      *name;
	int	       line;
	enum conf_type type; /* CONF_POLICIES, CONF_SETS */
};

struct conf_key { /* a key as it stood in the text, not terminated */
	uint8_t *octets;
	size_t	 n;
};

struct conf {
	const char	 *file; /* its name in mistakes */
	policy_report_fn *report;
	void		 *ctx;
	unsigned	  mistakes, lines; /* found; reported, warnings included */
	bool		  sorted;	   /* marks are, by field */
	const char	 *section;	   /* "log." while its members are read */
	int		  key_line;	   /* of the first key in the text, 0: none */
	struct policy	 *policy;
	struct conf_key	 *keys;
	size_t		  key_count;
	struct conf_mark *marks;
	size_t		  mark_count;
	struct conf_ref	 *refs;
	size_t		  ref_count;
};

/* Report "FILE:LINE: ..." (line 0: "FILE: ...") and count it; a warning is no mistake. */
void conf_mistake(struct conf *, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
void conf_warning(struct conf *, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
void conf_nomem(struct conf *);

/* Close the report: how many mistakes were found beyond CONF_MISTAKES_MAX. */
void conf_report_end(struct conf *);

/* Remember, and look up (0: the default stands), the line of a field. */
void conf_mark(struct conf *, const void *field, int line);
int  conf_line(struct conf *, const void *field);

/*
 * conf_file.c: a regular file of at most max octets; NULL after a mistake.  secret_free() it, *n +
 * 1 octets, terminated.
 */
char *conf_read(struct conf *, int line, const char *file, size_t max, size_t *n, unsigned *mode);

/*
 * The path of a file named in a policy file: relative names count from its folder. NULL: out of
 * memory.
 */
char *conf_path(const char *policy_file, const char *name);

/* "chmod o-r FILE", FILE as a shell needs it, into buf; returns buf. */
const char *conf_chmod(const char *file, char *buf, size_t n);

/*
 * conf_scan.c: a copy of the text with comments and keys taken out, every line where it was, into
 * *clean; NULL after a mistake.  A key becomes a marker, conf_scan_key() finds it by that.
 */
char		*conf_scan(struct conf *, const char *text, size_t n);
struct conf_key *conf_scan_key(struct conf *, const char *marker);

enum conf_kind {
	CONF_K_NUMBER,
	CONF_K_FRACTION,
	CONF_K_BOOL,
	CONF_K_TEXT,
	CONF_K_LIST,
	CONF_K_GROUP
};

struct conf_value { /* a scalar of the tree, or a default */
	enum conf_kind kind;
	long long      number; /* and boolean */
	const char    *text;
	int	       line;
	bool	       listed; /* element of a list */
};

/*
 * conf_value.c: one value into its field; lists are put element by element. False after a mistake.
 */
bool conf_put(struct conf *, const struct conf_item *, void *owner, const struct conf_value *);
void conf_put_default(struct conf *, const struct conf_item *, void *owner);

/* May several values stand in a list for this row? */
bool conf_takes_list(const struct conf_item *);

/* Report that a value is not what its row wants: "KEY is IS, expected ...". */
void conf_wrong(struct conf *, int line, const struct conf_item *, const char *is);

/* "a string", "a number" ...: how mistakes name a kind. */
const char *conf_kind_name(enum conf_kind);

/* conf_check.c: rules across keys, references, what cannot be reached. */
void conf_check(struct conf *);

/*
 * conf_load.c: text of n octets (terminated) to a policy; NULL after a mistake. mode: of its file,
 * 0 if it has none.
 */
struct policy *conf_load(const char *text, size_t n, const char *file, unsigned mode,
    policy_report_fn *, void *ctx);

/* policy.c: a policy with one reference and nothing in it. */
struct policy *policy_new(const char *file);

#endif
