// How many samples a search space has, exactly.
#include <algorithm>
#include <cmath>

#include "arch/search_space.h"
#include "arch/search_space_layout.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

// An integer of any length that can be multiplied.
class Product {
 public:
  void multiply(uint64_t factor) {
    unsigned __int128 carry = 0;
    for (uint32_t& digits : digits_) {
      carry += static_cast<unsigned __int128>(digits) * factor;
      digits = static_cast<uint32_t>(carry % kBase);
      carry /= kBase;
    }
    for (; carry > 0; carry /= kBase) digits_.push_back(static_cast<uint32_t>(carry % kBase));
    log10_ += std::log10(factor);
  }
  void multiply(size_t factor, size_t times) {
    for (size_t i = 0; i < times; ++i) multiply(factor);
  }

  std::string text() const {
    std::string text = fmt::format("{}", digits_.back());
    for (size_t i = digits_.size() - 1; i-- > 0;) text += fmt::format("{:09}", digits_[i]);
    return text;
  }
  double log10() const { return log10_; }

 private:
  static constexpr uint32_t kBase = 1'000'000'000;
  std::vector<uint32_t> digits_{1};  // nine decimal places each, the last ones first
  double log10_ = 0;
};

void multiply_permutations(const SearchSpace& space, Product& product) {
  if (!space.permute) return;
  for (size_t i = 2; i <= space.intermediate_levels.size(); ++i) product.multiply(i, 1);
  for (size_t i = 2; i <= space.output_levels.size(); ++i) product.multiply(i, 1);
}

void multiply_connections(const SearchSpace& space, Product& product) {
  if (!space.connect) return;
  for (size_t block = 0; block < Layout(space).blocks; ++block) {
    const auto [begin, end] = parent_candidates(space, block);
    const auto n = static_cast<uint64_t>(end - begin);
    uint64_t sets = 0, of_size = n;  // C(n, 1)
    for (uint64_t size = 2; size <= std::min<uint64_t>(n, static_cast<uint64_t>(space.max_parents)); ++size) {
      of_size = of_size * (n - size + 1) / size;
      sets += of_size;
    }
    product.multiply(sets);
  }
}

}  // namespace

SpaceSize size_of(const SearchSpace& space) {
  validate(space);
  const Layout layout(space);
  const auto text_of = [](const auto& multiply_into) {
    Product product;
    multiply_into(product);
    return product.text();
  };
  const auto shifts = [&](Product& p) { p.multiply(space.level_shifts.size(), layout.intermediates); };
  const auto kinds = [&](Product& p) { p.multiply(space.kinds.size(), layout.blocks); };
  const auto widths = [&](Product& p) { p.multiply(space.widths.size(), layout.blocks); };
  Product total;
  multiply_permutations(space, total);
  multiply_connections(space, total);
  shifts(total);
  kinds(total);
  widths(total);
  return {text_of([&](Product& p) { multiply_permutations(space, p); }),
          text_of([&](Product& p) { multiply_connections(space, p); }),
          text_of(shifts),
          text_of(kinds),
          text_of(widths),
          total.text(),
          total.log10()};
}

}  // namespace spinenet::arch
