#include "formats/stored_model.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/format.h"
#include "base/wide_checksum.h"

namespace spinenet::formats {
namespace {

std::string_view text_of(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

std::span<const char> bytes_of_values(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

bool are_floats(const TensorPlace& entry, std::string_view bytes) {
  return entry.type == ElementType::f32 && reinterpret_cast<uintptr_t>(bytes.data()) % alignof(float) == 0;
}

}  // namespace

StoredModel::StoredModel(const std::filesystem::path& path)
    : place_(path.string()), mapped_(path), header_(checked_header(mapped_.bytes(), place_)) {
  for (const TensorPlace& entry : header_.tensors) {
    const std::string_view bytes = data_of(entry, header_, text_of(mapped_.bytes()));
    if (are_floats(entry, bytes)) {
      const auto* first = reinterpret_cast<const float*>(bytes.data());
      weights_.emplace(entry.name, TensorView(entry.shape, {first, entry.count}));
    } else {
      const HostTensor& copy = copies_.emplace(entry.name, tensor_of(entry, bytes)).first->second;
      weights_.emplace(entry.name, TensorView(copy));
    }
  }
  file_ = model_of(header_.metadata, place_);
}

void StoredModel::check_values() const {
  check_data(header_, text_of(mapped_.bytes()), place_, [this](std::string_view part) { mapped_.release(part); });
  for (const auto& [name, view] : weights_) {
    check_finite(name, view.data, place_);
    release(view.data);
  }
}

std::string StoredModel::content() const {
  constexpr size_t kPiece = size_t{8} << 20;
  const std::span<const char> all = mapped_.bytes();
  uint64_t sum = 0;
  for (size_t at = 0; at < all.size(); at += kPiece) {
    const std::span<const char> piece = all.subspan(at, std::min(kPiece, all.size() - at));
    sum = wide_checksum(text_of(piece), sum);
    mapped_.release(piece);
  }
  return fmt::format("{:016x} {}", sum, all.size());
}

void StoredModel::release(std::span<const float> values) const {
  const std::span<const char> part = bytes_of_values(values), all = mapped_.bytes();
  if (part.data() >= all.data() && part.data() < all.data() + all.size()) mapped_.release(part);
}

}  // namespace spinenet::formats
