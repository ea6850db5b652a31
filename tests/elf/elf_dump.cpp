// Prints what mlbuild reads of ELF files, one a line as JSON, to be compared with readelf's words.
#include "mlbuild/base/error.hpp"
#include "mlbuild/elf/object.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>

using namespace mlbuild;

namespace {

class FileSource final : public Source {
 public:
  explicit FileSource(const char* path) : file_(path, std::ios::binary) {}
  std::size_t read(MutableByteSpan buffer) override {
    file_.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));  // NOLINT
    return static_cast<std::size_t>(file_.gcount());
  }

 private:
  std::ifstream file_;
};

nlohmann::json dump(const elf::Object& object) {
  nlohmann::json needs = nlohmann::json::array();
  for (const elf::VersionNeed& need : object.version_needs) needs.push_back({need.file, need.version, need.weak});
  return {{"bits", object.bits},
          {"machine", elf::machine_name(object.machine)},
          {"interpreter", object.interpreter},
          {"soname", object.soname},
          {"needed", object.needed},
          {"rpath", object.rpath.value_or("")},
          {"runpath", object.runpath.value_or("")},
          {"needs", needs},
          {"versions", object.versions},
          {"python", object.python_init},
          {"gpu", object.gpu_code}};
}

}  // namespace

int main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    nlohmann::json line;
    try {
      FileSource file(arguments[i]);
      if (const auto object = elf::read_object(file)) line = dump(*object);
    } catch (const Error& error) {
      line = {{"error", error.what()}};
    }
    std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
}
