// Messages about a name that does not exist: the nearest one that does, or all of them.
//
// Thread contract: pure functions.
#pragma once

#include <concepts>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace spinenet {

// Any range of texts, which must outlive it.
struct KnownNames {
  std::vector<std::string_view> list;

  template <std::ranges::input_range Names>
  requires std::convertible_to<std::ranges::range_reference_t<const Names&>, std::string_view> KnownNames(
      const Names& names)
      : list(std::ranges::begin(names), std::ranges::end(names)) {}
};

// The nearest to `wrong` by edit distance, "" when none is near.
std::string nearest_name(std::string_view wrong, const KnownNames& known);

// `did you mean "sgd"?`
std::string did_you_mean(std::string_view right);
// "use one of sgd, adamw"
std::string use_one_of(const KnownNames& known);
// The remedy of an unknown name: the nearest one; where none is near, `otherwise` or all of them.
std::string remedy_for(std::string_view wrong, const KnownNames& known, std::string_view otherwise = {});

// Throws `place: unknown key "epoch"; did you mean "epochs"?`, with `what` in the place of "key".
[[noreturn]] void unknown_name(ErrorKind kind, std::string_view what, std::string_view wrong, const KnownNames& known,
                               std::string_view place = {});

}  // namespace spinenet
