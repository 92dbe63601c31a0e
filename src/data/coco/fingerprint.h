// What two images have in common that are equal or nearly so: copies at another size or quality, neighbouring frames.
//
// The fingerprint of an image holds a checksum of its pixels, 64 bits that say where grey rises from column to column
// on a grid of 9 x 8 (the "difference hash"), and the grey of a grid of 16 x 16. Nearly equal are images whose bits
// differ in at most 6 places and whose greys differ by at most 8 on average. Images of one grey are compared by pixels
// alone.
//
// Thread contract: pure functions; an index is immutable.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "image/image.h"

namespace spinenet::data {

struct Fingerprint {
  uint64_t pixels = 0;
  uint64_t rises = 0;
  std::array<uint8_t, 256> grey{};  // [16, 16]
  bool flat = false;
};
Fingerprint make_fingerprint(const image::Image& image);

struct NearImage {
  size_t index = 0;
  bool equal = false;
};

class FingerprintIndex {
 public:
  explicit FingerprintIndex(std::vector<std::optional<Fingerprint>> prints);
  std::optional<NearImage> nearest(const Fingerprint& print) const;

 private:
  static constexpr int kBands = 7;  // one more than the bits that may differ: one band at least is the same

  std::vector<std::optional<Fingerprint>> prints_;
  std::unordered_map<uint64_t, size_t> by_pixels_;
  std::array<std::unordered_map<uint32_t, std::vector<uint32_t>>, kBands> by_band_;
};

// What the images of one video or of one original have in common in their names: the name up to the number of the frame
// at its end ("street_12_frame_", "video7/"), or up to Roboflow's ".rf." ("cat_jpg"). "" for other names, of which the
// number says nothing.
std::string group_of(std::string_view file_name);

}  // namespace spinenet::data
