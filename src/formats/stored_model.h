// A model whose weights stay where they lie, in its file, which is mapped: for who runs it, and is done with the
// weights once they are packed.
//
// Invariant: `file.weights` is empty. The header and the metadata are checked when the model is opened; the values of
// the weights are looked at by check_values() alone. Views are good for as long as the StoredModel lives, and so long
// the file should not be cut short (base/mapped_file.h).
//
// Thread contract: const functions may be called from several threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/tensor_view.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"

namespace spinenet::formats {

class StoredModel {
 public:
  // ErrorKind::bad_data and unsupported as read_model.
  explicit StoredModel(const std::filesystem::path& path);

  const ModelFile& file() const { return file_; }
  // Floats as the file has them; numbers of another type, or that lie between the places of floats, as a copy.
  const WeightViews& weights() const { return weights_; }
  // ErrorKind::bad_data where the data are not those that the file's checksum is of, or a value is not finite.
  void check_values() const;
  // Tells the bytes of the file from any others: their number, and a checksum of all.
  std::string content() const;
  // The process no longer counts the memory of these values; they are read again where they are asked for again.
  void release(std::span<const float> values) const;

 private:
  std::string place_;
  MappedFile mapped_;
  SafetensorsHeader header_;
  ModelFile file_;
  Weights copies_;
  WeightViews weights_;
};

}  // namespace spinenet::formats
