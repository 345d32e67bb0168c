/* test_keyexport.c - the lines that Wireshark reads. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <sys/stat.h>
#include <unistd.h>

#include "io/keyexport.h"
#include "wire/isakmp.h"

static char folder[] = "/tmp/ikev1d-test-XXXXXX";
static char isakmp_path[96], esp_path[96];

static const char *
content(const char *path, char *buf, size_t n)
{
	FILE *f = fopen(path, "r");
	size_t k = f != NULL ? fread(buf, 1, n - 1, f) : 0;

	if (f != NULL)
		fclose(f);
	buf[k] = '\0';
	return buf;
}

static void
writes_isakmp_lines(void)
{
	const uint8_t cky[8] = {0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
	const uint8_t key[16] = {0xde, 0xad, 0xbe, 0xef};
	struct why w = {0};
	struct keyexport *k = keyexport_open(folder, &w);
	char text[512];
	struct stat st;

	if (!T_TRUE(k != NULL))
		return;
	keyexport_isakmp(k, cky, CHUNK(key, 16));
	keyexport_close(k);
	/* Opened again it goes on at the end. */
	k = keyexport_open(folder, &w);
	keyexport_isakmp(k, cky, CHUNK(key, 8));
	keyexport_close(k);
	T_STR(content(isakmp_path, text, sizeof(text)),
	    "0011223344556677,deadbeef000000000000000000000000\n"
	    "0011223344556677,deadbeef00000000\n");
	T_EQ(stat(isakmp_path, &st), 0);
	T_EQ(st.st_mode & 07777, 0600);
	T_EQ(stat(esp_path, &st), 0);
	T_EQ(st.st_mode & 07777, 0600);
}

static void
writes_both_directions(void)
{
	const uint8_t in[16] = {1, 2, 3}, out[16] = {4, 5, 6}, ain[20] = {7}, aout[20] = {8};
	struct child_keys c = {
	    .protocol = PROTO_ESP,
	    .cipher = alg_cipher_named("aes-128"),
	    .integ = alg_integ_named("sha1"),
	    .spi_in = 0x01a2b3c4,
	    .spi_out = 0xc0000001,
	    .enc_in = CHUNK(in, 16),
	    .enc_out = CHUNK(out, 16),
	    .auth_in = CHUNK(ain, 20),
	    .auth_out = CHUNK(aout, 20),
	};
	struct why w = {0};
	struct keyexport *k = keyexport_open(folder, &w);
	char text[2048];

	(void)addr_parse("10.0.0.1", &c.local.addr);
	(void)addr_parse("10.0.0.2", &c.remote.addr);
	keyexport_child(k, &c);
	keyexport_close(k);
	T_STR(content(esp_path, text, sizeof(text)),
	    "\"IPv4\",\"10.0.0.2\",\"10.0.0.1\",\"0x01a2b3c4\",\"AES-CBC [RFC3602]\","
	    "\"0x01020300000000000000000000000000\",\"HMAC-SHA-1-96 [RFC2404]\","
	    "\"0x0700000000000000000000000000000000000000\"\n"
	    "\"IPv4\",\"10.0.0.1\",\"10.0.0.2\",\"0xc0000001\",\"AES-CBC [RFC3602]\","
	    "\"0x04050600000000000000000000000000\",\"HMAC-SHA-1-96 [RFC2404]\","
	    "\"0x0800000000000000000000000000000000000000\"\n");
}

/* Wireshark reads over lines that begin with #. */
static void
what_wireshark_has_not_is_a_comment(void)
{
	struct child_keys c = {.protocol = PROTO_AH, .integ = alg_integ_named("sha1")};
	char before[2048], after[2048];
	struct why w = {0};
	struct keyexport *k = keyexport_open(folder, &w);
	size_t n;

	(void)content(esp_path, before, sizeof(before));
	keyexport_child(k, &c);
	keyexport_close(k);
	(void)content(esp_path, after, sizeof(after));
	n = strlen(before);
	T_EQ(strncmp(after, before, n), 0);
	T_EQ(strncmp(after + n, "# ", 2), 0);
	T_TRUE(strstr(after + n, "\n# ") != NULL);
	T_TRUE(strstr(after + n, "HMAC-SHA-1-96") != NULL);
}

static void
refuses_folders_and_links(void)
{
	struct why w = {0};

	T_TRUE(keyexport_open("/nowhere/at/all", &w) == NULL);
	T_TRUE(strstr(w.text, "/nowhere/at/all") != NULL);
	(void)unlink(esp_path);
	T_EQ(symlink("/dev/null", esp_path), 0);
	T_TRUE(keyexport_open(folder, &w) == NULL);
	T_TRUE(strstr(w.text, "esp_sa") != NULL);
	(void)unlink(esp_path);
	T_EQ(mkfifo(esp_path, 0600), 0);
	T_TRUE(keyexport_open(folder, &w) == NULL);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(isakmp_path, sizeof(isakmp_path), "%s/ikev1_decryption_table", folder);
	snprintf(esp_path, sizeof(esp_path), "%s/esp_sa", folder);
	T_RUN(writes_isakmp_lines);
	T_RUN(writes_both_directions);
	T_RUN(what_wireshark_has_not_is_a_comment);
	T_RUN(refuses_folders_and_links);
	(void)unlink(isakmp_path);
	(void)unlink(esp_path);
	rmdir(folder);
	return T_DONE();
}
