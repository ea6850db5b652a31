#include "fuzz_support.hpp"

#include "mlbuild/python/names.hpp"
#include "mlbuild/python/version.hpp"
#include "mlbuild/python/wheel.hpp"

// METADATA, WHEEL, RECORD, entry_points.txt and file names: small texts of one wheel, each parser sees every input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mlbuild;
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  fuzz::expect_value_or_error([&] { python::Metadata::parse(text); });
  fuzz::expect_value_or_error([&] { python::WheelFile::parse(text); });
  fuzz::expect_value_or_error([&] { python::WheelFilename::parse(text); });
  fuzz::expect_value_or_error([&] {
    for (const python::EntryPoint& entry : python::parse_entry_points(text)) {
      fuzz::require(entry.name.find('/') == std::string::npos);
      fuzz::require(python::entry_point_script(entry, "/bin/python").find(entry.module) != std::string::npos);
    }
  });
  fuzz::expect_value_or_error([&] {
    const std::string record = python::format_record(python::parse_record(text));
    fuzz::require(python::format_record(python::parse_record(record)) == record);
  });
  fuzz::expect_value_or_error([&] {
    if (const auto version = python::Version::parse(text))
      fuzz::require(python::Version::parse(version->to_string()) == version);
    if (const auto version = python::Version::parse("1.0")) python::satisfies(*version, text);
  });
  return 0;
}
