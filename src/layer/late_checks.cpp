#include "late_checks.hpp"

#include "mlbuild/base/error.hpp"

#include <utility>

namespace mlbuild {

std::unique_ptr<RandomAccess> LateChecks::open(const BlobDigest& digest) {
  BlobInCheck blob = inner().open_in_check(digest);
  if (blob.check) checks_.insert_or_assign(digest, std::move(blob.check));
  return std::move(blob.file);
}

BlobCheck* LateChecks::check_of(const BlobDigest& digest) const {
  const auto found = checks_.find(digest);
  return found == checks_.end() ? nullptr : found->second.get();
}

void LateChecks::run(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Foreign) finish();
    throw;
  }
  finish();
}

void LateChecks::finish() const {
  for (const auto& [digest, check] : checks_) {
    with_context([&, &blob = digest] { return describe_(blob); }, [&, &blob_check = check] { blob_check->finish(); });
  }
}

}  // namespace mlbuild
