/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entry of a plugin that is a file of its own. A plugin's objects are compiled once, with an entry that is named after
 * the plugin (MO_REGISTER_PLUGIN); linked into the program or a test they are used as they are, and here under the name that
 * the host looks for.
 */
#include <memopsy/plugin.h>

extern const struct mo_plugin *MO_PASTE(memopsy_plugin_entry_, PLUGIN_NAME)(void);

__attribute__((visibility("default"))) const struct mo_plugin *memopsy_plugin_entry(void);

const struct mo_plugin *memopsy_plugin_entry(void)
{
	return MO_PASTE(memopsy_plugin_entry_, PLUGIN_NAME)();
}
