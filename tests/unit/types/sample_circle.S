/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DWARF 5 of a unit whose second struct says that its next sibling is itself (DW_AT_sibling): whoever follows that
 * without looking goes round for ever.
 */
	.section .debug_abbrev,"",%progbits
.Labbrev:
	.uleb128 1			/* unit: DW_TAG_compile_unit, children, DW_AT_language data1 */
	.uleb128 0x11
	.byte 1
	.uleb128 0x13, 0x0b, 0, 0
	.uleb128 2			/* DW_TAG_structure_type, children: name strp, byte_size data1, sibling ref4 */
	.uleb128 0x13
	.byte 1
	.uleb128 0x03, 0x0e, 0x0b, 0x0b, 0x01, 0x13, 0, 0
	.byte 0

	.section .debug_str,"MS",%progbits,1
.Lonce:
	.string "once"
.Lround:
	.string "round"
.Lnever:
	.string "never"

	.section .debug_info,"",%progbits
.Lunit:
	.4byte .Lend - .Lhead
.Lhead:
	.2byte 5
	.byte 1, 8
	.4byte .Labbrev
	.uleb128 1
	.byte 0x1d			/* DW_LANG_C11 */
.Lfirst:
	.uleb128 2
	.4byte .Lonce
	.byte 4
	.4byte .Lsecond - .Lunit
	.byte 0
.Lsecond:
	.uleb128 2
	.4byte .Lround
	.byte 8
	.4byte .Lsecond - .Lunit
	.byte 0
.Lthird:
	.uleb128 2
	.4byte .Lnever
	.byte 8
	.4byte .Lend - .Lunit
	.byte 0
	.byte 0
.Lend:
