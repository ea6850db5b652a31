#pragma once

#include "draft.hpp"
#include "image_packages.hpp"

#include "mlbuild/audit/audit_image.hpp"

#include <vector>

namespace mlbuild {

/// Rules that look at the files of an image. Less than kWorthTelling is passed over where nobody asked for the files.
inline constexpr std::uint64_t kWorthTelling = 1'000'000;

std::vector<Draft> hidden_drafts(const ImageSubject& subject);
std::vector<Draft> cache_drafts(const ImageSubject& subject, const ImagePackages& packages);
std::vector<Draft> compiler_drafts(const ImageSubject& subject, const ImagePackages& packages);
std::vector<Draft> devel_drafts(const ImageSubject& subject, const ImagePackages& packages);
std::vector<Draft> clutter_drafts(const ImageSubject& subject, const ImagePackages& packages);
std::vector<Draft> nvidia_drafts(const ImageSubject& subject, const ImagePackages& packages);
std::vector<Draft> library_drafts(const ImageSubject& subject, const ImagePackages& packages);

bool is_compiler_deb(std::string_view name);
bool is_devel_deb(std::string_view name);
/// .git, a notebook, or a data set by its ending.
bool is_clutter(std::string_view path, std::uint64_t size_bytes);

/// Largest groups as lines, "NAME  12.0 MB, 30 files": by package, or by the directory a few steps down.
std::vector<std::string> file_evidence(const ImageSubject& subject, const std::vector<std::size_t>& files);
DraftPart part_of(const ImageSubject& subject, const ImagePackages& packages, std::size_t file);

}  // namespace mlbuild
