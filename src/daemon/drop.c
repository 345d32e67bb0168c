/* drop.c - from root to an ordinary user, for ever; and no core files. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon_local.h"

#define USUAL_USER "ikev1d" /* made by the package; a checkout has none */
#define SPARE_USER "nobody"

#if defined(__SANITIZE_ADDRESS__)
#define LEAKS_ARE_LOOKED_FOR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKS_ARE_LOOKED_FOR 1
#endif
#endif

static void
identity_of(const struct passwd *pw, struct identity *id)
{
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	snprintf(id->name, sizeof(id->name), "%s", pw->pw_name);
}

static enum ike_err
whoever_we_are(struct identity *id)
{
	const struct passwd *pw = getpwuid(geteuid());

	*id = (struct identity){.uid = geteuid(), .gid = getegid()};
	snprintf(id->name, sizeof(id->name), "%u", (unsigned)geteuid());
	if (pw != NULL)
		snprintf(id->name, sizeof(id->name), "%s", pw->pw_name);
	return IKE_OK;
}

enum ike_err
drop_whom(const char *user, struct identity *id, char *note, size_t n, struct why *w)
{
	const struct passwd *pw;

	note[0] = '\0';
	if (geteuid() != 0 || user[0] == '\0' || strcmp(user, "root") == 0) {
		if (geteuid() == 0)
			snprintf(note, n, "stays root, as the policy's user says");
		return whoever_we_are(id);
	}
	pw = getpwnam(user);
	if (pw == NULL && strcmp(user, USUAL_USER) == 0 && (pw = getpwnam(SPARE_USER)) != NULL)
		snprintf(note, n,
		    "there is no user %s, so this runs as %s; useradd --system %s makes it",
		    USUAL_USER, SPARE_USER, USUAL_USER);
	if (pw == NULL)
		return why(w, IKE_E_CONF, "user \"%s\": there is no such user", user);
	if (pw->pw_uid == 0)
		return whoever_we_are(id);
	*id = (struct identity){.change = true};
	identity_of(pw, id);
	return IKE_OK;
}

/* What a service manager may have lent for the ports (CAP_NET_BIND_SERVICE) is needed no more. */
static void
capabilities_away(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)syscall(SYS_capset, &head, none);
}

/* Nobody gets back what was given up. */
static enum ike_err
verify(const struct identity *id, struct why *w)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	if (getresuid(&ru, &eu, &su) != 0 || getresgid(&rg, &eg, &sg) != 0)
		return why(w, IKE_E_SYS, "privileges: %s", strerror(errno));
	if (ru != id->uid || eu != id->uid || su != id->uid || rg != id->gid || eg != id->gid ||
	    sg != id->gid)
		return why(w, IKE_E_SYS, "privileges: still another user than %s", id->name);
	if (setuid(0) == 0 || setegid(0) == 0)
		return why(w, IKE_E_SYS, "privileges: root could be regained");
	return IKE_OK;
}

enum ike_err
drop_become(const struct identity *id, struct why *w)
{
	if (id->change &&
	    (setgroups(1, &id->gid) != 0 || setresgid(id->gid, id->gid, id->gid) != 0 ||
		setresuid(id->uid, id->uid, id->uid) != 0))
		return why(w, IKE_E_SYS, "cannot become user %s: %s", id->name, strerror(errno));
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (geteuid() == 0)
		return IKE_OK;
	capabilities_away();
	return id->change ? verify(id, w) : IKE_OK;
}

/* LeakSanitizer stops and reads its own process, which an undumpable one refuses. */
void
drop_core(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
#ifdef LEAKS_ARE_LOOKED_FOR
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#else
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
