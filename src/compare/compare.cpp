#include "compare/compare.h"

#include <array>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "compare/images.h"
#include "compare/view.h"

namespace spinenet::compare {
namespace {

constexpr std::array<std::string_view, 3> kComparisonFiles{"compare.json", "compare.html", "*/seed-*.json"};
constexpr FolderKind kComparisonFolder{"a comparison", kComparisonFiles};

// A comparison of a version that marked no folders: all that is in it are its pages and folders of runs.
bool is_older_comparison(const std::filesystem::path& folder) {
  bool has_run = false;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name == "compare.json" || name == "compare.html") continue;
    std::error_code none;
    const bool run = std::filesystem::is_regular_file(at->path() / "seed-1" / "recipe.yaml", none);
    has_run = has_run || run;
    if (!run) return false;
  }
  return !error && has_run;
}

ValidationSet open_validation_set(const CompareSetup& setup, const Entrant& entrant) {
  ValidationSet set = setup.training.validation_set(entrant.path, setup.settings, setup.progress);
  if (set.images) return set;
  fail(ErrorKind::bad_data, "the recipes have no validation set", "data.val_annotations",
       "a comparison needs images to measure on");
}

// The best model of each recipe's run in the middle.
std::vector<NamedModel> models_of(const CompareSetup& setup, const std::vector<Entrant>& entrants,
                                  const Comparison& comparison) {
  std::vector<NamedModel> models;
  for (size_t i = 0; i < entrants.size(); ++i) {
    const ComparedRun* run = median_run(comparison.contestants[i], main_number(comparison.task));
    if (run == nullptr) continue;
    models.push_back({entrants[i].name, run_folder(setup, entrants[i], run->seed) / "best.safetensors"});
  }
  return models;
}

}  // namespace

std::optional<Comparison> compare(const CompareSetup& setup, int threads) {
  const std::vector<Entrant> entrants = read_entrants(setup);
  FolderClaim claim;
  claim.is_older = is_older_comparison;
  const OwnedFolder folder(setup.out, kComparisonFolder, claim);
  const ValidationSet set = open_validation_set(setup, entrants.front());
  auto comparison = run_comparison(setup, folder, entrants, static_cast<int>(set.classes.size()));
  if (!comparison) return std::nullopt;
  folder.file("compare.json").write(to_text(to_json(*comparison)));
  plot::ComparePage page = page_of(*comparison);
  page.images = compared_images(set, models_of(setup, entrants, *comparison), threads);
  folder.file("compare.html").write(plot::render_compare_page(page));
  log_info(fmt::format("page: {}", (setup.out / "compare.html").string()));
  return comparison;
}

}  // namespace spinenet::compare
