/* test_unixsock.c - the control socket's file. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/unixsock.h"

#define ANY ((uid_t)-1), ((gid_t)-1)

static char folder[] = "/tmp/ikev1d-test-XXXXXX";
static char inner[64], path[96];

static int
dial(const char *p)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", p);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
makes_folder_and_socket(void)
{
	struct why w = {0};
	struct stat st;
	int fd = unixsock_listen(path, ANY, &w), client;

	if (!T_TRUE(fd >= 0)) {
		T_FAIL("%s", w.text);
		return;
	}
	T_EQ(stat(path, &st), 0);
	T_TRUE(S_ISSOCK(st.st_mode));
	T_EQ(st.st_mode & 07777, 0660);
	client = dial(path);
	T_TRUE(client >= 0);
	T_EQ(unixsock_peer_uid(client), getuid());
	close(client);
	close(fd);
}

static void
gives_it_to_another_owner(void)
{
	struct why w = {0};
	struct stat st;
	int fd;

	if (getuid() != 0) {
		T_SKIP("needs root");
		return;
	}
	(void)unlink(path);
	fd = unixsock_listen(path, 65534, 65534, &w);
	T_TRUE(fd >= 0);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_uid, 65534);
	T_EQ(st.st_gid, 65534);
	close(fd);
	(void)unlink(path);
}

static void
replaces_a_stale_one(void)
{
	struct why w = {0};
	int fd = unixsock_listen(path, ANY, &w), again;

	T_TRUE(fd >= 0);
	close(fd); /* the file stays */
	T_EQ(dial(path), -1);
	again = unixsock_listen(path, ANY, &w);
	T_TRUE(again >= 0);
	T_TRUE((fd = dial(path)) >= 0);
	close(fd);
	close(again);
}

static void
refuses_a_living_one(void)
{
	struct why w = {0};
	int fd = unixsock_listen(path, ANY, &w);

	T_TRUE(fd >= 0);
	T_EQ(unixsock_listen(path, ANY, &w), -1);
	T_TRUE(strstr(w.text, "another ikev1d answers on") != NULL);
	T_TRUE(strstr(w.text, path) != NULL);
	close(fd);
}

static void
refuses_another_file(void)
{
	struct why w = {0};
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	T_EQ(unixsock_listen(path, ANY, &w), -1);
	T_TRUE(strstr(w.text, "no socket") != NULL);
	T_EQ(access(path, F_OK), 0);
	(void)unlink(path);
}

static void
refuses_what_cannot_be(void)
{
	char longer[200];
	struct why w = {0};

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	T_EQ(unixsock_listen(longer, ANY, &w), -1);
	T_TRUE(strstr(w.text, "longer than") != NULL);
	T_EQ(unixsock_listen("/nowhere/at/all/control.sock", ANY, &w), -1);
	T_TRUE(strstr(w.text, "/nowhere/at/all") != NULL);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(inner, sizeof(inner), "%s/run", folder);
	snprintf(path, sizeof(path), "%s/control.sock", inner);
	T_RUN(makes_folder_and_socket);
	T_RUN(gives_it_to_another_owner);
	T_RUN(replaces_a_stale_one);
	T_RUN(refuses_a_living_one);
	T_RUN(refuses_another_file);
	T_RUN(refuses_what_cannot_be);
	(void)unlink(path);
	rmdir(inner);
	rmdir(folder);
	return T_DONE();
}
