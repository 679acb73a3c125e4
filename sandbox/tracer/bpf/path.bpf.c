// SPDX-License-Identifier: GPL-2.0
/* Calls that act on names: rename, unlink, chmod and the like. */

#define AT_REMOVEDIR  0x200
#define MODE_DECISIVE 06111 /* setuid, setgid, executable */

__noinline int on_path(void)
{
	struct scratch *s = scratch();
	struct call_body *body;
	struct call *call;
	u64 file;
	u32 i;

	if (!s)
		return 0;
	call = &s->call;
	if (call->spec.operation == PATH_UNLINK && call->spec.dir1 &&
	    (call->args[2] & AT_REMOVEDIR))
		call->spec.operation = PATH_RMDIR;
	if (call->spec.operation == PATH_CHMOD &&
	    (argument(call, call->spec.values[0]) & MODE_DECISIVE) && call->result == 0)
		call->class = CLASS_DECISIVE;
	body = begin_call(s, RECORD_PATH);
	if (!body)
		return 0;
	if (call->spec.operation == PATH_TRUNCATE) {
		body->values[3] = argument(call, 2);
		/* 64 bits in two registers: truncate64 and ftruncate64. */
		if (call->compat && call->nr >= 193)
			body->values[3] |= argument(call, 3) << 32;
		body->present = 8;
	} else {
#pragma unroll
		for (i = 0; i < 3; i++) {
			if (!call->spec.values[i])
				continue;
			body->values[i] = (u32)argument(call, call->spec.values[i]);
			body->present |= 1 << i;
		}
	}
	append_arguments(s);
	if (call->spec.string)
		append_user_string(s, FIELD_NAME, argument(call, call->spec.string));
	if (call->spec.fd) {
		file = file_of(argument(call, call->spec.fd));
		if (file)
			append_file(file);
	}
	submit(s);
	return 0;
}
