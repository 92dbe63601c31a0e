#include "image/orientation.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace spinenet::image {
namespace {

constexpr std::array<uint8_t, 6> kExifMark = {'E', 'x', 'i', 'f', 0, 0};
constexpr unsigned kOrientationTag = 0x0112;

// Unsigned numbers in the byte order of a TIFF block; 0 outside of it.
struct TiffReader {
  std::span<const uint8_t> bytes;
  bool big_endian = false;

  uint32_t number(size_t offset, size_t length) const {
    if (offset > bytes.size() || bytes.size() - offset < length) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < length; ++i) value = value << 8 | bytes[offset + (big_endian ? i : length - 1 - i)];
    return value;
  }
};

// Where the upright pixel (y, x) lies in the stored image: swapped first, then counted from the far side.
struct Turn {
  bool swap, from_bottom, from_right;
};

constexpr Turn turn_of(int orientation) {
  constexpr std::array<Turn, 8> kTurns = {{{false, false, false},
                                           {false, false, true},
                                           {false, true, true},
                                           {false, true, false},
                                           {true, false, false},
                                           {true, true, false},
                                           {true, true, true},
                                           {true, false, true}}};
  return kTurns[static_cast<size_t>(std::clamp(orientation, 1, 8) - 1)];
}

}  // namespace

int exif_orientation(std::span<const uint8_t> tiff) {
  if (tiff.size() >= kExifMark.size() && std::equal(kExifMark.begin(), kExifMark.end(), tiff.begin())) {
    tiff = tiff.subspan(kExifMark.size());
  }
  if (tiff.size() < 8 || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return 1;
  const TiffReader reader{tiff, tiff[0] == 'M'};
  if (reader.number(2, 2) != 42) return 1;
  const size_t directory = reader.number(4, 4);
  const uint32_t entries = reader.number(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;  // tag, type, count, value
    if (entry + 12 > tiff.size()) return 1;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const bool is_long = reader.number(entry + 2, 2) == 4;  // some writers take LONG for SHORT
    const uint32_t value = reader.number(entry + 8, is_long ? 4 : 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

ImageSize upright_size(ImageSize stored, int orientation) {
  if (turn_of(orientation).swap) std::swap(stored.height, stored.width);
  return stored;
}

Image upright(Image stored, int orientation) {
  const Turn turn = turn_of(orientation);
  if (!turn.swap && !turn.from_bottom && !turn.from_right) return stored;
  const ImageSize size = upright_size({stored.height, stored.width}, orientation);
  Image result = make_image(size.height, size.width);
  const ptrdiff_t row = static_cast<ptrdiff_t>(stored.width) * 3;
  const ptrdiff_t step_down = turn.from_bottom ? -row : row;
  const ptrdiff_t step_right = turn.from_right ? -3 : 3;
  const uint8_t* corner = stored.at(turn.from_bottom ? stored.height - 1 : 0, turn.from_right ? stored.width - 1 : 0);
  uint8_t* target = result.pixels.data();
  for (int y = 0; y < result.height; ++y) {
    const uint8_t* source = corner + y * (turn.swap ? step_right : step_down);
    for (int x = 0; x < result.width; ++x, target += 3) {
      std::memcpy(target, source + x * (turn.swap ? step_down : step_right), 3);
    }
  }
  return result;
}

}  // namespace spinenet::image
