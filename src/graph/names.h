// Names of operations and parameters, made and looked up without a copy too many: programs have a thousand of them, and
// a search lowers ten thousand programs a second.
//
// Thread contract: plain functions; a NameIndex belongs to one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::graph {

// One allocation; operator+ makes two.
inline std::string joined(std::string_view scope, std::string_view part, std::string_view number = {}) {
  std::string name(scope.size() + part.size() + number.size(), ' ');
  char* end = std::copy(scope.begin(), scope.end(), name.data());
  end = std::copy(part.begin(), part.end(), end);
  std::copy(number.begin(), number.end(), end);
  return name;
}

// Finds names that were met before: a hash table (open addressing, linear probing) of numbers whose names stay with the
// caller. Invariant: at least a quarter of the slots is free.
class NameIndex {
 public:
  // Room for so many names without growing.
  explicit NameIndex(size_t expected = 0) {
    size_t size = kLeastSize;
    while (is_crowded(expected, size)) size *= 2;
    slots_.resize(size);
    mask_ = size - 1;
  }

  // The number that was added under this name, or -1 after adding `number`. name_of(n) is the name of an added number.
  template <class NameOf>
  int find_or_add(std::string_view name, int number, const NameOf& name_of) {
    if (is_crowded(count_ + 1, mask_ + 1)) grow();
    const uint32_t hash = hash_of(name);
    size_t place = hash & mask_;
    Slot* const slots = slots_.data();
    for (; slots[place].taken(); place = (place + 1) & mask_) {
      if (slots[place].hash == hash && name_of(slots[place].number()) == name) return slots[place].number();
    }
    slots[place] = {hash, number + 1};
    ++count_;
    return -1;
  }

 private:
  static constexpr uint64_t kOdd = 0x9e3779b97f4a7c15, kOther = 0xc2b2ae3d27d4eb4f;  // spread bits upwards
  static constexpr size_t kLeastSize = 16;                                           // a power of two, as every size

  struct Slot {
    uint32_t hash = 0;
    int number_plus_one = 0;

    bool taken() const { return number_plus_one > 0; }
    int number() const { return number_plus_one - 1; }
  };

  static bool is_crowded(size_t names, size_t slots) { return 4 * names > 3 * slots; }

  // Sixteen bytes at a time; the last ones may overlap those before.
  static uint32_t hash_of(std::string_view name) {
    const auto word = [&name](size_t place, size_t bytes) {
      uint64_t value = 0;
      std::memcpy(&value, name.data() + place, bytes);
      return value;
    };
    const size_t size = name.size();
    uint64_t hash = size;
    for (size_t place = 0; place + 16 < size; place += 16) {
      hash = (hash ^ word(place, 8)) * kOdd + word(place + 8, 8) * kOther;
    }
    if (size >= 16) {
      hash = (hash ^ word(size - 16, 8)) * kOdd + word(size - 8, 8) * kOther;
    } else if (size >= 8) {
      hash = (hash ^ word(0, 8)) * kOdd + word(size - 8, 8) * kOther;
    } else {
      hash = (hash ^ word(0, size)) * kOdd;
    }
    return static_cast<uint32_t>((hash ^ (hash >> 29)) * kOdd >> 32);
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (!slot.taken()) continue;
      size_t place = slot.hash & mask_;
      while (slots_[place].taken()) place = (place + 1) & mask_;
      slots_[place] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t mask_ = 0;  // number of slots less one
  size_t count_ = 0;
};

}  // namespace spinenet::graph
