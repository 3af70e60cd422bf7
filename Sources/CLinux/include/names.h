#pragma once

/// Where this program has no dynamic linker: from now on names are looked up in /etc/hosts and by DNS, users and groups
/// in /etc/passwd and /etc/group, whatever /etc/nsswitch.conf says. To obey it, the C library inside the program would
/// load modules that were made for the one of this machine. Does nothing in other programs.
void clinux_use_builtin_name_services(void);
