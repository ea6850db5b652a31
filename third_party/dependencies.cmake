# Every library that mlbuild links, with the oldest version that works and the reason we need it. All from Debian 12.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)                                    # SHA-256 (with the CPU's instructions), TLS
find_package(CURL 7.88 REQUIRED)                                      # HTTP: connection reuse, proxies, HTTP/2
find_package(nlohmann_json 3.11 REQUIRED)                             # JSON reading and writing
find_package(yaml-cpp 0.7 REQUIRED)                                   # YAML with line and column marks
find_package(CLI11 2.1 REQUIRED)                                      # command line
find_package(fmt 9.1 REQUIRED)                                        # g++ 12 has no std::format
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem)               # Process v2: child processes
pkg_check_modules(libarchive REQUIRED IMPORTED_TARGET libarchive>=3.6)   # foreign tars, .deb members
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate>=1.14)  # deflate at its best
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal>=2.30)           # fast streaming inflate with constant memory
pkg_check_modules(lzma REQUIRED IMPORTED_TARGET liblzma>=5.4)            # .deb members, Packages.xz
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd>=1.5)            # newer .debs, zstd layers
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp>=2.5)      # system call filters of the sandbox
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus>=3.3)  # pylock.toml, pyproject.toml
if(MLBUILD_TESTS)
  find_package(GTest 1.12 REQUIRED)                                   # tests
endif()
if(MLBUILD_BENCH)
  find_package(benchmark 1.7 REQUIRED)                                # micro benchmarks
endif()
