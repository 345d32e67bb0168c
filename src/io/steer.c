/* steer.c - the classic-BPF program that finds a datagram's worker (io/udp.h). */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/socket.h>

#include "base/compiler.h"
#include "io_local.h"

#define MARKER 4 /* octets of the non-ESP marker, RFC 3948 2.2 */

/*
 * Offset 0 is the first octet after the UDP header.  A load behind the end of the datagram ends the
 * program with 0, which is worker 0: nothing else is needed for short ones.
 */
size_t
steer_program(struct sock_filter out[STEER_MAX], bool nat_t, unsigned workers)
{
	const unsigned hdr = nat_t ? MARKER : 0, cky_r = hdr + 8;
	size_t n = 0;

	if (nat_t) {
		out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
		out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
		out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0);
		out[n++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 7);
	}
	out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, cky_r);
	out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4);
	out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, cky_r + 4);
	out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
	out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, cky_r - 1);
	out[n++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1);
	out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, cky_r);
	out[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers);
	out[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return n;
}

int
steer_attach(int fd, bool nat_t, unsigned workers)
{
	struct sock_filter code[STEER_MAX];
	struct sock_fprog prog = {.filter = code};

	prog.len = (unsigned short)steer_program(code, nat_t, workers);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog));
}
