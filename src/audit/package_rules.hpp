#pragma once

#include "draft.hpp"

#include "mlbuild/audit/alternative.hpp"
#include "mlbuild/python/requirement.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mlbuild {

/// A file of a wheel, by its path in site-packages or below it.
struct WheelFileBytes {
  std::string path;
  SavedBytes bytes;
};

/// What rules about packages look at, be it a lock or an image.
struct PackageSubject {
  PackageGraph wheels, debs;
  bool wants_gpu = false;
  std::string python_version = "3.11", machine = "x86_64";
  std::string measured;  ///< for wheels: "files of the image", "sizes of the locked wheels"
  std::map<std::string, std::vector<python::Requirement>> asked;  ///< of a spec, by name: where to change it
  std::function<std::vector<WheelFileBytes>(const std::string& wheel)> files_of;
  AlternativeLookup alternative;
  std::string prefix;  ///< of this wheel's part ids
};

std::vector<Draft> swap_drafts(const PackageSubject& subject);
std::vector<Draft> tool_drafts(const PackageSubject& subject);
std::vector<Draft> cuda_drafts(const PackageSubject& subject);
std::vector<Draft> prune_drafts(const PackageSubject& subject);

/// "mlflow 2.14.1 and 40 packages that only it needs: ..."
std::vector<std::string> gone_evidence(const PackageGraph& graph, const GraphChange& change);
std::vector<TextEdit> removal_of(const PackageSubject& subject, const std::string& name);
bool is_cuda_package(std::string_view name);
bool is_cuda_library(std::string_view file_name);  ///< of the toolkit, or of a framework's CUDA half

}  // namespace mlbuild
