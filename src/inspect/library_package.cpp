#include "mlbuild/inspect/library_package.hpp"

#include "debian_sonames_table.hpp"

#include "mlbuild/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace mlbuild {
namespace {

struct CudaLibrary {
  std::string_view soname, project;
};
// CUDA's libraries are in no Debian main; NVIDIA's wheels have them, one project for each component and major version.
constexpr std::array kCudaLibraries = {CudaLibrary{"libcudart.so.11.0", "nvidia-cuda-runtime-cu11"},
                                       CudaLibrary{"libcudart.so.12", "nvidia-cuda-runtime-cu12"},
                                       CudaLibrary{"libcudart.so.13", "nvidia-cuda-runtime"},
                                       CudaLibrary{"libcublas.so.11", "nvidia-cublas-cu11"},
                                       CudaLibrary{"libcublasLt.so.11", "nvidia-cublas-cu11"},
                                       CudaLibrary{"libcublas.so.12", "nvidia-cublas-cu12"},
                                       CudaLibrary{"libcublasLt.so.12", "nvidia-cublas-cu12"},
                                       CudaLibrary{"libcublas.so.13", "nvidia-cublas"},
                                       CudaLibrary{"libcublasLt.so.13", "nvidia-cublas"},
                                       CudaLibrary{"libcudnn.so.8", "nvidia-cudnn-cu12<9"},
                                       CudaLibrary{"libcudnn.so.9", "nvidia-cudnn-cu12"},
                                       CudaLibrary{"libcufft.so.10", "nvidia-cufft-cu11"},
                                       CudaLibrary{"libcufft.so.11", "nvidia-cufft-cu12"},
                                       CudaLibrary{"libcurand.so.10", "nvidia-curand-cu12"},
                                       CudaLibrary{"libcusolver.so.11", "nvidia-cusolver-cu12"},
                                       CudaLibrary{"libcusparse.so.11", "nvidia-cusparse-cu11"},
                                       CudaLibrary{"libcusparse.so.12", "nvidia-cusparse-cu12"},
                                       CudaLibrary{"libcusparseLt.so.0", "nvidia-cusparselt-cu12"},
                                       CudaLibrary{"libnccl.so.2", "nvidia-nccl-cu12"},
                                       CudaLibrary{"libnvJitLink.so.12", "nvidia-nvjitlink-cu12"},
                                       CudaLibrary{"libnvrtc.so.11.2", "nvidia-cuda-nvrtc-cu11"},
                                       CudaLibrary{"libnvrtc.so.12", "nvidia-cuda-nvrtc-cu12"},
                                       CudaLibrary{"libnvToolsExt.so.1", "nvidia-nvtx-cu12"},
                                       CudaLibrary{"libcupti.so.12", "nvidia-cuda-cupti-cu12"},
                                       CudaLibrary{"libcufile.so.0", "nvidia-cufile-cu12"}};

/// Debian policy 8.1: `libNAMEVERSION`, or `libNAME-VERSION` where the name ends in a digit; lower case, no
/// underscores.
std::optional<std::string> policy_name(std::string_view library) {
  const std::size_t at = library.find(".so.");
  if (!library.starts_with("lib") || at == std::string_view::npos) return std::nullopt;  // development links have none
  const std::string_view version = library.substr(at + 4);
  const bool is_version = !version.empty() && version.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!is_version) return std::nullopt;
  std::string name = to_lower(library.substr(0, at));
  std::ranges::replace(name, '_', '-');
  if (std::isdigit(static_cast<unsigned char>(name.back())) != 0) name += '-';
  return name.append(version);
}

}  // namespace

LibraryPackages::LibraryPackages() {
  for (const std::string_view row : debian_sonames_rows()) {
    const std::vector<std::string_view> words = split(row, ' ');
    for (std::size_t i = 1; i < words.size(); ++i) debian_.emplace(words[i], words[0]);
  }
}

LibraryPackage LibraryPackages::find(std::string_view library) const {
  const auto cuda = std::ranges::find(kCudaLibraries, library, &CudaLibrary::soname);
  if (cuda != kCudaLibraries.end()) return {LibraryPackage::Kind::Wheel, std::string(cuda->project)};
  // The file behind a name is in the same package: libgomp.so.1.0.0.
  for (std::string_view name = library; name.find(".so.") != std::string_view::npos;
       name = name.substr(0, name.rfind('.'))) {
    const auto known = debian_.find(name);
    if (known != debian_.end()) return {LibraryPackage::Kind::Debian, std::string(known->second)};
  }
  if (const std::optional<std::string> name = policy_name(library)) return {LibraryPackage::Kind::Named, *name};
  return {};
}

}  // namespace mlbuild
