#include "data/convert/cvat_mask.h"

#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "data/convert/set_text.h"

namespace spinenet::data {
namespace {

constexpr int64_t kMaxMaskPixels = int64_t{64} << 20;

[[noreturn]] void refuse_mask(std::string_view what, std::string_view place) {
  fail(ErrorKind::bad_data, what, place, "export the masks again");
}

std::vector<uint8_t> bytes_of_runs(std::string_view runs, int64_t pixels, std::string_view place) {
  std::vector<uint8_t> bytes;
  bytes.reserve(static_cast<size_t>(pixels));
  uint8_t value = 0;
  while (!runs.empty()) {
    const size_t end = std::min(runs.find(','), runs.size());
    const std::optional<int64_t> run = integer_in(runs.substr(0, end));
    if (!run || *run < 0 || *run > pixels - static_cast<int64_t>(bytes.size())) {
      refuse_mask("the runs of a mask do not fit into its rectangle", place);
    }
    bytes.insert(bytes.end(), static_cast<size_t>(*run), value);
    value = value == 0 ? 1 : 0;
    runs.remove_prefix(std::min(end + 1, runs.size()));
  }
  if (static_cast<int64_t>(bytes.size()) != pixels) refuse_mask("the runs of a mask do not fill its rectangle", place);
  return bytes;
}

// Runs of 0s and 1s in turn.
class Runs {
 public:
  void add(bool value, int64_t count) {
    if (count == 0) return;
    if (value != ones_) {
      counts_.push_back(0);
      ones_ = value;
    }
    counts_.back() += static_cast<uint32_t>(count);
  }
  std::vector<uint32_t> take() { return std::move(counts_); }

 private:
  std::vector<uint32_t> counts_{0};
  bool ones_ = false;
};

}  // namespace

CvatMask cvat_mask(const detect::Rle& rle) {
  CvatMask mask;
  mask.rect = detect::pixel_extent(rle);
  const std::vector<uint8_t> bytes = detect::decode_window(rle, mask.rect);
  Runs runs;
  for (const uint8_t byte : bytes) runs.add(byte != 0, 1);
  mask.runs = fmt::format("{}", fmt::join(runs.take(), ", "));
  return mask;
}

detect::Rle rle_of_cvat(const CvatMask& mask, int64_t height, int64_t width, std::string_view place) {
  const detect::PixelRect& rect = mask.rect;
  const bool inside = rect.x >= 0 && rect.y >= 0 && rect.width > 0 && rect.height > 0 && rect.x <= width - rect.width &&
                      rect.y <= height - rect.height;
  if (!inside) refuse_mask("the rectangle of a mask is not inside its image", place);
  if (rect.width > kMaxMaskPixels / rect.height || width > (int64_t{1} << 31) / height) {
    refuse_mask(fmt::format("a mask of {} x {} pixels is too large", rect.height, rect.width), place);
  }
  const std::vector<uint8_t> bytes = bytes_of_runs(mask.runs, rect.width * rect.height, place);
  Runs runs;
  runs.add(false, rect.x * height);
  for (int64_t x = 0; x < rect.width; ++x) {
    runs.add(false, rect.y);
    for (int64_t y = 0; y < rect.height; ++y) runs.add(bytes[static_cast<size_t>(y * rect.width + x)] != 0, 1);
    runs.add(false, height - rect.y - rect.height);
  }
  runs.add(false, (width - rect.x - rect.width) * height);
  return {height, width, runs.take()};
}

}  // namespace spinenet::data
