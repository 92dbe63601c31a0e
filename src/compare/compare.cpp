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

// seed-N and seed-N.json, the latter of a finished run.
bool is_folder_of_runs(const std::filesystem::path& folder) {
  std::error_code error;
  bool has_run = false;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with("seed-")) return false;
    has_run = true;
  }
  return !error && has_run;
}

// A comparison of a version that marked no folders: all that is in it are its pages and folders of runs.
bool is_older_comparison(const std::filesystem::path& folder) {
  std::error_code error;
  bool has_runs = false;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name == "compare.json" || name == "compare.html") continue;
    if (!is_folder_of_runs(at->path())) return false;
    has_runs = true;
  }
  return !error && has_runs;
}

ValidationSet open_validation_set(const CompareSetup& setup, const Entrant& entrant) {
  TrainRequest request;
  request.recipe = entrant.path;
  request.settings = setup.settings;
  request.progress = setup.progress;
  request.stop_signal = setup.stop_signal;
  ValidationSet set = setup.training.validation_set(request);
  if (set.images) return set;
  fail(ErrorKind::bad_data, "the recipes have no validation set", "data.val_annotations",
       "a comparison needs images to measure on");
}

// Of each recipe's run in the middle the last model where the last measurement counts, else the best one: no other is
// kept.
std::vector<NamedModel> models_of(const CompareSetup& setup, const std::vector<Entrant>& entrants,
                                  const Comparison& comparison) {
  std::vector<NamedModel> models;
  const bool last = comparison.at.kind == MeasuredAt::Kind::last;
  for (size_t i = 0; i < entrants.size(); ++i) {
    const ComparedRun* run = median_run(comparison.contestants[i], main_number(comparison.task));
    if (run == nullptr) continue;
    models.push_back({entrants[i].name,
                      run_folder(setup, entrants[i], run->seed) / (last ? "last.safetensors" : "best.safetensors")});
  }
  return models;
}

}  // namespace

std::optional<Comparison> compare(const CompareSetup& setup, int threads) {
  const std::vector<Entrant> entrants = read_entrants(setup);
  std::vector<std::string> names;
  for (const Entrant& entrant : entrants) names.push_back(entrant.name);
  const size_t baseline = baseline_of(names, setup.baseline);
  FolderClaim claim;
  claim.is_older = is_older_comparison;
  const OwnedFolder folder(setup.out, kComparisonFolder, claim);
  const ValidationSet set = open_validation_set(setup, entrants.front());
  auto comparison = run_comparison(setup, folder, entrants, static_cast<int>(set.classes.size()));
  if (!comparison) return std::nullopt;
  comparison->baseline = baseline;
  if (const auto steps = unlike_steps(*comparison)) log_warning(*steps);
  folder.file("compare.json").write(to_text(to_json(*comparison)));
  plot::ComparePage page = page_of(*comparison);
  page.images = compared_images(set, models_of(setup, entrants, *comparison), threads);
  folder.file("compare.html").write(plot::render_compare_page(page));
  log_info(fmt::format("page: {}", (setup.out / "compare.html").string()));
  return comparison;
}

}  // namespace spinenet::compare
