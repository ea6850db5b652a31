#pragma once

#include "mlbuild/layer/layer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

struct DebInput {
  std::string name;  ///< binary package name
  std::string version;
  std::string architecture;
  BlobDigest digest;
};

enum class DpkgDatabase { StatusDirectory, StatusFile };  ///< status.d/<package> | status + info/

struct DebLayerParameters {
  std::int64_t epoch_seconds = 315532800;
  int deflate_level = 7;  ///< 0.3 % larger than 9 in half the time
  DpkgDatabase database = DpkgDatabase::StatusDirectory;
  /// Whether this layer is the root's first: emits the merged-usr links, /tmp 1777, /root, /etc/passwd and the other
  /// effects of base-files and base-passwd, and the /usr/local venv when `venv_python` is set.
  bool is_base = false;
  std::string venv_python;  ///< "3.11": /usr/local becomes a venv of /usr/bin/python3.11; empty: no venv
  bool keep_documentation =
      false;                   ///< everything below usr/share/{doc,man,info,locale,lintian,...} but copyright files
  bool include_shadow = true;  ///< /etc/shadow, gshadow (slim), not in distroless
  std::vector<std::string> ignore_scripts;  ///< packages whose unknown maintainer scripts the spec says to ignore
  std::vector<std::string> run_scripts;     ///< packages whose scripts run later, in the sandbox
  bool run_unknown_scripts = false;         ///< so do all others that are not known (debian::ScriptChoice)
  std::vector<std::string> drop_packages;   ///< known to dpkg's closure but not unpacked (distroless drop list)
  bool merged_usr = true;                 ///< /bin and /lib of the root are links into /usr; else paths stay as shipped
  std::optional<BlobDigest> base_status;  ///< StatusFile on a base that has one: its text, which the layer's goes on
};

class UnpackedDebs;

/// Debian packages as one layer: data.tar members streamed, paths rewritten to merged /usr, documentation dropped,
/// maintainer scripts answered by the table (debian/scripts.hpp), dpkg database written. An unknown script is
/// Error{Spec} that names the package, the script and what to write. Two packages with different files at one path:
/// Error{Foreign} unless one replaces the other.
class DebLayerRecipe final : public LayerRecipe {
 public:
  /// `unpacked`: where the packages' files are found, or kept for others who need them; without it the recipe decodes
  /// them for itself.
  DebLayerRecipe(std::vector<DebInput> packages, DebLayerParameters parameters,
                 std::shared_ptr<UnpackedDebs> unpacked = nullptr);
  KeyCard card() const override;
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override { return false; }

 private:
  std::vector<DebInput> packages_;
  DebLayerParameters parameters_;
  std::shared_ptr<UnpackedDebs> unpacked_;  ///< shared by the recipes and roots of a build
};

}  // namespace mlbuild
