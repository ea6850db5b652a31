#pragma once

#include "uv_request.hpp"

#include "mlbuild/lock/resolve.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild {

struct UvAnswer {
  bool ok = false;
  std::string text;      ///< the output file; empty unless ok
  std::string messages;  ///< what was said on stderr, without credentials
};

/// Runs the resolver in the sandbox with the network, an otherwise empty environment and a private working directory.
/// Credentials reach it by environment and by files of that directory, never by arguments.
class Uv {
 public:
  /// `root`: a tree with an interpreter `python<version>` in /usr/bin for this machine; `program`: the folder of `uv`.
  Uv(const ResolveContext& context, std::filesystem::path root, std::filesystem::path program);

  /// Throws Error{Step} when it was killed or ran too long; an unanswerable question is an answer that is not ok.
  UvAnswer ask(const UvRequest& request);

 private:
  SandboxJob job(const UvRequest& request, const std::filesystem::path& work) const;
  void write_inputs(const UvRequest& request, const std::filesystem::path& work) const;
  std::vector<std::string> index_urls(const UvRequest& request) const;
  std::string without_secrets(std::string text, const UvRequest& request) const;

  const ResolveContext& context_;
  std::filesystem::path root_;
  std::filesystem::path program_;
};

}  // namespace mlbuild
