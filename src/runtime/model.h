// A model file, opened and understood: what it says in its metadata, and the architecture in it as a value.
//
// Thread contract: free functions on their arguments; a Model is a plain value.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "arch/architecture.h"
#include "formats/stored_model.h"

namespace spinenet::runtime {

struct Model {
  std::filesystem::path path;
  formats::ModelFile file;
  arch::Architecture architecture;
  std::shared_ptr<const formats::StoredModel> stored = nullptr;  // where its weights lie, when file.weights is empty
};

// Of file.weights, or of the stored ones.
WeightViews weights_of(const Model& model);

// Whether it is the path of a model, where it could be the name of an architecture or the path of one, too: by its
// ending, or by how the file begins.
bool is_model_path(std::string_view name);

// ErrorKind::bad_data when the architecture in it makes no sense.
Model open_model(const std::filesystem::path& path);
// The same for who runs it: the weights stay in the file until prepare() has checked and packed them.
Model open_stored_model(const std::filesystem::path& path);
// As open_model, of a file's bytes; `path` only appears in messages.
Model open_model(std::span<const char> bytes, const std::filesystem::path& path);

// Warns where nothing was learned into the layers that answer: whatever such a model says of images is noise. Before
// prepare(), which takes the weights.
void warn_if_untrained(const Model& model);

}  // namespace spinenet::runtime
