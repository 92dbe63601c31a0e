// A search recipe: everything that decides a study, as one YAML file. Where a study lives, how many workers it has and
// when it ends are no part of it.
//
// Invariant: read_search_recipe gives a recipe whose space and algorithm are valid.
// Thread contract: plain values and pure functions.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "search/algorithms/algorithms.h"
#include "search/pareto.h"

namespace spinenet::search {

// What a trial trains: a training recipe with changes, measured on held-out training images. The proxy task of the
// paper: a quarter of the width, alpha 0.25, heads of 64, few epochs (section 4.2).
struct ProxyRecipe {
  std::string recipe;                 // a training recipe; relative to the search recipe's folder
  std::vector<std::string> settings;  // changes to it, as for --set
  std::string data_root;              // where its data lies here; empty: as it says
  int epochs = 5;
  double hold_out = 0.15;
  int image_size = 0;  // 0: the training recipe's
  // Every candidate is widened or narrowed to this many, so that graphs are compared and not widths; 0: as it comes.
  double multiply_adds = 0;
  std::string metric = "AP";
  double timeout_minutes = 0;
  double memory_gb = 0;
  bool inherit = false;  // a trial begins with the weights of the nearest earlier one (search/trials/inheritance.h)
};

// Successive halving: after each of `epochs`, a trial goes on only if its score then is among the best `keep` of the
// earlier trials' scores at the same point. One that ends early keeps the score it had.
struct HalvingRecipe {
  std::vector<int> epochs;
  double keep = 0.5;
  int warmup = 8;  // earlier trials that must have come to that point before any is ended
};

struct PriceRecipe {
  std::string metric = "multiply_adds";  // or parameters
  double target = 0;                     // 0: no price
  double exponent = -0.07;
  bool soft = true;
};

struct ConstraintRecipe {
  double max_multiply_adds = 0, max_parameters = 0;  // of the trained network; 0: any
  double min_multiply_adds = 0;
};

struct SearchRecipe {
  std::string base_space = "spinenet-49";
  arch::SearchSpace space;
  AlgorithmOptions algorithm;
  ProxyRecipe proxy;
  HalvingRecipe halving;
  PriceRecipe price;
  ConstraintRecipe constraints;
  // Trials 0, 1, 2 ... before the algorithm is asked: it learns from them as from its own.
  std::vector<arch::Choices> first;
  int64_t trials = 150;
  uint64_t seed = 1;
  int lag = 8;
};

void fields(FieldList& list, SearchRecipe& recipe);
// docs/search-config.md: every key of a search recipe with its type, default and meaning.
std::string search_recipe_keys();

SearchRecipe read_search_recipe(const std::filesystem::path& path, const std::vector<std::string>& settings);
// From the text that a study keeps.
SearchRecipe parse_search_recipe(std::string_view text, std::string_view place);

// Whether a trial that scored `score` at rung `rung` goes on, given the earlier trials of the study.
bool passes_rung(const HalvingRecipe& halving, int rung, double score, std::span<const Trial> earlier);
// The name under which a measurement keeps its score at a rung: "rung0".
std::string rung_metric(int rung);

}  // namespace spinenet::search
