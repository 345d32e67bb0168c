/* tests/unit/base/test_err.c - the error space. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

static void
texts(void)
{
	T_STR(err_text(IKE_OK), "success");
	T_STR(err_text(IKE_E_LENGTH), "header length and datagram differ");
	T_STR(err_name(IKE_E_SHORT), "IKE_E_SHORT");
	T_STR(err_text((enum ike_err)9999), "unknown error");
	T_STR(err_name((enum ike_err)9999), "IKE_E_?");
}

/* RFC 2408 3.14.1 */
static void
notifies(void)
{
	T_EQ(err_notify(IKE_OK), 0);
	T_EQ(err_notify(IKE_E_SILENT), 0);
	T_EQ(err_notify(IKE_E_COOKIE), 4);
	T_EQ(err_notify(IKE_E_NO_PROPOSAL), 14);
	T_EQ(err_notify(IKE_E_BAD_PROPOSAL), 15);
	T_EQ(err_notify(IKE_E_SYNTAX), 16);
	T_EQ(err_notify(IKE_E_AUTH), 24);
	T_EQ(err_notify(IKE_E_LENGTH), 30);
	T_EQ(err_notify((enum ike_err)9999), 0);
}

static void
why_records(void)
{
	struct why w = {0};

	T_ERR(why(&w, IKE_E_BAD_KE, "%u octets, group wants %u", 96, 128), IKE_E_BAD_KE);
	T_EQ(w.code, IKE_E_BAD_KE);
	T_STR(w.text, "96 octets, group wants 128");
	T_ERR(why(NULL, IKE_E_AUTH, "nobody asks"), IKE_E_AUTH);
}

static void
why_cuts(void)
{
	struct why w;

	T_ERR(why(&w, IKE_E_CONF, "%0*d", 5000, 7), IKE_E_CONF);
	T_EQ(strlen(w.text), sizeof(w.text) - 1);
	T_EQ(strspn(w.text, "0"), sizeof(w.text) - 1);
}

int
main(void)
{
	T_RUN(texts);
	T_RUN(notifies);
	T_RUN(why_records);
	T_RUN(why_cuts);
	return T_DONE();
}
