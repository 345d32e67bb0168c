/* base/err.c - texts and notify numbers of the error space, and why(). */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	const char *name, *text;
	uint16_t    notify;
} errs[] = {
#define X(code, text, notify) [code] = {#code, text, notify},
	IKE_ERRS(X)
#undef X
};

const char *
err_text(enum ike_err e)
{
	return (size_t)e < ARRAY_LEN(errs) ? errs[e].text : "unknown error";
}

const char *
err_name(enum ike_err e)
{
	return (size_t)e < ARRAY_LEN(errs) ? errs[e].name : "IKE_E_?";
}

uint16_t
err_notify(enum ike_err e)
{
	return (size_t)e < ARRAY_LEN(errs) ? errs[e].notify : 0;
}

enum ike_err
why(struct why *w, enum ike_err code, const char *fmt, ...)
{
	va_list ap;

	if (w == NULL)
		return code;
	w->code = code;
	w->text[0] = '\0';
	va_start(ap, fmt);
	(void)vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	return code;
}
