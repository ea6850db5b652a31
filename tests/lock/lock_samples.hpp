#pragma once

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/lock/lock.hpp"

#include <string>

namespace mlbuild::test {

inline BlobDigest digest_of(const std::string& text) { return BlobDigest(sha256(text)); }

inline LockedDeb sample_deb(const std::string& name, const std::string& because) {
  return {name,
          "1.0-1",
          "amd64",
          "bookworm",
          "pool/main/" + name.substr(0, 1) + "/" + name + "_1.0-1_amd64.deb",
          digest_of(name),
          1000,
          because};
}

inline LockedFile sample_wheel(const std::string& name, const std::string& version,
                               std::vector<std::string> required_by) {
  return {name,
          version,
          name + "-" + version + "-py3-none-any.whl",
          "default",
          digest_of(name + version),
          2000,
          std::move(required_by)};
}

inline LockedImage sample_image() {
  LockedImage image;
  image.platform = {"linux", "amd64", ""};
  image.spec_part = R"({"requirements":{"runtime":["toy==1.0"]}})";
  image.spec_digest = digest_of(image.spec_part);
  image.base_suite = "bookworm";
  image.base_flavor = "distroless";
  image.releases = {{"bookworm", digest_of("InRelease"), "2024-05-01T00:00:00Z"}};
  image.base = {sample_deb("dpkg", "tar"), sample_deb("libc6", "python3.11"), sample_deb("python3.11", "wanted")};
  image.base_dropped = {"dpkg"};
  image.interpreter.full_version = "3.11.2";
  image.system_runtime = {sample_deb("libgomp1", "wanted")};
  image.system_build = {sample_deb("gcc", "wanted")};
  image.wheels = {sample_wheel("toy", "1.0", {"spec"}), sample_wheel("toydep", "2.0", {"odd", "toy"})};
  LockedFile odd{"odd", "0.1", "odd-0.1.tar.gz", "index-1", digest_of("odd"), 300, {"spec"}};
  image.sdists = {{odd, {sample_wheel("setuptools", "70.0.0", {"odd"})}}};
  image.dev = {sample_wheel("pytest", "8.0", {"spec"})};
  return image;
}

/// The same on a base that mlbuild did not make.
inline LockedImage sample_image_on_base() {
  LockedImage image = sample_image();
  image.variant = "on-base";
  image.base_suite.clear();
  image.base_flavor = "image";
  image.base.clear();
  image.base_dropped.clear();
  image.interpreter.path = "/usr/bin/python3";
  const std::string packages = "usr/local/lib/python3.11/dist-packages";
  image.interpreter.scheme =
      LockedScheme{packages, packages, "usr/local/bin", "usr/local/include/python3.11", "usr/local"};
  LockedBaseImage base;
  base.kind = "image";
  base.reference = "registry.example/team/base:1";
  base.manifest = digest_of("manifest");
  base.config_digest = digest_of("config");
  base.config.env = {"PATH=/usr/bin"};
  base.config.diff_ids = {DiffId(sha256("tar"))};
  base.config.history = {{"FROM a\ttab", false, "2024-01-01T00:00:00Z"}};
  oci::Descriptor blob;
  blob.media_type = oci::kLayerZstdMediaType;
  blob.digest = digest_of("layer");
  blob.size_bytes = 4000;
  base.layers = {{blob, base.config.diff_ids[0], 9000}};
  base.debian = {
      "bookworm", "debian", false, "status", 0, digest_of("status"), 77, {{"libc6", "2.36-9"}, {"tar", "1.34"}}};
  base.projects = {{"pip", "24.0", {"pip", "pip-24.0.dist-info"}}};
  image.base_image = base;
  return image;
}

inline Lock sample_lock() { return {{{"uv", "0.1", "uv-0.1-py3-none-any.whl", digest_of("uv")}}, {sample_image()}}; }

}  // namespace mlbuild::test
