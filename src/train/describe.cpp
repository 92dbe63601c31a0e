#include "train/describe.h"

#include "arch/text.h"
#include "train/recipe.h"
#include "train/run_data.h"
#include "train/run_setup.h"

namespace spinenet::train {

Json describe_training(const TrainOptions& options) {
  Recipe recipe = new_recipe(options);
  Json json{{"task", name_of(recipe.task)},
            {"recipe", ""},
            {"architecture", nullptr},
            {"image_size", recipe.image_size},
            {"classes", nullptr}};
  if (recipe.task == arch::Task::detect) {
    check_precision(recipe, options.recipe);
    const ScenesMaking making{options.progress, options.stop_signal};
    json["classes"] = open_data(recipe.data, &making).classes.size();
  }
  json["architecture"] = to_json(resolve_architecture(recipe.architecture));
  recipe.data.root.clear();
  recipe.data.loader_threads = 1;
  recipe.threads = 0;
  json["recipe"] = to_yaml(recipe);
  json["defaults"] = to_yaml(Recipe{});
  return json;
}

}  // namespace spinenet::train
