/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which struct the objects of a cache are, as far as the cache's name says it, and which member lies at an offset. */
#include <memopsy/member_path.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 12 /* members and arrays within each other that are named */
#define NAME_BYTES_MAX 128

/* Caches whose name is not that of their struct. */
static const struct {
	const char *cache;
	const char *type;
} named_otherwise[] = {
	{ "TCP", "struct tcp_sock" }, { "TCPv6", "struct tcp6_sock" }, { "UDP", "struct udp_sock" },
	{ "UDPv6", "struct udp6_sock" }, { "UNIX", "struct unix_sock" }, { "UNIX-STREAM", "struct unix_sock" },
	{ "RAW", "struct raw_sock" }, { "RAWv6", "struct raw6_sock" },
	{ "bdev_cache", "struct bdev_inode" }, { "cred_jar", "struct cred" }, { "cred", "struct cred" },
	{ "eventpoll_epi", "struct epitem" }, { "eventpoll_pwq", "struct eppoll_entry" },
	{ "fasync_cache", "struct fasync_struct" }, { "files_cache", "struct files_struct" }, { "filp", "struct file" },
	{ "fs_cache", "struct fs_struct" }, { "ip_dst_cache", "struct rtable" }, { "ip6_dst_cache", "struct rt6_info" },
	{ "jbd2_journal_handle", "struct jbd2_journal_handle" }, { "jbd2_journal_head", "struct journal_head" },
	{ "key_jar", "struct key" }, { "mnt_cache", "struct mount" }, { "net_namespace", "struct net" },
	{ "proc_dir_entry", "struct proc_dir_entry" }, { "proc_inode_cache", "struct proc_inode" },
	{ "radix_tree_node", "struct xa_node" }, { "sighand_cache", "struct sighand_struct" },
	{ "signal_cache", "struct signal_struct" }, { "skbuff_head_cache", "struct sk_buff" },
	{ "skbuff_fclone_cache", "struct sk_buff_fclones" }, { "sock_inode_cache", "struct socket_alloc" },
	{ "vma_lock", "struct vma_lock" },
};

/* The whole struct of this name that fits into an object; NULL: none. */
static const struct mo_type *find_fitting(struct mo_kernel *kernel, const char *name, uint64_t object_bytes)
{
	const struct mo_type *type = NULL;
	struct mo_error *error = mo_types_find(mo_kernel_types(kernel), name, &type);

	if (!error)
		error = mo_types_complete(mo_kernel_types(kernel), type, &type);
	/*
	 * x86 takes as much of the registers at the end of struct task_struct as the CPU has (arch/x86/kernel/fpu/init.c), and
	 * struct kmem_cache ends behind the last node (mm/slub.c, kmem_cache_init()).
	 */
	if (mo_error_destroy(error) || !type->size_bytes || (type->size_bytes > object_bytes && strcmp(name, "struct task_struct") != 0 &&
					   strcmp(name, "struct kmem_cache") != 0))
		return NULL;
	/* What is much smaller has the name by chance. */
	return type->size_bytes < object_bytes / 4 ? NULL : type;
}

static const struct mo_type *find_by_name(struct mo_kernel *kernel, const struct mo_slab_cache *cache)
{
	static const char *const endings[] = { "", "_cachep", "_cache" };
	const struct mo_type *type = NULL;
	size_t n_name = cache->name ? strlen(cache->name) : 0;
	char name[NAME_BYTES_MAX];

	if (!n_name || n_name > NAME_BYTES_MAX - 16 || !strncmp(cache->name, "kmalloc-", 8))
		return NULL;
	for (size_t i = 0; i < sizeof(named_otherwise) / sizeof(named_otherwise[0]); i++)
		if (!strcmp(cache->name, named_otherwise[i].cache))
			return find_fitting(kernel, named_otherwise[i].type, cache->object_bytes);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && !type; i++) {
		size_t n_ending = strlen(endings[i]);

		if (n_ending >= n_name || strcmp(cache->name + n_name - n_ending, endings[i]) != 0)
			continue;
		/* "ext4_inode_cache" is of struct ext4_inode_info: struct ext4_inode is what stands on the disk. */
		snprintf(name, sizeof(name), "struct %.*s_info", (int)(n_name - n_ending), cache->name);
		type = n_ending ? find_fitting(kernel, name, cache->object_bytes) : NULL;
		snprintf(name, sizeof(name), "struct %.*s", (int)(n_name - n_ending), cache->name);
		if (!type)
			type = find_fitting(kernel, name, cache->object_bytes);
	}
	return type;
}

struct mo_error *mo_cache_types_init(struct mo_cache_types *types, struct mo_kernel *kernel,
				     const struct mo_slab_model *slabs)
{
	size_t n = slabs ? slabs->n_caches : 0;

	*types = (struct mo_cache_types){ .kernel = kernel, .slabs = slabs };
	types->types = calloc(n + 1, sizeof(*types->types));
	types->is_known = calloc(n + 1, sizeof(*types->is_known));
	if (types->types && types->is_known)
		return NULL;
	mo_cache_types_deinit(types);
	return mo_error_no_memory();
}

void mo_cache_types_deinit(struct mo_cache_types *types)
{
	free(types->types);
	free(types->is_known);
	types->types = NULL;
	types->is_known = NULL;
}

const struct mo_type *mo_type_of_cache(struct mo_cache_types *types, uint32_t cache)
{
	if (!types->slabs || cache >= types->slabs->n_caches)
		return NULL;
	if (!types->is_known[cache])
		types->types[cache] = find_by_name(types->kernel, &types->slabs->caches[cache]);
	types->is_known[cache] = true;
	return types->types[cache];
}

/* The last member that begins at or before an offset and reaches it; of a union the first. */
static const struct mo_type_member *member_at(struct mo_types *types, const struct mo_type *type, uint64_t offset_bytes)
{
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct mo_type_member *member = &type->members[i];
		const struct mo_type *of = mo_type_strip(member->type);
		uint64_t first = member->offset_bits / 8;
		struct mo_error *error = mo_types_complete(types, of, &of);

		if (!mo_error_destroy(error) && of->size_bytes && first <= offset_bytes && offset_bytes - first < of->size_bytes)
			return member;
	}
	return NULL;
}

void mo_describe_member(struct mo_kernel *kernel, const struct mo_type *type, uint64_t offset_bytes, char *text,
			size_t n_bytes)
{
	struct mo_types *types = mo_kernel_types(kernel);
	size_t used = 0;

	*text = '\0';
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct mo_type_member *member;
		struct mo_error *error = mo_types_complete(types, mo_type_strip(type), &type);

		if (mo_error_destroy(error))
			break;
		if (type->kind == MO_TYPE_ARRAY) {
			const struct mo_type *element = mo_type_strip(type->target);
			struct mo_error *element_error = mo_types_complete(types, element, &element);

			if (mo_error_destroy(element_error) || !element->size_bytes || used >= n_bytes)
				break;
			used += (size_t)snprintf(text + used, n_bytes - used, "[%" PRIu64 "]", offset_bytes / element->size_bytes);
			offset_bytes %= element->size_bytes;
			type = element;
			continue;
		}
		if (type->kind != MO_TYPE_STRUCT && type->kind != MO_TYPE_UNION)
			break;
		member = member_at(types, type, offset_bytes);
		if (!member || used >= n_bytes)
			break;
		if (member->name)
			used += (size_t)snprintf(text + used, n_bytes - used, ".%s", member->name);
		offset_bytes -= member->offset_bits / 8;
		type = member->type;
	}
	if (offset_bytes && used < n_bytes)
		snprintf(text + used, n_bytes - used, "+%" PRIu64, offset_bytes);
}
