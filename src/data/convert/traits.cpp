#include "data/convert/traits.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.h"
#include "data/convert/set_text.h"

namespace spinenet::data {
namespace {

struct NamedFlag {
  std::string_view name;
  bool SetObject::*flag;
  bool TraitsWanted::*wanted;
};
constexpr std::array<NamedFlag, 4> kFlags{{{"is_crowd", &SetObject::crowd, &TraitsWanted::crowd},
                                           {"difficult", &SetObject::difficult, &TraitsWanted::difficult},
                                           {"truncated", &SetObject::truncated, &TraitsWanted::truncated},
                                           {"occluded", &SetObject::occluded, &TraitsWanted::occluded}}};

}  // namespace

bool is_flag(std::string_view name) {
  return std::any_of(kFlags.begin(), kFlags.end(), [&](const NamedFlag& known) { return known.name == name; });
}

void set_trait(SetObject& object, std::string_view name, std::string_view value) {
  const std::optional<bool> flag = flag_in(value);
  for (const NamedFlag& known : kFlags) {
    if (known.name != name || !flag) continue;
    object.*known.flag = object.*known.flag || *flag;
    return;
  }
  if (name == "pose") {
    object.pose = value == "Unspecified" ? "" : std::string(value);
  } else {
    object.attributes[std::string(name)] = std::string(value);
  }
}

std::map<std::string, std::string> traits_of(const SetObject& object, const TraitsWanted& wanted) {
  std::map<std::string, std::string> traits = object.attributes;
  for (const NamedFlag& known : kFlags) {
    if (object.*known.flag && wanted.*known.wanted) traits[std::string(known.name)] = "true";
  }
  if (!object.pose.empty() && wanted.pose) traits["pose"] = object.pose;
  return traits;
}

void count_traits(const SetObject& object, const TraitsWanted& wanted, std::string_view format, Tally& tally) {
  for (const NamedFlag& known : kFlags) {
    if (object.*known.flag && wanted.*known.wanted) {
      ++tally[fmt::format("flags \"{}\", which {} cannot say", known.name, format)];
    }
  }
  if (!object.pose.empty() && wanted.pose) ++tally[fmt::format("poses, which {} cannot say", format)];
  if (!object.attributes.empty()) ++tally[fmt::format("objects with attributes, which {} cannot say", format)];
}

}  // namespace spinenet::data
