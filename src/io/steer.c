/* steer.c - the classic-BPF program that finds a datagram's worker (io/udp.h). */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/filter.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "io_local.h"

#define MARKER 4 /* octets of the non-ESP marker, RFC 3948 2.2 */

#define STMT(c, v)	    ((struct sock_filter){.code = (c), .k = (uint32_t)(v)})
#define JUMP(c, v, t, f)    ((struct sock_filter){.code = (c), .jt = (t), .jf = (f), .k = (v)})
#define NET(offset)	    (SKF_NET_OFF + (offset)) /* in the IP header */

/* The source address, its words and halves folded into one number. */
static size_t
source_address(struct sock_filter *out, bool v6)
{
	size_t n = 0;

	out[n++] = STMT(BPF_LD | BPF_W | BPF_ABS, NET(v6 ? 8 : 12));
	for (int at = 12; v6 && at <= 20; at += 4) {
		out[n++] = STMT(BPF_MISC | BPF_TAX, 0);
		out[n++] = STMT(BPF_LD | BPF_W | BPF_ABS, NET(at));
		out[n++] = STMT(BPF_ALU | BPF_XOR | BPF_X, 0);
	}
	out[n++] = STMT(BPF_MISC | BPF_TAX, 0);
	out[n++] = STMT(BPF_ALU | BPF_RSH | BPF_K, 16);
	out[n++] = STMT(BPF_ALU | BPF_XOR | BPF_X, 0);
	return n;
}

/*
 * Offset 0 is the first octet after the UDP header.  A load behind the end of the datagram ends the
 * program with 0, which is worker 0: nothing else is needed for short ones.
 */
size_t
steer_program(struct sock_filter out[STEER_MAX], bool nat_t, bool v6, unsigned workers)
{
	const unsigned hdr = nat_t ? MARKER : 0, cky_r = hdr + 8;
	struct sock_filter source[STEER_MAX];
	size_t n = 0, skip = source_address(source, v6);

	if (nat_t) {
		out[n++] = STMT(BPF_LD | BPF_W | BPF_ABS, 0);
		out[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
		out[n++] = STMT(BPF_LD | BPF_B | BPF_ABS, 0);
		out[n++] = STMT(BPF_JMP | BPF_JA, skip + 6);
	}
	out[n++] = STMT(BPF_LD | BPF_W | BPF_ABS, cky_r);
	out[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint8_t)(skip + 3));
	out[n++] = STMT(BPF_LD | BPF_W | BPF_ABS, cky_r + 4);
	out[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint8_t)(skip + 1));
	for (size_t i = 0; i < skip; i++)
		out[n++] = source[i];
	out[n++] = STMT(BPF_JMP | BPF_JA, 1);
	out[n++] = STMT(BPF_LD | BPF_B | BPF_ABS, cky_r);
	out[n++] = STMT(BPF_ALU | BPF_MOD | BPF_K, workers);
	out[n++] = STMT(BPF_RET | BPF_A, 0);
	return n;
}

int
steer_attach(int fd, bool nat_t, bool v6, unsigned workers)
{
	struct sock_filter code[STEER_MAX];
	struct sock_fprog prog = {.filter = code};

	prog.len = (unsigned short)steer_program(code, nat_t, v6, workers);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog));
}
