/* keyexport.c - session keys in the format of Wireshark's tables. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/keyexport.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hexdump.h"
#include "base/log.h"
#include "base/secret.h"
#include "wire/isakmp.h"

#define LINE_MAX_OCTETS 1024

struct keyexport {
	pthread_mutex_t lock;
	int		isakmp, esp;
	bool		complained;
};

static int
open_table(const char *folder, const char *name, struct why *w)
{
	char path[4096];
	struct stat st;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
		(void)why(w, IKE_E_CONF, "key_export %s: name too long", folder);
		return -1;
	}
	fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || fchmod(fd, 0600) != 0) {
		(void)why(w, IKE_E_SYS, "key_export %s: %s", path,
		    fd >= 0 && !S_ISREG(st.st_mode) ? "not a regular file" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

struct keyexport *
keyexport_open(const char *folder, struct why *w)
{
	struct keyexport *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		(void)why(w, IKE_E_NOMEM, "key export");
		return NULL;
	}
	pthread_mutex_init(&k->lock, NULL);
	k->esp = -1;
	k->isakmp = open_table(folder, "ikev1_decryption_table", w);
	if (k->isakmp >= 0)
		k->esp = open_table(folder, "esp_sa", w);
	if (k->esp < 0) {
		keyexport_close(k);
		return NULL;
	}
	return k;
}

void
keyexport_close(struct keyexport *k)
{
	if (k == NULL)
		return;
	if (k->isakmp >= 0)
		close(k->isakmp);
	if (k->esp >= 0)
		close(k->esp);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

void
keyexport_chown(struct keyexport *k, unsigned uid, unsigned gid)
{
	if (fchown(k->isakmp, uid, gid) != 0 || fchown(k->esp, uid, gid) != 0)
		LOG(DAEMON_ERROR, NULL, "key export: chown: %s", strerror(errno));
}

/* One write for the whole line; what stood in the buffer is wiped. */
static void
append(struct keyexport *k, int fd, char *line, size_t n)
{
	bool failed, first;
	int e;

	pthread_mutex_lock(&k->lock);
	failed = write(fd, line, n) != (ssize_t)n;
	e = errno;
	first = failed && !k->complained;
	k->complained = k->complained || failed;
	pthread_mutex_unlock(&k->lock);
	secret_wipe_mem(line, n);
	if (first)
		LOG(DAEMON_ERROR, NULL, "key export: cannot write: %s", strerror(e));
}

void
keyexport_isakmp(struct keyexport *k, const uint8_t *cky_i, struct chunk key)
{
	char line[LINE_MAX_OCTETS], cookie[17], hex[2 * ALG_MAX_KEY + 1];
	int n;

	if (key.n > ALG_MAX_KEY)
		return;
	n = snprintf(line, sizeof(line), "%s,%s\n",
	    hexdump_line(CHUNK(cky_i, 8), cookie, sizeof(cookie)),
	    hexdump_line(key, hex, sizeof(hex)));
	append(k, k->isakmp, line, (size_t)n);
	secret_wipe_mem(hex, sizeof(hex));
}

/* "0x..." or nothing at all */
static const char *
key_text(struct chunk key, char *buf, size_t n)
{
	buf[0] = '\0';
	if (key.n == 0 || n < 2 * key.n + 3)
		return buf;
	memcpy(buf, "0x", 3);
	(void)hexdump_line(key, buf + 2, n - 2);
	return buf;
}

/* Wireshark decrypts ESP only, and only what it has a name for: the rest stands in comments. */
static bool
known(const struct child_keys *c)
{
	return c->protocol == PROTO_ESP && c->cipher != NULL && c->cipher->wireshark != NULL &&
	    (c->integ == NULL || c->integ->wireshark != NULL);
}

static const char *
cipher_name(const struct child_keys *c)
{
	if (c->cipher == NULL)
		return "AH";
	return c->cipher->wireshark != NULL ? c->cipher->wireshark : c->cipher->label;
}

static const char *
integ_name(const struct child_keys *c)
{
	if (c->integ == NULL)
		return "NULL";
	return c->integ->wireshark != NULL ? c->integ->wireshark : c->integ->label;
}

static void
esp_line(struct keyexport *k, const struct child_keys *c, bool in)
{
	const struct addr *src = in ? &c->remote.addr : &c->local.addr;
	const struct addr *dst = in ? &c->local.addr : &c->remote.addr;
	char line[LINE_MAX_OCTETS], from[ADDR_TEXT], to[ADDR_TEXT];
	char enc[2 * ALG_MAX_KEY + 3], auth[2 * ALG_MAX_KEY + 3];
	int n;

	n = snprintf(line, sizeof(line),
	    "%s\"%s\",\"%s\",\"%s\",\"0x%08x\",\"%s\",\"%s\",\"%s\",\"%s\"\n", known(c) ? "" : "# ",
	    src->family == ADDR_V6 ? "IPv6" : "IPv4", addr_print(src, from, sizeof(from)),
	    addr_print(dst, to, sizeof(to)), in ? c->spi_in : c->spi_out, cipher_name(c),
	    key_text(in ? c->enc_in : c->enc_out, enc, sizeof(enc)), integ_name(c),
	    key_text(in ? c->auth_in : c->auth_out, auth, sizeof(auth)));
	append(k, k->esp, line, (size_t)n);
	secret_wipe_mem(enc, sizeof(enc));
	secret_wipe_mem(auth, sizeof(auth));
}

void
keyexport_child(struct keyexport *k, const struct child_keys *c)
{
	esp_line(k, c, true);
	esp_line(k, c, false);
}
