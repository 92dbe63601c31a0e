// How large a COCO file may be before it is refused unread, and how a large one is read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spinenet::data {

struct CocoLimits {
  int64_t max_file_bytes = int64_t{2} << 30;
  int64_t max_string_bytes = int64_t{16} << 20;
};

// A list of more than `bytes` is parsed in pieces of about that length (list_pieces.h), the tables of one taking ten
// times as much. What is read, and what is said of faults, is the same for all numbers.
struct CocoPieces {
  size_t bytes = size_t{256} << 10;
  int threads = 0;  // 0: all cores this process may use
};

}  // namespace spinenet::data
