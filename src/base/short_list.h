// A list that keeps up to N items in itself and only a longer one in memory of its own: for the many lists of one to
// four numbers in a Program, whose allocations would be most of the time that building one takes.
//
// Invariant: at most one of the two places holds items. Thread contract: a plain value, as std::vector.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <vector>

namespace spinenet {

template <class T, size_t N>
class ShortList {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  ShortList() = default;
  ShortList(std::initializer_list<T> items) : ShortList(items.begin(), items.end()) {}
  ShortList(const std::vector<T>& items) : ShortList(items.data(), items.data() + items.size()) {}
  ShortList(const T* first, const T* last) {
    if (static_cast<size_t>(last - first) > N) {
      many_ = std::make_unique<std::vector<T>>(first, last);
    } else {
      few_count_ = static_cast<size_t>(std::copy(first, last, few_.begin()) - few_.begin());
    }
  }
  ShortList(const ShortList& other) : ShortList(other.begin(), other.end()) {}
  ShortList(ShortList&&) noexcept = default;
  ShortList& operator=(const ShortList& other) { return *this = ShortList(other); }
  ShortList& operator=(ShortList&&) noexcept = default;
  ~ShortList() = default;
  operator std::vector<T>() const { return {begin(), end()}; }

  size_t size() const { return many_ ? many_->size() : few_count_; }
  bool empty() const { return size() == 0; }
  T* begin() { return many_ ? many_->data() : few_.data(); }
  T* end() { return begin() + size(); }
  const T* begin() const { return many_ ? many_->data() : few_.data(); }
  const T* end() const { return begin() + size(); }
  T& operator[](size_t i) { return begin()[i]; }
  const T& operator[](size_t i) const { return begin()[i]; }
  const T& front() const { return *begin(); }
  const T& back() const { return *(end() - 1); }

  void push_back(T item) {
    if (!many_ && few_count_ < N) {
      few_[few_count_++] = item;
      return;
    }
    if (!many_) many_ = std::make_unique<std::vector<T>>(few_.begin(), few_.end());
    few_count_ = 0;
    many_->push_back(item);
  }
  void pop_back() { many_ ? many_->pop_back() : static_cast<void>(--few_count_); }
  void clear() { *this = ShortList(); }

  bool operator==(const ShortList& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }
  bool operator==(const std::vector<T>& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  size_t few_count_ = 0;
  std::array<T, N> few_{};
  std::unique_ptr<std::vector<T>> many_;  // all items, once there were more than N
};

}  // namespace spinenet
