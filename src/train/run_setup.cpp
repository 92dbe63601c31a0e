#include "train/run_setup.h"

#include "base/error.h"
#include "base/format.h"
#include "nn/device.h"
#include "train/resume.h"

namespace spinenet::train {
namespace {

// With several processes on a machine each has a GPU of its own.
std::string device_name(const Recipe& recipe, const ProcessPlace& place) {
  const bool first_gpu = recipe.device == "cuda" || (recipe.device == "auto" && nn::find_device("auto").is_cuda());
  return place.world > 1 && first_gpu ? fmt::format("cuda:{}", place.local_rank) : recipe.device;
}

}  // namespace

std::filesystem::path run_path(const TrainOptions& options) {
  return options.out.empty() ? std::filesystem::path("runs") / options.recipe.stem() : options.out;
}

Recipe recipe_of(const TrainOptions& options) {
  if (!options.resume) return read_recipe(options.recipe, options.settings);
  const std::filesystem::path run = run_path(options), written = run / "recipe.yaml";
  if (!std::filesystem::exists(written)) {
    fail(ErrorKind::usage, "holds no run to resume", run.string(), "start it without --resume");
  }
  Recipe recipe = read_recipe(written, options.settings);
  require_resumable(read_recipe(written, {}), recipe, {written.string(), run.string()});
  return recipe;
}

torch::Device training_device(const TrainOptions& options, const Recipe& recipe, const ProcessPlace& place) {
  check_precision(recipe, options.resume ? run_path(options) / "recipe.yaml" : options.recipe);
  return nn::find_device(device_name(recipe, place));
}

data::LoaderOptions loader_options(const Recipe& recipe, const ProcessPlace& place) {
  data::LoaderOptions o;
  o.batch = recipe.batch;
  o.size = recipe.image_size;
  o.seed = recipe.seed;
  o.threads = recipe.data.loader_threads;
  o.prefetch = 3;
  o.rank = place.rank;
  o.world = place.world;
  o.bad_images = recipe.data.bad_images;
  return o;
}

}  // namespace spinenet::train
