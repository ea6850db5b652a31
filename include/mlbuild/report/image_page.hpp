#pragma once

#include "mlbuild/audit/finding.hpp"
#include "mlbuild/inspect/image_diff.hpp"
#include "mlbuild/report/contents_text.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mlbuild {

/// What goes on the page. The largest things by bytes are shown; sums stay exact.
struct PageLimits {
  std::size_t files = 12000;        ///< each on its own; smaller ones are added up in their directory
  std::size_t directories = 15000;  ///< likewise, in the one above
  std::size_t hidden_files = 1000;
  std::size_t duplicates = 500;
  std::size_t changed_files = 1000;
};

struct ComparedImage {
  const InspectedImage& before;
  const ImageDiff& diff;
};

/// What the page shows as data: docs/report.md.
std::string image_page_json(const InspectedImage& image, const ComparedImage* compared,
                            const std::vector<Finding>& findings, const PageLimits& limits = {});

/// One HTML page that needs nothing else, and may run nothing but its own script (Content Security Policy Level 3).
/// Names from the image are in it as data only.
std::string image_page(const InspectedImage& image, const ComparedImage* compared, const std::vector<Finding>& findings,
                       const PageLimits& limits = {});

}  // namespace mlbuild
