#include "data/classes/class_set.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "base/random.h"

namespace spinenet::data {
namespace {

constexpr size_t kNamed = 5;  // classes that a message names

std::vector<int64_t> pictures_per_class(const ClassSet& set) {
  std::vector<int64_t> count(set.classes.size());
  for (const ClassifiedPicture& picture : set.pictures) ++count[static_cast<size_t>(picture.label)];
  return count;
}

std::string some_of(std::vector<std::string> names) {
  const size_t more = names.size() > kNamed ? names.size() - kNamed : 0;
  names.resize(std::min(names.size(), kNamed));
  return fmt::format("\"{}\"{}", fmt::join(names, "\", \""), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

void check_no_empty_class(const ClassSet& set, std::string_view place) {
  std::vector<std::string> empty;
  const std::vector<int64_t> count = pictures_per_class(set);
  for (size_t label = 0; label < count.size(); ++label) {
    if (count[label] == 0) empty.push_back(set.classes[label].name);
  }
  if (empty.empty()) return;
  fail(ErrorKind::bad_data,
       fmt::format("{} of {} classes without a picture: {}", empty.size(), count.size(), some_of(empty)), place,
       "add pictures of them or take them off the list of classes");
}

ClassSet with_classes_of(const std::vector<detect::Category>& train, ClassSet val, bool ids, std::string_view place) {
  std::map<std::string, int, std::less<>> label_of_name;
  std::vector<std::string> names;
  for (const detect::Category& category : train) {
    label_of_name.emplace(category.name, static_cast<int>(names.size()));
    names.push_back(category.name);
  }
  const std::vector<int64_t> count = pictures_per_class(val);
  std::vector<int> label_of(val.classes.size(), -1);
  for (size_t i = 0; i < val.classes.size(); ++i) {
    const detect::Category& category = val.classes[i];
    const auto found = label_of_name.find(category.name);
    if (found == label_of_name.end()) {
      if (count[i] == 0) continue;
      fail(ErrorKind::bad_data, fmt::format("the class \"{}\" is not among those of the training set", category.name),
           place, remedy_for(category.name, names, "remove its pictures or train on it"));
    }
    label_of[i] = found->second;
    const detect::Category& known = train[static_cast<size_t>(found->second)];
    if (ids && known.id != category.id) {
      fail(ErrorKind::bad_data,
           fmt::format("the class \"{}\" has id {}, in the training set it has id {}", category.name, category.id,
                       known.id),
           place, "use the same categories in both files");
    }
  }
  for (ClassifiedPicture& picture : val.pictures) picture.label = label_of[static_cast<size_t>(picture.label)];
  val.classes = train;
  return val;
}

std::pair<ClassSet, ClassSet> hold_out(const ClassSet& set, double share, uint64_t seed) {
  const Random random(seed);
  std::vector<std::vector<std::pair<uint64_t, size_t>>> order(set.classes.size());  // a random number, the picture
  for (size_t i = 0; i < set.pictures.size(); ++i) {
    const ClassifiedPicture& picture = set.pictures[i];
    order[static_cast<size_t>(picture.label)].emplace_back(random.fork(static_cast<uint64_t>(picture.id)).next(), i);
  }
  std::vector<bool> held(set.pictures.size());
  for (auto& of_class : order) {
    std::ranges::sort(of_class);
    const auto wanted = static_cast<size_t>(std::llround(share * static_cast<double>(of_class.size())));
    for (size_t k = 0; k < wanted && k + 1 < of_class.size(); ++k) held[of_class[k].second] = true;
  }
  std::pair<ClassSet, ClassSet> parts{{set.classes, {}}, {set.classes, {}}};
  for (size_t i = 0; i < held.size(); ++i) {
    (held[i] ? parts.second : parts.first).pictures.push_back(set.pictures[i]);
  }
  if (parts.second.pictures.empty()) {
    fail(ErrorKind::bad_data, "the training set has too few pictures of each class for any to be held out",
         "data.hold_out", "set it to 0 and name a validation set");
  }
  return parts;
}

}  // namespace spinenet::data
