#include "detect/mask_columns.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::detect {

Rle encode_columns(std::span<const uint8_t> mask, int64_t height, int64_t width) {
  if (height < 0 || width < 0 || static_cast<int64_t>(mask.size()) != height * width) {
    fail(ErrorKind::bad_data, fmt::format("a mask of {} x {} pixels cannot have {} bytes", height, width, mask.size()));
  }
  Rle rle{height, width, {}};
  bool value = false;
  for (size_t at = 0; at < mask.size();) {
    const size_t begin = at;
    while (at < mask.size() && (mask[at] != 0) == value) ++at;
    rle.counts.push_back(static_cast<uint32_t>(at - begin));
    value = !value;
  }
  if (rle.counts.empty()) rle.counts.push_back(0);
  return rle;
}

void decode_columns(const Rle& rle, std::span<uint8_t> out) {
  const uint64_t total = std::accumulate(rle.counts.begin(), rle.counts.end(), uint64_t{0});
  if (out.size() != total) {
    fail(ErrorKind::bad_data, fmt::format("the runs of a mask of {} x {} pixels sum to {}; there is room for {}",
                                          rle.height, rle.width, total, out.size()));
  }
  size_t at = 0;
  for (size_t i = 0; i < rle.counts.size(); ++i) {
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(at), rle.counts[i], static_cast<uint8_t>(i % 2));
    at += rle.counts[i];
  }
}

}  // namespace spinenet::detect
