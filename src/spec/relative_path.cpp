#include "requirements.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace mlbuild::spec {
namespace {

namespace fs = std::filesystem;

std::string hint_for_missing(const fs::path& name, const SpecDirectory& directory) {
  const fs::path clean = name.has_filename() ? name : name.parent_path();
  const auto near = nearest_word(clean.filename().string(), directory.names_in(clean.parent_path().string()));
  if (near) return fmt::format("did you mean `{}`?", printable((clean.parent_path() / *near).string()));
  return "paths are relative to the directory of the spec";
}

}  // namespace

bool check_relative_path(const std::string& name, const Location& at, Wanted wanted, const SpecDirectory& directory,
                         Diagnostics& diagnostics) {
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    diagnostics.add(Error(ErrorKind::Spec, fmt::format("`{}` {}", printable(name), why)).at(at).hint(hint));
    return false;
  };
  if (name.empty()) return refuse("names no file", "write a path relative to the directory of the spec");
  if (name.find('\0') != std::string::npos || name.size() > 4096)
    return refuse("is no file name", "write a path relative to the directory of the spec");
  if (fs::path(name).is_absolute())
    return refuse("is an absolute path",
                  "write it relative to the directory of the spec, so that others can build it too");
  if (*fs::path(name).lexically_normal().begin() == "..")
    return refuse("leaves the directory of the spec", "move what the image needs below it, or the spec up");
  switch (directory.look_up(name)) {
    case SpecDirectory::Kind::Outside:
      return refuse("leads out of the directory of the spec through a link",
                    "copy what it points to below the directory of the spec");
    case SpecDirectory::Kind::Missing:
      return refuse("does not exist", hint_for_missing(name, directory));
    case SpecDirectory::Kind::Special:
      return refuse("is neither file nor directory", "sockets, pipes and devices cannot be part of an image");
    case SpecDirectory::Kind::Directory:
      return wanted == Wanted::FileOrDirectory || refuse("is a directory", "name the file in it");
    case SpecDirectory::Kind::File:
      break;
  }
  return !name.ends_with('/') || refuse("is a file, not a directory", "remove the `/` at its end");
}

}  // namespace mlbuild::spec
