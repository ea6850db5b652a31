#pragma once

#include <sys/resource.h>

namespace mlbuild {

/// Lets this process have more files open at a time than the usual 1,024: as many as it may by its hard limit, or
/// 65,536. For the beginning of `main`, before there are threads and children.
void allow_many_open_files();

/// For children that are programs of others: the soft limit that we were started with. It is low by custom, since
/// select() knows no descriptors above 1,023, and some programs go through all numbers up to it.
rlimit open_files_of_children();

}  // namespace mlbuild
