#include "search/study/begin_with.h"

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "search/study/study.h"

namespace spinenet::search {
namespace {

struct Source {
  std::string name;  // for messages
  arch::ScalePermuted backbone;
};

bool is_architecture(const std::string& source) {
  const std::span<const std::string> names = arch::architecture_names();
  return source.ends_with(".json") || std::find(names.begin(), names.end(), source) != names.end();
}

Source architecture_source(const std::string& source) {
  const arch::Architecture architecture = arch::find_architecture(source);
  if (architecture.edges != arch::Edges::all) {
    fail(ErrorKind::usage, fmt::format("it has edges {}, and a search has all", name_of(architecture.edges)), source,
         "leave edges out of it");
  }
  if (const auto* backbone = std::get_if<arch::ScalePermuted>(&architecture.backbone)) return {source, *backbone};
  fail(ErrorKind::usage, "it has no scale-permuted backbone", source, "begin with spinenet-49, say");
}

std::vector<Source> best_of_study(const StudyAddress& address, int count) {
  const std::string& place = address.shown();
  std::error_code none;
  if (!address.is_server() && !std::filesystem::exists(place, none)) {
    fail(ErrorKind::usage, "there is no study here, and no architecture has this name", place,
         remedy_for(place, arch::architecture_names(),
                    fmt::format("begin with a study or one of {}", fmt::join(arch::architecture_names(), ", "))));
  }
  const Study study = read_study(address);
  std::vector<const Trial*> order = ranked(study);
  if (order.empty()) fail(ErrorKind::usage, "no trial has been measured yet", place, "begin with another study");
  order.resize(std::min(order.size(), static_cast<size_t>(count)));
  std::vector<Source> sources;
  for (const Trial* trial : order) {
    sources.push_back({fmt::format("{}: trial {}", place, trial->number), backbone_of(study, *trial)});
  }
  return sources;
}

}  // namespace

std::vector<arch::Choices> begin_with(const std::vector<std::string>& sources, int count,
                                      const arch::SearchSpace& space) {
  std::vector<arch::Choices> found;
  std::unordered_set<uint64_t> seen;
  for (const std::string& text : sources) {
    const std::vector<Source> networks =
        is_architecture(text) ? std::vector{architecture_source(text)} : best_of_study(StudyAddress(text), count);
    for (const Source& network : networks) {
      if (!seen.insert(arch::canonical_hash(network.backbone)).second) continue;
      found.push_back(arch::choices_of(space, network.backbone, network.name));
    }
  }
  return found;
}

}  // namespace spinenet::search
