// What formats say of an object beside class, box and mask, as names with values: the flags difficult, truncated,
// occluded and is_crowd, the pose, and whatever else a format's attributes hold.
//
// Thread contract: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "data/convert/labelled_set.h"

namespace spinenet::data {

// difficult, truncated, occluded and is_crowd.
bool is_flag(std::string_view name);
// Sets the flag of that name where the value is one, else the attribute.
void set_trait(SetObject& object, std::string_view name, std::string_view value);

// Which of them are said in a place of their own, not as attributes.
struct TraitsWanted {
  bool crowd = true, difficult = true, truncated = true, occluded = true, pose = true;
};
// The flags that are set ("true"), the pose where there is one, and all attributes.
std::map<std::string, std::string> traits_of(const SetObject& object, const TraitsWanted& wanted = {});

// Counts what of the object a format cannot say; `wanted` is what is to be counted, besides attributes.
void count_traits(const SetObject& object, const TraitsWanted& wanted, std::string_view format, Tally& tally);

}  // namespace spinenet::data
