#pragma once

namespace mlbuild {

/// Below a chroot the kernel makes no user namespaces (user_namespaces(7), EPERM) and pivot_root fails, because the
/// root is no mount. Root may mend that for itself: in a mount namespace of this process alone, what is the root
/// directory now becomes the root mount. Absolute paths stay what they were, the working directory may be the root.
/// Needs CAP_SYS_ADMIN and CAP_SYS_CHROOT and a process with one thread. False, with errno, where that is not allowed.
/// Throws Error{Io} when the root directory is lost by then, and with it what every path means.
bool make_root_a_mount();

}  // namespace mlbuild
