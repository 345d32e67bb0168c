/* main.c - ikev1ctl: one command to the daemon, its answer as text or JSON. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli_local.h"

#define WORDS_MAX 32 /* words of a command */

struct options {
	const char *socket;
	bool	    json;
	char	   *words[WORDS_MAX]; /* the command, its own options among them */
	int	    count;
};

static void
usage(FILE *f)
{
	fprintf(f,
	    "usage: ikev1ctl [-s SOCKET] [--json] COMMAND ...\n"
	    "       ikev1ctl --help | --version\n\n"
	    "commands:\n");
	text_commands(f);
	fprintf(f,
	    "\nPEER is an address, the name of a tunnel group, or \"all\".\n"
	    "See ikev1ctl(8).\n");
}

static void
bad_usage(void)
{
	usage(stderr);
	exit(CLI_USAGE);
}

static void
add_word(struct options *o, char *word)
{
	if (o->count == WORDS_MAX)
		bad_usage();
	o->words[o->count++] = word;
}

/*
 * Options stand anywhere; what is left is the command, with the long options that are not ours:
 * they belong to it.
 */
static void
read_options(int argc, char *argv[], struct options *o)
{
	static const struct option longs[] = {
	    {"socket", required_argument, NULL, 's'},
	    {"json", no_argument, NULL, 'j'},
	    {"ascii", no_argument, NULL, 'a'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "-s:jhV", longs, NULL)) != -1) {
		switch (c) {
		case 1:
			add_word(o, optarg);
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 'a':
			ladder_ascii(true);
			break;
		case 'h':
			usage(stdout);
			exit(CLI_OK);
		case 'V':
			puts("ikev1ctl " IKEV1D_VERSION);
			exit(CLI_OK);
		default:
			if (optopt != 0 || strncmp(argv[optind - 1], "--", 2) != 0)
				bad_usage();
			add_word(o, argv[optind - 1]);
			break;
		}
	}
	while (optind < argc)
		add_word(o, argv[optind++]);
}

static void
print_json(const json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
}

/* Lines until the daemon or the reader of our output goes away. */
static enum cli_exit
follow(struct talk *t, const struct options *o)
{
	json_t *event;

	while ((event = talk_receive(t)) != NULL) {
		if (o->json)
			print_json(event);
		else
			text_event(stdout, event);
		json_decref(event);
		if (fflush(stdout) != 0)
			return CLI_OK;
	}
	fprintf(stderr, "ikev1ctl: the daemon closed the connection\n");
	return CLI_UNREACHABLE;
}

static enum cli_exit
converse(struct talk *t, const json_t *request, const struct options *o)
{
	const char *command = json_string_value(json_object_get(request, "command"));
	enum cli_exit status;
	json_t *reply = NULL;

	if (talk_send(t, request))
		reply = talk_receive(t);
	if (reply == NULL) {
		fprintf(stderr, "ikev1ctl: %s: no answer, or none that can be read\n", t->path);
		return CLI_UNREACHABLE;
	}
	status = text_status(reply);
	if (o->json)
		print_json(reply);
	else
		status = text_print(stdout, stderr, reply);
	json_decref(reply);
	fflush(stdout);
	if (status == CLI_OK && strcmp(command, proto_table[PROTO_C_MONITOR].words) == 0)
		status = follow(t, o);
	return status;
}

/* A script that asked for JSON gets its refusals as JSON, too, as the daemon gives them. */
static void
refuse_usage(const struct options *o, const char *error)
{
	json_t *reply;

	fprintf(stderr, "ikev1ctl: %s\n", error);
	if (!o->json)
		return;
	reply = json_pack("{s:b, s:s, s:b}", "ok", 0, "error", error, "usage", 1);
	if (reply != NULL)
		print_json(reply);
	json_decref(reply);
}

int
main(int argc, char *argv[])
{
	struct options o = {.socket = NULL};
	enum cli_exit status;
	char error[512];
	struct talk t;
	json_t *request;

	read_options(argc, argv, &o);
	if (o.count == 0)
		bad_usage();
	request = proto_request(o.count, o.words, error, sizeof(error));
	if (request == NULL) {
		refuse_usage(&o, error);
		return CLI_USAGE;
	}
	if (!o.json && strcmp(o.words[0], proto_table[PROTO_C_HELP].words) == 0) {
		usage(stdout);
		json_decref(request);
		return CLI_OK;
	}
	if (!talk_open(&t, o.socket)) {
		json_decref(request);
		return CLI_UNREACHABLE;
	}
	status = converse(&t, request, &o);
	talk_close(&t);
	json_decref(request);
	return status;
}
