#include "compare/compare.h"

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "compare/images.h"
#include "compare/view.h"

namespace spinenet::compare {
namespace {

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
  const ValidationSet set = open_validation_set(setup, entrants.front());
  auto comparison = run_comparison(setup, entrants, static_cast<int>(set.classes.size()));
  if (!comparison) return std::nullopt;
  write_file_atomic(setup.out / "compare.json", to_text(to_json(*comparison)));
  plot::ComparePage page = page_of(*comparison);
  page.images = compared_images(set, models_of(setup, entrants, *comparison), threads);
  write_file_atomic(setup.out / "compare.html", plot::render_compare_page(page));
  log_info(fmt::format("page: {}", (setup.out / "compare.html").string()));
  return comparison;
}

}  // namespace spinenet::compare
