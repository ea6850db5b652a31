#include "mlbuild/run/host_platform.hpp"

#include <sys/utsname.h>

#include <string>

namespace mlbuild {

oci::Platform host_platform() {
  utsname names{};
  const std::string machine = ::uname(&names) == 0 ? names.machine : "";
  oci::Platform platform;
  platform.architecture = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
  return platform;
}

}  // namespace mlbuild
