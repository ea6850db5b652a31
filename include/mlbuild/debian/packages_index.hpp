#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::debian {

/// One stanza of a Packages file (Debian policy 5, "Binary package control files"; the fields that resolution and
/// fetching need).
struct Package {
  std::string name, version, architecture, source, priority;
  bool essential = false;
  std::string multi_arch;
  std::string depends, pre_depends, provides, conflicts, breaks, replaces;  ///< raw field values
  std::string filename;                                                     ///< path below the mirror's root
  std::string suite;  ///< the suite it came from, e.g. "bookworm-security"
  std::uint64_t size_bytes = 0;
  std::uint64_t installed_size_kib = 0;
  BlobDigest sha256;
};

/// All candidates of the enabled suites for one architecture (and `all`).
class PackagesIndex {
 public:
  PackagesIndex();
  ~PackagesIndex();
  PackagesIndex(PackagesIndex&&) noexcept;
  /// Adds a Packages file (plain text); streams, bounded memory per stanza. Throws Error{Foreign}.
  void add(Source& packages_text, std::string_view suite);
  /// The candidate of a name: highest version over all suites; null when unknown.
  const Package* find(std::string_view name) const;
  std::vector<std::string> names() const;  ///< for did-you-mean
  std::size_t size() const;

  struct State;  ///< for closure.cpp
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace mlbuild::debian
