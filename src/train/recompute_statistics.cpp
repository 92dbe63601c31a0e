#include "train/recompute_statistics.h"

#include "base/random.h"
#include "train/run_setup.h"

namespace spinenet::train {

nn::Parameters with_recomputed_statistics(const Trainer& trainer, int64_t batches,
                                          const std::function<data::Batch()>& next) {
  const torch::NoGradGuard no_grad;
  const nn::Parameters& given = trainer.measured();
  const graph::Program& all = trainer.parameters();
  nn::Parameters found =
      nn::make_parameters(all, nn::weights_of(all, given.values, given.statistics), trainer.device());
  const std::vector<nn::Parameters> parts = nn::parts_of(found, trainer.trainee().programs);
  Communicator alone({}, trainer.device());
  nn::ForwardMode mode;
  mode.batch_statistics = true;
  mode.largest_momentum = 0;
  mode.kept_statistics = &trainer.fine_tuning().kept_statistics;
  torch::Tensor sum = torch::zeros_like(found.statistics, torch::kFloat64);
  for (int64_t i = 0; i < batches; ++i) {
    const data::Batch batch = next();
    // So that a batch norm that sees nothing of this batch counts with what it had, and not with the batch before.
    found.statistics.copy_(given.statistics);
    const torch::Tensor pixels = pixels_of(batch, trainer.device());
    trainer.trainee().losses({batch, pixels, trainer.trainee().programs, parts, mode, alone});
    sum.add_(found.statistics);
  }
  found.statistics.copy_(sum / static_cast<double>(batches));
  return found;
}

nn::Parameters with_recomputed_statistics(const Trainer& trainer, const TrainTask& task, const Recipe& recipe,
                                          const ProgressOptions& bar) {
  data::LoaderOptions options = task.training_loader(loader_options(recipe, {}));
  options.seed = Random(recipe.seed).fork(Random::hash("batch_norm.recompute_images")).next();
  options.mixed_epochs = 0;
  data::Loader loader(task.training_set(), options);
  const int64_t batches = (recipe.batch_norm.recompute_images + recipe.batch - 1) / recipe.batch;
  Progress progress("statistics", batches * recipe.batch, bar);
  int64_t done = 0;
  return with_recomputed_statistics(trainer, batches, [&] {
    progress.update(done);
    done += recipe.batch;
    return loader.next();
  });
}

}  // namespace spinenet::train
