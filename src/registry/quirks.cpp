#include "quirks.hpp"

#include <array>

namespace mlbuild {
namespace {

constexpr std::uint64_t kGigabyte = 1000ULL * 1000 * 1000;

// First match wins. What is not certain about a registry is found out by asking it, not written here.
constexpr std::array<RegistryQuirks, 5> kQuirks{{
    {.hosts = "docker.io", .api_host = "registry-1.docker.io", .bare_namespace = "library"},
    {.hosts = "quay.io", .mount_without_source = false},           // answers an error instead of opening an upload
    {.hosts = "ghcr.io", .blob_limit_bytes = 10 * kGigabyte},      // documented limit of a layer
    {.hosts = "*.jfrog.io", .upload = UploadStyle::PatchThenPut},  // has refused PUT without PATCH
    {.hosts = "*"},
}};

bool matches(std::string_view pattern, std::string_view host) {
  return pattern.starts_with('*') ? host.ends_with(pattern.substr(1)) : host == pattern;
}

}  // namespace

const RegistryQuirks& quirks_of(std::string_view registry) {
  const std::string_view host = registry.starts_with('[') ? registry : registry.substr(0, registry.find(':'));
  for (const RegistryQuirks& row : kQuirks) {
    if (matches(row.hosts, host)) return row;
  }
  return kQuirks.back();
}

}  // namespace mlbuild
