#pragma once

#include "wheel_install_plan.hpp"

#include <set>
#include <string>
#include <vector>

namespace mlbuild {

/// Opens wheels in the order of their file names, so that nothing depends on the caller's order.
std::vector<WheelArchive> open_wheels(std::vector<WheelInput> inputs, const InstallScheme& scheme, BlobStore& blobs);

/// The files of all wheels, sorted by path, each path once. Wheels that bring different content for one path, or a file
/// where another needs a directory, are Error{Foreign} that names both.
std::vector<InstalledFile> merge_files(std::vector<WheelArchive>& wheels, const InstallScheme& scheme,
                                       const python::PrunePolicy& prune);

/// Opens and merges wheels for the errors alone; one wheel is open at a time.
void check_merge(std::vector<WheelInput> inputs, const InstallScheme& scheme, BlobStore& blobs,
                 const python::PrunePolicy& prune);

/// The files of one part: in path order, as many compressed bytes in each part as whole files allow.
std::vector<InstalledFile> files_of_part(std::vector<InstalledFile> files, const LayerPart& part);

}  // namespace mlbuild
