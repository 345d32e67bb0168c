/* main.c - ikev1d: the command line. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon_local.h"

#define DEFAULT_FILE IKEV1D_SYSCONFDIR "/ikev1d/ikev1d.conf"
#define EXIT_USAGE   2

enum task { RUN, CHECK, PRINT };

static void
usage(FILE *f)
{
	fprintf(f,
	    "usage: ikev1d [-c FILE | --builtin] [--check | --print-policy]\n"
	    "       ikev1d --help | --version\n\n"
	    "  -c, --config FILE  the policy file (" DEFAULT_FILE ")\n"
	    "      --builtin      serve the built-in policy, log to stderr\n"
	    "      --check        read and check the policy, say its mistakes, and end\n"
	    "      --print-policy print the policy with all defaults, and end\n\n"
	    "It stays in the foreground.  See ikev1d(8); ikev1ctl(8) looks inside.\n");
}

static enum task
read_options(int argc, char *argv[], struct options *o)
{
	enum { BUILTIN = 256, CHECK_ONLY, PRINT_ONLY };
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"builtin", no_argument, NULL, BUILTIN},
	    {"check", no_argument, NULL, CHECK_ONLY},
	    {"print-policy", no_argument, NULL, PRINT_ONLY},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	enum task task = RUN;
	int c;

	o->program = argv[0];
	while ((c = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->file = optarg;
			break;
		case BUILTIN:
			o->builtin = true;
			break;
		case CHECK_ONLY:
			task = CHECK;
			break;
		case PRINT_ONLY:
			task = PRINT;
			break;
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("ikev1d " IKEV1D_VERSION);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc || (o->builtin && o->file != NULL)) {
		usage(stderr);
		exit(EXIT_USAGE);
	}
	if (o->file == NULL)
		o->file = DEFAULT_FILE;
	return task;
}

static void
print_line(void *ctx, const char *line)
{
	fprintf(ctx, "%s\n", line);
}

static int
check(const struct options *o, enum task task)
{
	struct lines mistakes = {.text = NULL};
	const struct policy *p = boot_policy(o, &mistakes);
	bool ok = p != NULL && avail_check(p, &mistakes);

	for (size_t i = 0; i < mistakes.n; i++)
		fprintf(stderr, "%s\n", mistakes.text[i]);
	if (ok && task == PRINT)
		policy_dump(p, print_line, stdout);
	else if (ok)
		printf("%s: OK\n", p->file);
	lines_fini(&mistakes);
	policy_unref(p);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char *argv[])
{
	struct options o = {.file = NULL};
	enum task task = read_options(argc, argv, &o);

	return task == RUN ? boot_run(&o) : check(&o, task);
}
