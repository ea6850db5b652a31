#pragma once

// Everything about files at once; each class has a header of its own.
#include "mlbuild/sys/atomic_file.hpp"  // IWYU pragma: export
#include "mlbuild/sys/directory.hpp"    // IWYU pragma: export
#include "mlbuild/sys/disk_file.hpp"    // IWYU pragma: export
#include "mlbuild/sys/fd.hpp"           // IWYU pragma: export
#include "mlbuild/sys/file_lock.hpp"    // IWYU pragma: export
#include "mlbuild/sys/temp_dir.hpp"     // IWYU pragma: export
