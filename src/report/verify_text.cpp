#include "mlbuild/report/verify_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kShownFiles = 5;

std::string_view kind_text(FileChange::Kind kind) {
  if (kind == FileChange::Kind::Added) return "only when built again";
  return kind == FileChange::Kind::Removed ? "only in the image" : "other content";
}

/// Why a layer is not the one that was built again, as far as its bytes tell.
std::string reason(const LayerComparison& layer) {
  if (!layer.made) return "the build makes no such layer";
  if (!layer.found) return "the image has no such layer";
  if (layer.other_key) return "made by another release of mlbuild, or from other inputs";
  return layer.files.empty() ? "same files, but in other bytes: modes, owners, times, order or compression"
                             : "same inputs, but other files";
}

std::string layer_text(const LayerComparison& layer) {
  std::string text = fmt::format("  differs  {}: {}\n", printable(layer.created_by), reason(layer));
  if (layer.found) text += fmt::format("             in the image  {}\n", layer.found->to_string());
  if (layer.made) text += fmt::format("             built again   {}\n", layer.made->to_string());
  for (std::size_t i = 0; i < std::min(kShownFiles, layer.files.size()); ++i) {
    text += fmt::format("             /{}: {}\n", printable(layer.files[i].path), kind_text(layer.files[i].kind));
  }
  if (layer.files.size() > kShownFiles)
    text += fmt::format("             and {} more files\n", layer.files.size() - kShownFiles);
  return text;
}

std::string config_text(const ImageComparison& comparison) {
  std::string text;
  for (const ConfigChange& change : comparison.config) {
    text += fmt::format("  differs  config, {}: `{}` in the image, `{}` built again\n", printable(change.name),
                        printable(change.before), printable(change.after));
  }
  return text;
}

json file_value(const FileChange& file) {
  return {{"path", file.path},
          {"found_bytes", file.before_bytes},
          {"made_bytes", file.after_bytes},
          {"difference", kind_text(file.kind)}};
}

json layer_value(const LayerComparison& layer) {
  json value{{"created_by", layer.created_by}, {"same", layer.same()}, {"size_bytes", layer.size_bytes}};
  if (layer.found) value["found"] = layer.found->to_string();
  if (layer.made) value["made"] = layer.made->to_string();
  if (layer.same()) return value;
  value["reason"] = reason(layer);
  value["files"] = json::array();
  for (const FileChange& file : layer.files) value["files"].push_back(file_value(file));
  return value;
}

}  // namespace

std::string verify_text(const VerifiedImage& image) {
  const ImageComparison& comparison = image.comparison;
  std::string text = fmt::format("{}  {}\n  built again from {}\n", image.name, image.found.to_string(), image.from);
  for (const LayerComparison& layer : comparison.layers) {
    if (!layer.same()) text += layer_text(layer);
  }
  text += config_text(comparison);
  if (!comparison.same_manifest && comparison.same_config && comparison.same_layers() == comparison.layers.size()) {
    text += fmt::format("  differs  manifest: built again it is {}; layers and config are the same\n",
                        image.made.to_string());
  }
  return text + fmt::format("  {} of {} layers are the same, byte for byte{}\n", comparison.same_layers(),
                            comparison.layers.size(), comparison.same() ? ", and so are config and manifest" : "");
}

std::string verify_json(const VerifiedImage& image) {
  json layers = json::array();
  for (const LayerComparison& layer : image.comparison.layers) layers.push_back(layer_value(layer));
  json config = json::array();
  for (const ConfigChange& change : image.comparison.config) {
    config.push_back({{"name", change.name}, {"found", change.before}, {"made", change.after}});
  }
  return json{{"image", image.name},
              {"digest", image.found.to_string()},
              {"made", image.made.to_string()},
              {"same", image.comparison.same()},
              {"from", image.from},
              {"layers", layers},
              {"config", config}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace mlbuild
