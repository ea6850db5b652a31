#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlbuild::test {

/// A real gzip layer of these files (path -> content), put into the store.
ImageLayer make_layer_of(BlobStore& store, const std::map<std::string, std::string>& files,
                         const std::string& created_by);

/// Two layers, "etc/hello" and "app/main.py", with entry point and user.
Image make_tiny_image(BlobStore& store, const std::string& architecture = "amd64");

}  // namespace mlbuild::test
