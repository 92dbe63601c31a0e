// Ids that were seen, in one block of memory: in a file of a million annotations, nodes of their own would lie between
// all that stays and keep its pages.
//
// Invariant: at most half of the slots are taken, and there is always a free one. Ids are not negative.
// Thread contract: an IdSet belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace spinenet::data {

class IdSet {
 public:
  void reserve(size_t count) {
    if (2 * count > slots_.size()) rehash(2 * count);
  }
  // False when the id was there before.
  bool insert(int64_t id) {
    reserve(count_ + 1);
    int64_t& slot = slots_[place_of(id)];
    if (slot == id) return false;
    slot = id;
    ++count_;
    return true;
  }
  size_t size() const { return count_; }

 private:
  static constexpr int64_t kFree = -1;

  // Of the id, or where it would be.
  size_t place_of(int64_t id) const {
    const size_t mask = slots_.size() - 1;
    size_t at = static_cast<size_t>(static_cast<uint64_t>(id) * 0x9E3779B97F4A7C15U >> 20) & mask;
    while (slots_[at] != kFree && slots_[at] != id) at = (at + 1) & mask;
    return at;
  }
  void rehash(size_t least) {
    size_t size = 64;
    while (size < least) size *= 2;
    const std::vector<int64_t> before = std::move(slots_);
    slots_.assign(size, kFree);
    for (const int64_t id : before) {
      if (id != kFree) slots_[place_of(id)] = id;
    }
  }

  std::vector<int64_t> slots_;
  size_t count_ = 0;
};

}  // namespace spinenet::data
