/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oracle.h"

#include <libkdumpfile/addrxlat.h>
#include <stdlib.h>

static const struct {
	const char *arch;
	addrxlat_pte_format_t format;
} formats[] = {
	{ "x86_64", ADDRXLAT_PTE_X86_64 },
	{ "i386", ADDRXLAT_PTE_IA32 },
	{ "i386-pae", ADDRXLAT_PTE_IA32_PAE },
	{ "aarch64", ADDRXLAT_PTE_AARCH64 },
};

static addrxlat_pte_format_t format_of(const struct mo_arch *arch, const struct mo_paging *paging)
{
	if (arch == &mo_arch_arm64 && paging->page_shift == 16)
		return ADDRXLAT_PTE_AARCH64_LPA;
	if (arch == &mo_arch_arm64 && paging->last_user_va >> 51)
		return ADDRXLAT_PTE_AARCH64_LPA2;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].arch, arch->name))
			return formats[i].format;
	return ADDRXLAT_PTE_NONE;
}

bool oracle_knows(const struct mo_arch *arch)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].arch, arch->name))
			return true;
	return false;
}

static void put_page(const addrxlat_buffer_t *buffer)
{
	(void)buffer;
}

static addrxlat_status get_page(const addrxlat_cb_t *callbacks, addrxlat_buffer_t *buffer)
{
	buffer->ptr = translation_page(callbacks->priv, buffer->addr.addr, false);
	if (!buffer->ptr)
		return ADDRXLAT_ERR_NODATA;
	buffer->addr.addr &= ~0xfffull;
	buffer->size = 4096;
	buffer->byte_order = ADDRXLAT_LITTLE_ENDIAN;
	buffer->put_page = put_page;
	return ADDRXLAT_OK;
}

static unsigned long read_caps(const addrxlat_cb_t *callbacks)
{
	(void)callbacks;
	return ADDRXLAT_CAPS(ADDRXLAT_MACHPHYSADDR);
}

bool oracle_translate(const struct mo_arch *arch, const struct mo_paging *paging, struct translation_memory *memory, uint64_t va,
		      uint64_t *pa)
{
	addrxlat_ctx_t *context = addrxlat_ctx_new();
	addrxlat_cb_t *callbacks = context ? addrxlat_ctx_add_cb(context) : NULL;
	addrxlat_meth_t method = { .kind = ADDRXLAT_PGT, .target_as = ADDRXLAT_MACHPHYSADDR };
	addrxlat_param_pgt_t *tables = &method.param.pgt;
	addrxlat_step_t step = { .ctx = context, .meth = &method };
	addrxlat_status status;

	if (!callbacks)
		abort();
	callbacks->priv = memory;
	callbacks->get_page = get_page;
	callbacks->read_caps = read_caps;
	tables->root = (addrxlat_fulladdr_t){ .addr = paging->root_pa, .as = ADDRXLAT_MACHPHYSADDR };
	tables->pte_mask = paging->encryption_mask;
	tables->pf.pte_format = format_of(arch, paging);
	tables->pf.nfields = (unsigned short)(paging->levels + 1);
	tables->pf.fieldsz[0] = (unsigned short)paging->page_shift;
	for (unsigned height = 0; height < paging->levels; height++)
		tables->pf.fieldsz[height + 1] = paging->index_bits[height];
	step.base = (addrxlat_fulladdr_t){ .addr = va, .as = ADDRXLAT_KVADDR };
	status = addrxlat_walk(&step);
	*pa = step.base.addr;
	addrxlat_ctx_decref(context);
	return status == ADDRXLAT_OK;
}
