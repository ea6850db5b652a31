#pragma once

#include "destinations.hpp"
#include "inspecting.hpp"

#include "mlbuild/report/sbom.hpp"

#include <string>
#include <vector>

namespace mlbuild::cli {

/// "spdx,cyclonedx" as `--sbom` gives it. Throws Error{Usage}.
std::vector<SbomForm> parse_sbom_forms(const std::vector<std::string>& words);

/// Bills of materials of what was built: a file beside each `-o oci:DIR` and `-o docker:FILE.tar`, and an artifact that
/// refers to the image in each repository that it was pushed to. `store` gives the bytes of layers that were not read
/// before. With no such place: Error{Usage}; see check_sbom_places().
void write_sboms(const std::vector<SbomForm>& forms, const std::vector<BuildResult>& results,
                 const std::vector<BuildRequest>& requests, const PublishOptions& options,
                 const std::vector<PushTarget>& targets, BlobStore& store, World& world);
void check_sbom_places(const std::vector<SbomForm>& forms, const PublishOptions& options);

}  // namespace mlbuild::cli
