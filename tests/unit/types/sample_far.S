/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DWARF 5 of two units, the second of which refers to a type of the first (DW_FORM_ref_addr), as link-time
 * optimisation writes it: struct far { int near; struct far *self; }.
 */
	.section .debug_abbrev,"",%progbits
.Labbrev:
	.uleb128 1			/* unit: DW_TAG_compile_unit, children, DW_AT_language data1 */
	.uleb128 0x11
	.byte 1
	.uleb128 0x13, 0x0b, 0, 0
	.uleb128 2			/* DW_TAG_base_type: byte_size data1, encoding data1, name string */
	.uleb128 0x24
	.byte 0
	.uleb128 0x0b, 0x0b, 0x3e, 0x0b, 0x03, 0x08, 0, 0
	.uleb128 3			/* DW_TAG_structure_type, children: name strp, byte_size data1 */
	.uleb128 0x13
	.byte 1
	.uleb128 0x03, 0x0e, 0x0b, 0x0b, 0, 0
	.uleb128 4			/* DW_TAG_member: name strp, type ref_addr, data_member_location data1 */
	.uleb128 0x0d
	.byte 0
	.uleb128 0x03, 0x0e, 0x49, 0x10, 0x38, 0x0b, 0, 0
	.uleb128 5			/* DW_TAG_pointer_type: byte_size data1, type ref4 */
	.uleb128 0x0f
	.byte 0
	.uleb128 0x0b, 0x0b, 0x49, 0x13, 0, 0
	.byte 0

	.section .debug_str,"MS",%progbits,1
.Lfar:
	.string "far_away"
.Lnear:
	.string "near"
.Lself:
	.string "self"

	.section .debug_info,"",%progbits
.Linfo:
	.4byte .Lfirst_end - .Lfirst
.Lfirst:
	.2byte 5
	.byte 1, 8
	.4byte .Labbrev
	.uleb128 1
	.byte 0x1d			/* DW_LANG_C11 */
.Lint:
	.uleb128 2
	.byte 4, 5
	.string "int"
	.byte 0
.Lfirst_end:
.Lunit:
	.4byte .Lsecond_end - .Lsecond
.Lsecond:
	.2byte 5
	.byte 1, 8
	.4byte .Labbrev
	.uleb128 1
	.byte 0x1d
.Lstruct:
	.uleb128 3
	.4byte .Lfar
	.byte 16
	.uleb128 4
	.4byte .Lnear
	.4byte .Lint - .Linfo
	.byte 0
	.uleb128 4
	.4byte .Lself
	.4byte .Lpointer - .Linfo
	.byte 8
	.byte 0
.Lpointer:
	.uleb128 5
	.byte 8
	.4byte .Lstruct - .Lunit
	.byte 0
.Lsecond_end:
