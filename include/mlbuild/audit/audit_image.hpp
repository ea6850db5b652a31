#pragma once

#include "mlbuild/audit/alternative.hpp"
#include "mlbuild/audit/finding.hpp"
#include "mlbuild/inspect/contents.hpp"
#include "mlbuild/oci/oci.hpp"

#include <string>
#include <vector>

namespace mlbuild {

struct ImageSubject {
  const ImageContents& contents;
  const oci::ImageConfig& config;
  std::vector<std::string> layer_labels;  ///< what made each, bottom to top
  AlternativeLookup alternative = {};
};

/// Every rule that looks at images, on one of any builder. Reads nothing but the subject.
AuditResult audit_image(const ImageSubject& subject);

/// "3.11": of the directory that distributions are installed to; what wheels for it must fit.
std::string python_version_of(const ImageContents& contents);

}  // namespace mlbuild
