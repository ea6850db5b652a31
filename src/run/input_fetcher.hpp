#pragma once

#include "mlbuild/run/build.hpp"

namespace mlbuild {

/// Gets one input of a step into the store, from wherever this site says; events carry the bytes. Thread-safe.
class InputFetcher {
 public:
  InputFetcher(const BuildRequest& request, const BuildContext& context) : request_(request), context_(context) {}
  void fetch(const StepInput& input) const;

 private:
  void fetch_base_file(const StepInput& input) const;
  PythonIndex index_named(const std::string& name) const;
  const BuildRequest& request_;
  const BuildContext& context_;
};

/// Fetches all of them with several connections; returns the number of bytes.
std::uint64_t fetch_all(const std::vector<StepInput>& inputs, const InputFetcher& fetcher);

inline constexpr std::size_t kParallelDownloads = 8;

}  // namespace mlbuild
