#include "search/search_recipe.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "base/yaml_file.h"

namespace spinenet::search {

static void fields(FieldList& list, ProxyRecipe& p) {
  list("recipe", p.recipe, "The training recipe, relative to this file");
  list("settings", p.settings, "Changes to it, each as for train --set");
  list("data_root", p.data_root, "Where its data lies on this machine; empty: as the training recipe says");
  list("epochs", p.epochs, "Passes over the training images of a trial", at_least(1));
  list("hold_out", p.hold_out, "Share of the training images that a trial is measured on; 0: the validation set",
       between(0, 0.9));
  list("image_size", p.image_size, "Height and width; 0: as in the training recipe", at_least(0));
  list(
      "multiply_adds", p.multiply_adds,
      "Widths of every candidate are scaled until it costs at most so many; 0: architecture.filter_size_scale as it is",
      between(0, 1e18));
  list("metric", p.metric, "What the search maximises: AP, AP50, APs, ...");
  list("timeout_minutes", p.timeout_minutes, "Longest time of a trial; 0: any", at_least(0));
  list("memory_gb", p.memory_gb, "Most memory of a trial; 0: any", at_least(0));
  list("inherit", p.inherit,
       "A trial begins with the weights of the nearest earlier one, as far as tensors fit; scores are corrected for "
       "age");
}

static void fields(FieldList& list, HalvingRecipe& h) {
  list("epochs", h.epochs, "Epochs after which weak trials end, rising; empty: all are trained to the end",
       at_least(1));
  list("keep", h.keep, "Share that goes on at each", between(0.01, 1));
  list("warmup", h.warmup, "Earlier trials that must have come so far before any is ended", at_least(1));
}

static void fields(FieldList& list, PriceRecipe& p) {
  list("metric", p.metric, "multiply_adds, parameters or latency_ms");
  list("target", p.target, "What it should cost; 0: no price", at_least(0));
  list("exponent", p.exponent, "The score is multiplied by (cost / target) to this power");
  list("soft", p.soft, "Also below the target, so that savings count");
}

static void fields(FieldList& list, ConstraintRecipe& c) {
  list("max_multiply_adds", c.max_multiply_adds, "Of the trained network; dearer ones are rejected untrained; 0: any",
       at_least(0));
  list("min_multiply_adds", c.min_multiply_adds, "Cheaper ones are rejected untrained; 0: any", at_least(0));
  list("max_parameters", c.max_parameters, "Larger ones are rejected untrained; 0: any", at_least(0));
}

void fields(FieldList& list, SearchRecipe& r) {
  list("base_space", r.base_space, "The space that `space` changes: spinenet-49, r0-sp53, hourglass or fish");
  list.group("space", r.space, "What can be found");
  list.group("algorithm", r.algorithm, "How it is looked for");
  list.group("proxy", r.proxy, "What a trial trains");
  list.group("halving", r.halving, "Ending weak trials early");
  list.group("price", r.price, "A second objective in the score");
  list.group("constraints", r.constraints, "What is not worth training");
  list("first", r.first, "Choices of the first trials, of this space (search --begin-with writes them)");
  list("trials", r.trials, "Trials of the study", at_least(1));
  list("seed", r.seed, "The same seed suggests the same trials, for any number of workers");
  list("lag", r.lag, "Trial k knows exactly trials 0 to k - lag: at least the number of workers, or some will wait",
       at_least(1));
}

std::string search_recipe_keys() {
  return "# Keys of a search recipe\n\nWritten by `spinenet search --keys`.\n\n" + document(SearchRecipe{});
}

namespace {

void check(const SearchRecipe& recipe, std::string_view place) {
  validate(recipe.space);
  if (recipe.proxy.recipe.empty()) {
    fail(ErrorKind::bad_data, "proxy.recipe is missing", place, "name the training recipe that a trial runs");
  }
  for (size_t i = 0; i < recipe.first.size(); ++i) {
    arch::replay(recipe.space, recipe.first[i], fmt::format("{}: first[{}]", place, i));
  }
  const std::vector<int>& rungs = recipe.halving.epochs;
  const bool rising = std::ranges::adjacent_find(rungs, std::ranges::greater_equal()) == rungs.end();
  if (!rising || (!rungs.empty() && rungs.back() >= recipe.proxy.epochs)) {
    fail(ErrorKind::bad_data,
         fmt::format("halving.epochs [{}] does not rise towards proxy.epochs {}", fmt::join(rungs, ", "),
                     recipe.proxy.epochs),
         place, "list rising epochs below proxy.epochs");
  }
}

// The base space first, so that `space` changes it.
SearchRecipe read_twice(std::string_view text, std::string_view place, const std::vector<std::string>& settings) {
  SearchRecipe first;
  read_yaml(text, place, first);
  for (const std::string& setting : settings) apply_setting(first, setting);
  SearchRecipe recipe;
  recipe.space = arch::named_search_space(first.base_space);
  read_yaml(text, place, recipe);
  for (const std::string& setting : settings) apply_setting(recipe, setting);
  return recipe;
}

}  // namespace

SearchRecipe read_search_recipe(const std::filesystem::path& path, const std::vector<std::string>& settings) {
  SearchRecipe recipe = read_twice(read_yaml_file(path), path.string(), settings);
  check(recipe, path.string());
  const std::filesystem::path training = recipe.proxy.recipe;
  if (training.is_relative()) recipe.proxy.recipe = (path.parent_path() / training).lexically_normal().string();
  return recipe;
}

SearchRecipe parse_search_recipe(std::string_view text, std::string_view place) {
  SearchRecipe recipe;
  read_yaml(text, place, recipe);
  check(recipe, place);
  return recipe;
}

std::string rung_metric(int rung) {
  return fmt::format("rung{}", rung);
}

bool passes_rung(const HalvingRecipe& halving, int rung, double score, std::span<const Trial> earlier) {
  const std::string name = rung_metric(rung);
  int64_t known = 0, better = 0;
  for (const Trial& trial : earlier) {
    const std::optional<double> reached = metric_of(trial.measurement, name);
    if (trial.state != TrialState::complete || !reached) continue;
    ++known;
    if (*reached > score) ++better;
  }
  return known < halving.warmup || static_cast<double>(better) < halving.keep * static_cast<double>(known);
}

}  // namespace spinenet::search
