// Packed weights kept in a file from one start of the program to the next, which then packs nothing.
//
// A file is used only where all that packing depends on is the same: the whole content of the model's file, the version
// of the packing, the instruction set and the place of every parameter; and where the file is whole by its own
// checksums. Another one is not trusted: the weights are packed again, and so the file is written. Its name tells the
// model's path and the layout, so that the weights of a model that changed take the place of the former ones.
//
// Invariant: files lie in a folder of this program (base/owned_folder.h) and are written whole. Thread contract: free
// functions; several processes may read and write the same file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/owned_folder.h"

namespace spinenet::engine {

// Where packed weights of a model are kept.
struct PackedStore {
  std::filesystem::path folder;
  std::filesystem::path model;
  std::string content;  // tells the content of the model's file from any other
};

// What a file holds: what its values depend on, as text, and the values.
struct PackedWeights {
  std::string_view key;
  std::span<const float> values;
};
// Nothing for bytes that are no whole file of packed weights. They begin at a multiple of four bytes.
std::optional<PackedWeights> parse_packed(std::span<const char> bytes);
// All that comes before the values in such a file.
std::string packed_header(const PackedWeights& weights);

// `layout`: what the weights depend on beside the model's content. Null where no file has these weights; one that is
// damaged is named in a warning.
std::shared_ptr<const float[]> find_packed(const PackedStore& store, std::string_view layout, size_t count);
// Before anything is packed that is to be kept. Errors as OwnedFolder.
OwnedFolder take_packed_folder(const PackedStore& store);
// A file that cannot be written is a warning.
void keep_packed(const OwnedFolder& folder, const PackedStore& store, std::string_view layout,
                 std::span<const float> values);

}  // namespace spinenet::engine
