#include "input_fetcher.hpp"

#include "step_timer.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/index/python_index.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

namespace mlbuild {

PythonIndex InputFetcher::index_named(const std::string& name) const {
  const std::vector<SpecIndex>& indexes = request_.variant->indexes;
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    if (name == fmt::format("index-{}", i + 1)) return {name, indexes[i].url.value};
  }
  return context_.site.require_index();
}

/// The layer is read as far as it goes; only the file is kept.
void InputFetcher::fetch_base_file(const StepInput& input) const {
  const std::unique_ptr<BaseSource> source = context_.open_base(*request_.spec, *request_.variant->foreign_base);
  const oci::Descriptor& layer = request_.image->base_image->layers.at(input.layer).blob;
  const std::unique_ptr<Source> tar = decompress(source->open_layer(input.layer, layer));
  read_foreign_layer(*tar, [&](const TarEntry& entry, Source& content) {
    context_.cancellation.check();
    if (entry.path != input.filename || entry.type != TarType::File) return;
    const std::unique_ptr<BlobWriter> writer = context_.store.begin();
    copy(content, *writer);
    writer->commit(input.digest);
    context_.events.on(BytesFetched{input.size_bytes});
  });
  if (context_.store.find(input.digest)) return;
  throw Error(ErrorKind::Foreign,
              fmt::format("layer {} of the base has no `{}`", layer.digest.to_string(), input.filename));
}

void InputFetcher::fetch(const StepInput& input) const {
  context_.cancellation.check();
  FetchTimer timer(context_.events, input.label);
  const ByteProgress progress = [&](std::uint64_t bytes) {
    context_.cancellation.check();  // of this build alone, which the client does not know
    context_.events.on(BytesFetched{bytes});
  };
  with_context([&] { return fmt::format("fetching {}", input.label); },
               [&] {
                 if (input.kind == StepInput::Kind::BaseFile) {
                   fetch_base_file(input);
                 } else if (input.kind == StepInput::Kind::Deb) {
                   fetch_deb(context_.http, context_.store, context_.site.require_debian(), input.origin,
                             input.filename, input.digest, input.size_bytes, progress);
                 } else {
                   fetch_python_file(context_.http, context_.store, context_.store, index_named(input.origin),
                                     input.project, input.filename, input.digest, input.size_bytes, progress);
                 }
               });
  timer.finish(input.size_bytes);
}

std::uint64_t fetch_all(const std::vector<StepInput>& inputs, const InputFetcher& fetcher) {
  std::uint64_t bytes = 0;
  for (const StepInput& input : inputs) bytes += input.size_bytes;
  parallel_for(kParallelDownloads, inputs.size(), [&](std::size_t i) { fetcher.fetch(inputs[i]); });
  return bytes;
}

}  // namespace mlbuild
