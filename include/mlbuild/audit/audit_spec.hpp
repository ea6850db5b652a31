#pragma once

#include "mlbuild/audit/alternative.hpp"
#include "mlbuild/audit/app_imports.hpp"
#include "mlbuild/audit/finding.hpp"
#include "mlbuild/lock/lock.hpp"
#include "mlbuild/spec/spec.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

struct SpecSubject {
  const Spec& spec;
  const SpecVariant& variant;
  const LockedImage& image;
  BlobStore* store = nullptr;              ///< wheels that are there are opened for what is in them
  std::vector<AppFile> app = {};           ///< list_app_files()
  std::optional<AppImports> imports = {};  ///< nothing: they could not be read
  AlternativeLookup alternative = {};
  /// Compressed bytes of another base, by its reference; nothing when nobody can be asked.
  std::function<std::optional<std::uint64_t>(const std::string& reference)> base_bytes = {};
};

/// Every rule that looks at specs, by the lock that answers it: nothing needs to be built.
AuditResult audit_spec(const SpecSubject& subject);

}  // namespace mlbuild
