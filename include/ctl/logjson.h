/* ctl/logjson.h - a log line as a JSON object: for "format = json" and for monitor. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CTL_LOGJSON_H
#define CTL_LOGJSON_H

#include "base/log.h"

/*
 * {"time":"2026-01-02T03:04:05.678Z","level":"info","event":"FSM_TRANSITION","asa_id":715077,
 *  "group":"asa-hq","ip":"203.0.113.10","message":"MM_WAIT_MSG3, EV_RCV_MSG3 --> ..."}
 *
 * on one line; asa_id, group and ip only where there is one.  malloc'd; NULL when memory is out.
 */
log_json_fn logjson_format;

#endif
