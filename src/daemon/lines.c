/* lines.c - a list of lines: mistakes of a policy file, notes of a reload. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_local.h"

void
lines_add(void *ctx, const char *line)
{
	struct lines *l = ctx;
	char **text = realloc(l->text, (l->n + 2) * sizeof(*text));

	if (text == NULL)
		return;
	l->text = text;
	if ((text[l->n] = strdup(line)) != NULL)
		l->n++;
	text[l->n] = NULL;
}

void
lines_printf(struct lines *l, const char *fmt, ...)
{
	char line[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	lines_add(l, line);
}

const char *const *
lines_view(const struct lines *l)
{
	static const char *const none[] = {NULL};

	return l->text != NULL ? (const char *const *)l->text : none;
}

void
lines_fini(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->text[i]);
	free(l->text);
	*l = (struct lines){.text = NULL};
}
