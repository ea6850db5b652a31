#include "chosen_image.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/run/copy_image.hpp"
#include "mlbuild/run/host_platform.hpp"

#include <fmt/format.h>

namespace mlbuild::cli {
namespace {

KeptImage open_kept_image(const ImagePlace& place, const std::string& text, World& world) {
  world.events().on(ActivityStarted{fmt::format("reading the image {}", text)});
  KeptImage kept;
  kept.source = open_place(place, world);
  kept.image = with_context([&] { return fmt::format("reading the image `{}`", text); },
                            [&] { return image_to_copy(*kept.source, host_platform()).images().front(); });
  for (ImageLayer& layer : kept.image.layers) layer.is_base = true;  // whoever made it may have used whiteouts
  kept.layers = std::make_unique<SourceBlobs>(*kept.source, ImageSet{kept.image});
  return kept;
}

}  // namespace

void refuse_spec_options(const SpecChoice& choice) {
  if ((choice.variant.empty() && !choice.locked) || !ImagePlace::parse_unless_file(choice.spec)) return;
  throw Error(ErrorKind::Usage, fmt::format("`{}` is for a spec, and `{}` is an image",
                                            choice.variant.empty() ? "--locked" : "--variant", printable(choice.spec)))
      .hint("leave the option out, or name the spec");
}

ChosenImage open_chosen_image(const SpecChoice& choice, World& world) {
  ChosenImage chosen;
  if (const std::optional<ImagePlace> place = ImagePlace::parse_unless_file(choice.spec))
    chosen.kept = open_kept_image(*place, choice.spec, world);
  else
    chosen.built = build_from_spec(choice, world);
  return chosen;
}

}  // namespace mlbuild::cli
