// How large a COCO file may be before it is refused unread.
#pragma once

#include <cstdint>

namespace spinenet::data {

struct CocoLimits {
  int64_t max_file_bytes = int64_t{2} << 30;
  int64_t max_string_bytes = int64_t{16} << 20;
};

}  // namespace spinenet::data
