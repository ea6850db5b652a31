#include "certs_directories.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

using std::filesystem::path;

constexpr std::uintmax_t kFileLimitBytes = 4U << 20U;  // a bundle of the whole world's authorities has 0.2 MiB

std::string read_authorities(const path& file) {
  std::error_code error;
  if (std::filesystem::file_size(file, error) > kFileLimitBytes || error) {
    throw Error(ErrorKind::Io, fmt::format("`{}` is no certificate: it cannot be read or is too large", file.string()));
  }
  return read_text_file(file) + "\n";
}

void require_partner(const path& file, const path& partner) {
  if (std::filesystem::exists(partner)) return;
  throw Error(ErrorKind::Usage, fmt::format("`{}` has no `{}` beside it", file.string(), partner.filename().string()))
      .hint("a client's certificate is NAME.cert with NAME.key; certificates of authorities are NAME.crt");
}

OriginCertificates read_directory(const path& directory) {
  OriginCertificates certificates;
  std::set<path> files;  // by name, so that the same files mean the same on each machine
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.insert(entry.path());
  for (const path& file : files) {
    const std::string kind = file.extension().string();
    if (kind == ".crt") certificates.ca_pem += read_authorities(file);
    if (kind == ".key") require_partner(file, path(file).replace_extension(".cert"));
    if (kind != ".cert") continue;
    const path key = path(file).replace_extension(".key");
    require_partner(file, key);
    if (!certificates.certificate.empty()) continue;
    certificates.certificate = file;
    certificates.key = key;
  }
  return certificates;
}

}  // namespace

const OriginCertificates& CertsDirectories::of(const Url& url) {
  const std::scoped_lock guard(mutex_);
  std::unique_ptr<OriginCertificates>& known = known_[url.origin()];
  if (known) return *known;
  OriginCertificates found;
  if (const path directory = directory_of(url); !directory.empty()) {
    try {
      found = read_directory(directory);
    } catch (const std::filesystem::filesystem_error& failure) {
      throw Error(ErrorKind::Io, fmt::format("cannot read the certificates in `{}`: {}", directory.string(),
                                             to_lower(failure.code().message())));
    }
  }
  if (!found.ca_pem.empty() && !bundle_.empty()) found.ca_pem += read_authorities(bundle_);
  known = std::make_unique<OriginCertificates>(std::move(found));
  return *known;
}

path CertsDirectories::directory_of(const Url& url) const {
  if (url.scheme != "https") return {};
  for (const path& directory : directories_) {
    for (const std::string& name : {url.host_port(), fmt::format("{}:{}", url.host, url.port)}) {
      std::error_code ignored;  // a directory that cannot be looked at is one that is not used, as with docker
      if (std::filesystem::is_directory(directory / name, ignored)) return directory / name;
    }
  }
  return {};
}

}  // namespace mlbuild
