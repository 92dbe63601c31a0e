#include "image/orientation.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "image/tiff_numbers.h"

namespace spinenet::image {
namespace {

constexpr std::array<uint8_t, 6> kExifMark = {'E', 'x', 'i', 'f', 0, 0};
constexpr uint32_t kOrientationTag = 0x0112;

// Where the upright pixel (y, x) lies in the stored image: swapped first, then counted from the far side.
struct QuarterTurn {
  bool swap, from_bottom, from_right;
};

constexpr QuarterTurn turn_of(int orientation) {
  constexpr std::array<QuarterTurn, 8> kTurns = {{{false, false, false},
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
  const std::optional<TiffNumbers> numbers = tiff_numbers(tiff);
  if (!numbers) return 1;
  const size_t directory = numbers->number(4, 4);
  uint32_t i = 0;
  while (const std::optional<TiffEntry> entry = tiff_entry(*numbers, directory, i++)) {
    if (entry->tag != kOrientationTag) continue;
    return entry->value >= 1 && entry->value <= 8 ? static_cast<int>(entry->value) : 1;
  }
  return 1;
}

ImageSize upright_size(ImageSize stored, int orientation) {
  if (turn_of(orientation).swap) std::swap(stored.height, stored.width);
  return stored;
}

Image upright(Image stored, int orientation) {
  const QuarterTurn turn = turn_of(orientation);
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
