#include "name_budget.hpp"
#include "tar_guard.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <locale.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace mlbuild {
namespace {

constexpr std::size_t kMaxEntries = std::size_t{1} << 22U;

struct FreeArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};

/// libarchive converts pax names from UTF-8 to the locale's character set, and on the way to another UTF-8 normalises
/// them. In the "C" locale it gives up on what is not ASCII (with a warning) and hands out the bytes as they are, which
/// is what we want.
class CLocale {
 public:
  CLocale() : locale_(::newlocale(LC_ALL_MASK, "C", nullptr)), previous_(::uselocale(locale_)) {}
  ~CLocale() {
    ::uselocale(previous_);
    ::freelocale(locale_);
  }
  CLocale(const CLocale&) = delete;
  CLocale& operator=(const CLocale&) = delete;

 private:
  locale_t locale_;
  locale_t previous_;
};

/// libarchive's view of our stream, and the exception that must not cross its C code.
struct Input {
  TarGuard tar;
  Bytes buffer = Bytes(kStreamBufferBytes);
  std::exception_ptr failure{};
};

extern "C" la_ssize_t mlbuild_read_tar_block(archive* handle, void* user, const void** block) {
  Input& input = *static_cast<Input*>(user);
  try {
    const std::size_t count = input.tar.read(input.buffer);
    *block = input.buffer.data();
    return static_cast<la_ssize_t>(count);
  } catch (...) {
    input.failure = std::current_exception();  // rethrown by throw_archive_error
    archive_set_error(handle, EIO, "cannot read the input");
    return ARCHIVE_FATAL;
  }
}

[[noreturn]] void throw_archive_error(archive* handle, const Input& input) {
  if (input.failure) std::rethrow_exception(input.failure);
  const char* text = archive_error_string(handle);
  throw Error(ErrorKind::Foreign,
              fmt::format("tar is corrupt: {}", printable(text != nullptr ? text : "unknown reason")));
}

class EntryContent final : public Source {
 public:
  EntryContent(archive* handle, const Input& input) : handle_(handle), input_(input) {}
  std::size_t read(MutableByteSpan buffer) override {
    const la_ssize_t count = archive_read_data(handle_, buffer.data(), buffer.size());
    if (count < 0) throw_archive_error(handle_, input_);
    return static_cast<std::size_t>(count);
  }

 private:
  archive* handle_;
  const Input& input_;
};

/// nullptr at the end of the archive.
archive_entry* next_entry(archive* handle, const Input& input) {
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(handle, &entry);
  if (result == ARCHIVE_EOF) return nullptr;
  const char* text = archive_error_string(handle);
  const bool only_unconverted = result == ARCHIVE_WARN && text != nullptr &&
                                std::string_view(text).find("can't be converted") != std::string_view::npos;
  if (result != ARCHIVE_OK && !only_unconverted) throw_archive_error(handle, input);
  return entry;
}

[[noreturn]] void refuse(std::string_view path, const std::string& why) {
  throw Error(ErrorKind::Foreign, fmt::format("tar entry `{}` is refused: {}", printable(path.substr(0, 200)), why));
}

/// "./usr/" -> "usr", "./" -> "".
std::string normalised(std::string_view path) {
  while (path.starts_with("./")) {
    path.remove_prefix(2);
    while (path.starts_with('/')) path.remove_prefix(1);
  }
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path == "." ? "" : std::string(path);
}

std::string checked_path(const char* raw, const char* what) {
  if (raw == nullptr) throw Error(ErrorKind::Foreign, fmt::format("tar entry has a {} that cannot be read", what));
  std::string path = normalised(raw);
  if (path.empty()) return path;
  if (const std::string why = why_unsafe_path(path); !why.empty()) refuse(raw, fmt::format("{}: {}", what, why));
  return path;
}

TarType type_of(archive_entry* entry, std::string_view path) {
  if (archive_entry_hardlink(entry) != nullptr) return TarType::Hardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return TarType::File;
    case AE_IFDIR:
      return TarType::Directory;
    case AE_IFLNK:
      return TarType::Symlink;
    default:
      refuse(path, "it is neither file, directory nor link");
  }
}

std::string symlink_target(archive_entry* entry, std::string_view path) {
  const char* raw = archive_entry_symlink(entry);
  std::string target = raw != nullptr ? raw : "";
  if (target.empty()) refuse(path, "its link target is empty");
  if (target.size() > kLongestPathBytes) refuse(path, "its link target is longer than Linux takes");
  if (!is_valid_utf8(target)) refuse(path, "its link target is not valid UTF-8");
  return target;
}

std::uint64_t content_size(archive_entry* entry, std::string_view path) {
  if (archive_entry_size_is_set(entry) == 0 || archive_entry_size(entry) < 0) refuse(path, "it has no size");
  // A sparse file of a few hundred bytes may claim exbibytes.
  if (archive_entry_sparse_count(entry) != 0) refuse(path, "it is sparse");
  return static_cast<std::uint64_t>(archive_entry_size(entry));
}

std::uint64_t checked_id(la_int64_t id, std::string_view path) {
  if (id < 0 || id > la_int64_t{0xFFFFFFFF}) refuse(path, "its owner is not a 32-bit number");
  return static_cast<std::uint64_t>(id);
}

TarEntry convert(archive_entry* raw) {
  TarEntry entry;
  entry.path = checked_path(archive_entry_pathname(raw), "path");
  entry.type = type_of(raw, entry.path);
  entry.mode = static_cast<std::uint32_t>(archive_entry_perm(raw)) & 07777U;
  entry.uid = checked_id(archive_entry_uid(raw), entry.path);
  entry.gid = checked_id(archive_entry_gid(raw), entry.path);
  entry.mtime_seconds = archive_entry_mtime(raw);
  if (entry.type == TarType::File) entry.size_bytes = content_size(raw, entry.path);
  if (entry.type != TarType::File && archive_entry_size(raw) != 0) refuse(entry.path, "it is no file but has content");
  if (entry.type == TarType::Symlink) entry.link_target = symlink_target(raw, entry.path);
  if (entry.type == TarType::Hardlink) {
    entry.link_target = checked_path(archive_entry_hardlink(raw), "hard link target");
    if (entry.link_target.empty()) refuse(entry.path, "its link target is the root");
  }
  if (entry.path.empty() && entry.type != TarType::Directory) refuse("./", "the root is not a directory");
  return entry;
}

using OnEntry = std::function<void(const TarEntry&, Source& content)>;

bool is_odd_name(const char* name) {
  if (name == nullptr) return true;
  const std::string_view text(name);
  return !is_valid_utf8(text) || std::any_of(text.begin(), text.end(),
                                             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// What an image may hold, but nobody looks for.
bool is_odd(archive_entry* entry) {
  if (is_odd_name(archive_entry_pathname(entry))) return true;
  if (const char* target = archive_entry_hardlink(entry)) return is_odd_name(target);
  const auto type = archive_entry_filetype(entry);
  if (type == AE_IFLNK) {
    const char* target = archive_entry_symlink(entry);
    return target == nullptr || !is_valid_utf8(target);
  }
  return type == AE_IFCHR || type == AE_IFBLK || type == AE_IFIFO;
}

void read_entries(Source& tar, bool skip_odd, const OnEntry& on_entry) {
  const CLocale locale;
  Input input{TarGuard(tar)};
  const std::unique_ptr<archive, FreeArchive> handle(archive_read_new());
  archive_read_support_format_tar(handle.get());
  if (archive_read_open(handle.get(), &input, nullptr, mlbuild_read_tar_block, nullptr) != ARCHIVE_OK) {
    throw_archive_error(handle.get(), input);
  }
  NameBudget names;
  for (std::size_t count = 0;; ++count) {
    archive_entry* raw = next_entry(handle.get(), input);
    if (raw == nullptr) break;
    if (count == kMaxEntries) throw Error(ErrorKind::Foreign, fmt::format("tar has more than {} entries", kMaxEntries));
    const std::uint64_t size_bytes = input.tar.take_entry_size();
    if (skip_odd && is_odd(raw)) continue;
    const TarEntry entry = convert(raw);
    if (entry.size_bytes != size_bytes) refuse(entry.path, "its size is told in two ways");
    names.add_path(entry.path);
    names.add_text(entry.link_target);
    if (names.is_exceeded()) throw Error(ErrorKind::Foreign, "tar is refused: its names are too long together");
    if (entry.path.empty()) continue;
    EntryContent content(handle.get(), input);
    on_entry(entry, content);
  }
  input.tar.finish();
}

}  // namespace

void read_tar(Source& tar, const OnEntry& on_entry) { read_entries(tar, false, on_entry); }

void read_foreign_layer(Source& tar, const OnEntry& on_entry) { read_entries(tar, true, on_entry); }

}  // namespace mlbuild
