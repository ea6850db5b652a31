#include "base_python.hpp"
#include "lock_base_reader.hpp"
#include "lock_format.hpp"
#include "strict_json.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_depth.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/lock/lock.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <set>

// A lock is under version control and gets merged and edited by hand, so it is checked as foreign text: what passes
// here may be fetched, named in paths and shown without further checks.

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kSizeLimit = std::size_t{64} << 20U;
constexpr std::size_t kDepthLimit = 32;

/// Relative path below a mirror: plain components only.
bool is_plain_path(std::string_view path) {
  for (const std::string_view component : split(path, '/')) {
    if (component.empty() || component == "." || component == "..") return false;
  }
  return path.find_first_of("\\?#%") == std::string_view::npos;
}

bool is_index_name(std::string_view name) {
  if (name == "default") return true;
  constexpr std::string_view kPrefix = "index-";
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size() || name.size() > 12) return false;
  name.remove_prefix(kPrefix.size());
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

LockedRelease read_release(StrictObject& object) {
  return {object.text("suite"), object.digest("in_release"), object.text("date")};
}

LockedDeb read_deb(StrictObject& object) {
  LockedDeb deb;
  deb.name = object.text("name");
  deb.version = object.text("version");
  deb.architecture = object.text("architecture");
  deb.suite = object.text("suite");
  deb.path = object.text("path");
  deb.sha256 = object.digest("sha256");
  deb.size_bytes = object.number("size");
  deb.because = object.text("because");
  if (deb.name.empty()) object.refuse("name", "is empty");
  if (!is_plain_path(deb.path)) object.refuse("path", "is no plain relative path");
  return deb;
}

LockedFile read_file(StrictObject& object) {
  LockedFile file;
  file.name = object.text("name");
  file.version = object.text("version");
  file.filename = object.text("filename");
  file.index = object.text("index");
  file.sha256 = object.digest("sha256");
  file.size_bytes = object.number("size");
  file.required_by = object.texts("required_by");
  if (!python::is_valid_name(file.name) || python::normalize_name(file.name) != file.name)
    object.refuse("name", "is no normalised project name");
  if (!is_index_name(file.index)) object.refuse("index", "is no index name");
  return file;
}

LockedFile read_wheel(StrictObject& object) {
  LockedFile file = read_file(object);
  try {
    const auto name = python::WheelFilename::parse(file.filename);
    if (python::normalize_name(name.distribution) == file.name) return file;
  } catch (const Error&) {
    object.refuse("filename", "is no wheel's file name");
  }
  object.refuse("filename", fmt::format("is no wheel of `{}`", file.name));
}

LockedTool read_tool(StrictObject& object) {
  return {object.text("name"), object.text("version"), object.text("filename"), object.digest("sha256")};
}

const std::string& name_of(const LockedDeb& deb) { return deb.name; }
const std::string& name_of(const LockedFile& file) { return file.name; }
const std::string& name_of(const LockedSdist& sdist) { return sdist.sdist.name; }

/// Lists are sets by name: two entries of one name would let two readers disagree.
template <class T>
std::vector<T> read_sorted(StrictObject& parent, const std::string& name, T (*read)(StrictObject&)) {
  std::vector<T> items;
  parent.each(name, [&](StrictObject& object) {
    items.push_back(read(object));
    if (items.size() > 1 && name_of(items[items.size() - 2]) >= name_of(items.back()))
      object.refuse("name", "is twice in the list, or the list is not sorted");
  });
  return items;
}

LockedSdist read_sdist(StrictObject& object) {
  LockedSdist sdist;
  sdist.sdist = read_file(object);
  const auto name = python::SdistFilename::parse(sdist.sdist.filename);
  if (!name || python::normalize_name(name->distribution) != sdist.sdist.name)
    object.refuse("filename", fmt::format("is no source distribution of `{}`", sdist.sdist.name));
  sdist.build_requirements = read_sorted(object, "build", read_wheel);
  return sdist;
}

/// It becomes part of paths and of the first line of scripts; all of it is empty where a base has no Python.
void check_interpreter(const StrictObject& object, const LockedInterpreter& interpreter) {
  const auto& [version, full_version, path, glibc, scheme] = interpreter;
  if (version.empty() && full_version.empty() && path.empty()) return;
  if (!is_minor_python(version)) object.refuse("version", "is no version of Python such as 3.11");
  if (!full_version.starts_with(version + ".") || !python::Version::parse(full_version))
    object.refuse("full_version", fmt::format("is no release of Python {}", version));
  const bool is_place = path.starts_with('/') && why_unsafe_path(path.substr(1)).empty();
  if (!is_place || path.find(' ') != std::string::npos) object.refuse("path", "is no plain absolute path");
}

LockedInterpreter read_interpreter(StrictObject object) {
  LockedInterpreter interpreter{object.text("version"), object.text("full_version"), object.text("path"),
                                object.text("glibc")};
  if (object.find("scheme") != nullptr) interpreter.scheme = read_scheme(object.object("scheme"));
  object.finish();
  check_interpreter(object, interpreter);
  return interpreter;
}

void read_spec_part(StrictObject object, LockedImage& image) {
  image.spec_digest = object.digest("digest");
  if (const json* part = object.find("part")) image.spec_part = part->dump();
  object.finish();
}

void read_base(StrictObject object, LockedImage& image) {
  image.base_suite = object.text("suite");
  image.base_flavor = object.text("flavor");
  image.base = read_sorted(object, "packages", read_deb);
  image.base_dropped = object.texts("dropped");
  if (object.find("image") != nullptr) image.base_image = read_base_image(object.object("image"));
  object.finish();
}

void read_system(StrictObject object, LockedImage& image) {
  image.system_runtime = read_sorted(object, "runtime", read_deb);
  image.system_build = read_sorted(object, "build", read_deb);
  object.finish();
}

LockedImage read_image(StrictObject& object) {
  LockedImage image;
  image.variant = object.text("variant");
  image.platform = oci::Platform::parse(object.text("platform"));
  read_spec_part(object.object("spec"), image);
  object.each("releases", [&](StrictObject& item) { image.releases.push_back(read_release(item)); });
  read_base(object.object("base"), image);
  image.interpreter = read_interpreter(object.object("interpreter"));
  read_system(object.object("system"), image);
  image.wheels = read_sorted(object, "wheels", read_wheel);
  image.sdists = read_sorted(object, "sdists", read_sdist);
  image.dev = read_sorted(object, "dev", read_file);
  return image;
}

void check_version(StrictObject& object) {
  const std::uint64_t version = object.number("version");
  if (version == kLockFormatVersion) return;
  throw Error(ErrorKind::Spec, fmt::format("the lock has format version {}, this release of mlbuild reads version {}",
                                           version, kLockFormatVersion))
      .hint(version > kLockFormatVersion ? "use the release of mlbuild that wrote it, or a newer one"
                                         : "run `mlbuild lock` to write it anew");
}

/// nlohmann/json takes the last of two members of one name; a merge that kept both sides has them.
class UniqueNames {
 public:
  bool operator()(int, json::parse_event_t event, const json& value) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        count_item();
        open_.push_back({event == json::parse_event_t::array_start});
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        open_.pop_back();
        break;
      case json::parse_event_t::key:
        add_name(value.get_ref<const std::string&>());
        break;
      case json::parse_event_t::value:
        count_item();
        break;
    }
    return true;
  }

 private:
  struct Open {
    bool is_list;
    std::size_t items = 0;
    std::set<std::string> names = {};
    std::string name = {};  ///< the last one
  };

  void count_item() {
    if (!open_.empty()) ++open_.back().items;
  }

  void add_name(const std::string& name) {
    open_.back().name = name;
    if (open_.back().names.insert(name).second) return;
    throw Error(ErrorKind::Spec, fmt::format("`{}` is twice in the lock", printable(place())));
  }

  /// As StrictObject names it.
  std::string place() const {
    constexpr std::size_t kShownBytes = 100;
    std::string place;
    for (const Open& open : open_) {
      if (open.is_list) {
        place += fmt::format("[{}]", open.items - 1);
      } else {
        place += (place.empty() ? "" : ".") + open.name.substr(0, kShownBytes);
      }
    }
    return place;
  }

  std::vector<Open> open_;
};

json parse_text(std::string_view text) {
  if (text.size() > kSizeLimit) throw Error(ErrorKind::Spec, "the lock is larger than 64 MiB");
  if (json_depth(text) > kDepthLimit) throw Error(ErrorKind::Spec, "the lock is nested too deeply");
  // nlohmann/json takes a NUL byte for the end of its text.
  if (text.find('\0') != std::string_view::npos) throw Error(ErrorKind::Spec, "the lock holds a NUL character");
  try {
    UniqueNames unique;
    return json::parse(text, std::ref(unique));
  } catch (const json::parse_error& error) {
    const std::string_view before = text.substr(0, std::min<std::size_t>(error.byte, text.size()));
    const auto line = static_cast<unsigned>(1 + std::count(before.begin(), before.end(), '\n'));
    throw Error(ErrorKind::Spec, fmt::format("the lock is no JSON near line {}", line));
  } catch (const json::out_of_range&) {  // what a number beyond any double is for nlohmann/json
    throw Error(ErrorKind::Spec, "the lock holds a number that is too large");
  }
}

Lock read_lock(StrictObject object) {
  Lock lock;
  check_version(object);
  object.each("tools", [&](StrictObject& item) { lock.tools.push_back(read_tool(item)); });
  object.each("images", [&](StrictObject& item) {
    LockedImage image = read_image(item);
    if (lock.find(image.variant, image.platform) != nullptr)
      item.refuse("platform", "is twice in the lock for this variant");
    lock.images.push_back(std::move(image));
  });
  object.finish();
  return lock;
}

}  // namespace

Lock parse_lock(std::string_view text, const std::string& file) {
  try {
    const json value = parse_text(text);
    return read_lock(StrictObject(value, ""));
  } catch (Error& error) {
    throw error.at({file, 0, 0, 0}).hint("restore it from version control, or run `mlbuild lock` to write it anew");
  }
}

bool is_of_later_release(std::string_view text) {
  if (text.size() > kSizeLimit || json_depth(text) > kDepthLimit) return false;
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return false;
  const auto version = value.find("version");
  return version != value.end() && version->is_number_unsigned() && version->get<std::uint64_t>() > kLockFormatVersion;
}

}  // namespace mlbuild
