/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frame pointers as most architectures have them. */
#include "unwind.h"

enum mo_arch_unwound mo_arch_by_frame_pointer(const struct mo_arch_memory *memory, struct mo_arch_frame *frame)
{
	struct mo_arch_frame caller = { .instruction = 0 };

	if (!frame->frame_pointer)
		return MO_UNWOUND_END;
	if (frame->frame_pointer % 8 || !memory->read_word(memory->context, frame->frame_pointer, &caller.frame_pointer) ||
	    !memory->read_word(memory->context, frame->frame_pointer + 8, &caller.instruction))
		return MO_UNWOUND_FAILED;
	caller.stack = frame->frame_pointer + 16;
	*frame = caller;
	return MO_UNWOUND_CALLER;
}
