#include "train/recipe.h"

#include "base/error.h"
#include "base/yaml_file.h"

namespace spinenet::nn {

static void fields(FieldList& list, LossOptions& l) {
  list("focal_alpha", l.focal_alpha, "Weight of positive anchors", between(0, 1));
  list("focal_gamma", l.focal_gamma, "Focus on hard anchors", at_least(0));
  list("huber_delta", l.huber_delta, "Where the box loss becomes linear", above(0));
  list("box_weight", l.box_weight, "Weight of the box loss", at_least(0));
}

static void fields(FieldList& list, YoloLossOptions& l) {
  list("objectness_weight", l.objectness_weight, "Weight of the objectness loss", at_least(0));
  list("class_weight", l.class_weight, "Weight of the classification loss", at_least(0));
  list("box_weight", l.box_weight, "Weight of the box loss", at_least(0));
  list("ignore_overlap", l.ignore_overlap,
       "Overlap with an object from which an anchor cell without one is not background, if it is sure of a class",
       between(0, 1));
  list("ignore_class", l.ignore_class, "Probability from which an anchor cell is sure of a class, for ignore_overlap",
       between(0, 1));
}

}  // namespace spinenet::nn

namespace spinenet::train {

static void fields(FieldList& list, DataRecipe& d) {
  list("root", d.root, "Folder that the other paths start from; itself from the working directory");
  list("train_annotations", d.train_annotations, "COCO JSON to learn from");
  list("train_images", d.train_images, "Folder of its images");
  list("val_annotations", d.val_annotations, "COCO JSON to measure on; empty to measure nothing");
  list("val_images", d.val_images, "Folder of its images");
  list("classes_from", d.classes_from,
       "classify: subfolders of train_images and val_images, the annotations (iNaturalist-style JSON), or the files of "
       "Fashion-MNIST in root");
  list("group_key", d.group_key, "classify: the key of a category in the annotations that groups it with others");
  list("hold_out", d.hold_out,
       "Share of the training images to measure on instead of the validation set, as a search does", between(0, 0.9));
  list("scenes", d.scenes,
       "Make the built-in scenes of this level in root; train_images and val_images are then train and val");
  list("scenes_images", d.scenes_images, "Training scenes to make", at_least(1));
  list("scenes_val_images", d.scenes_val_images, "Validation scenes to make", at_least(1));
  list("scenes_size", d.scenes_size, "Height and width of the scenes in pixels", at_least(32));
  list("scenes_sizes", d.scenes_sizes,
       "Longer sides of the objects of the scenes in pixels, growing: as many are between two of the numbers "
       "as between the next two; empty: the level's");
  list("scenes_seed", d.scenes_seed, "Of the scenes; other scenes for another seed");
  list("scenes_on_the_fly", d.scenes_on_the_fly,
       "Make the training scenes while training, other ones in each epoch, and store only those to measure on");
  list("bad_images", d.bad_images, "What an image that cannot be read does");
  list("loader_threads", d.loader_threads, "Threads that decode and augment", between(1, 256));
}

static void fields(FieldList& list, OptimizerRecipe& o) {
  list("kind", o.kind, "Update rule");
  list("learning_rate", o.learning_rate, "Peak learning rate", above(0));
  list("momentum", o.momentum, "Momentum of sgd, beta1 of adamw", between(0, 0.99999));
  list("beta2", o.beta2, "Second moment of adamw", between(0, 0.999999));
  list("weight_decay", o.weight_decay, "On kernels only", at_least(0));
  list("clip_norm", o.clip_norm, "Largest global norm of the gradient; 0: no limit", at_least(0));
  list("ema_decay", o.ema_decay, "Moving average of the weights that is measured and kept; 0: none",
       between(0, 0.999999));
}

static void fields(FieldList& list, ScheduleRecipe& s) {
  list("kind", s.kind, "Shape of the learning rate after the warm-up");
  list("warmup_steps", s.warmup_steps, "Steps of linear warm-up", at_least(0));
  list("warmup_factor", s.warmup_factor, "Where the warm-up begins, times the peak", between(0, 1));
  list("milestones", s.milestones, "step: shares of the run at which the rate falls", between(0, 1));
  list("gamma", s.gamma, "step: times this at each milestone", between(0, 1));
  list("final_factor", s.final_factor, "cosine, constant with decay_steps: where it ends, times the peak",
       between(0, 1));
  list("decay_steps", s.decay_steps,
       "constant: the last steps of the run, over which the rate falls in a line to final_factor; 0: it does not fall",
       at_least(0));
}

static void fields(FieldList& list, BatchNormRecipe& b) {
  list("renorm_below", b.renorm_below,
       "Batch norms that see fewer values of a channel in a step (images x height x width, over all processes) are "
       "renormalised by their running statistics; 0: none is",
       at_least(0));
  list("renorm_max_scale", b.renorm_max_scale, "Greatest factor between the deviations of batch and running statistics",
       between(1, 1000));
  list("renorm_max_shift", b.renorm_max_shift, "Greatest distance between their means, in running deviations",
       between(0, 1000));
  list("renorm_steps", b.renorm_steps,
       "Steps after which both limits are reached, from 1 and 0, where they are plain batch norm; 0: 30 % of the run",
       at_least(0));
  list("recompute_images", b.recompute_images,
       "Training images from which running statistics are computed again, with the weights that are measured and kept, "
       "before each measurement; 0: not at all",
       at_least(0));
}

static void fields(FieldList& list, ClassifyRecipe& c) {
  list("area_min", c.crop.area_min, "Smallest share of an image that is learned from at once", between(1e-4, 1));
  list("area_max", c.crop.area_max, "Greatest share", between(1e-4, 1));
  list("ratio", c.crop.ratio, "Greatest ratio of width to height of that part, and of height to width",
       between(1, 100));
  list("center", c.crop.center, "Measured on the middle of an image: this share of its shorter side", between(0.01, 1));
  list("label_smoothing", c.loss.label_smoothing, "Share of the target that is spread over all classes",
       between(0, 0.99));
  list("mixup", c.loss.mixup, "Parameter of the Beta distribution by which images are mixed; 0: they are not",
       between(0, 8));
}

static void fields(FieldList& list, InitRecipe& i) {
  list("weights", i.weights, "Model file to begin with: its tensors are taken where name and shape fit");
  list("kernel", i.kernel, "First values of kernels");
  list("residual_norm_weight", i.residual_norm_weight, "First weight of each block's last batch norm", at_least(0));
  list("deeper_norm_weight", i.deeper_norm_weight,
       "First weight of the last batch norm of a connection from the deeper of a block's two parents", at_least(0));
  list("merge_identity", i.merge_identity,
       "Whether the merges of NAS-FPN begin as the identity, with a tenth of the usual noise; else as any kernel");
  list("merge_norm_bias", i.merge_norm_bias, "First bias of the batch norms of NAS-FPN's merges", between(0, 10));
  list("predictor_deviation", i.predictor_deviation, "Deviation of the predictors' kernels", at_least(0));
  list("prior", i.prior, "First probability of every class, and of an object in an anchor cell of YOLO",
       between(1e-6, 0.999));
}

static void fields(FieldList& list, FineTuneRecipe& f) {
  list("taken_rate", f.taken_rate, "Learning rate of the tensors that init.weights gave, times that of the others",
       between(0, 1));
  list("taken_statistics", f.taken_statistics,
       "Whether batch norms from init.weights keep their running statistics and normalise by them, or learn new ones");
  list("frozen", f.frozen, "Beginnings of the names of tensors that are not trained: stem, stages.0");
}

static void fields(FieldList& list, PixelRecipe& p) {
  list("mean", p.mean, "Of red, green and blue, as shares of 255; subtracted", between(0, 1));
  list("deviation", p.deviation, "Of red, green and blue, as shares of 255; divided by", above(0));
}

static void fields(FieldList& list, TwoStageRecipe& t) {
  list("anchor_samples", t.anchor_samples, "Anchors of an image that the proposals learn from", at_least(2));
  list("proposals_before_nms", t.proposals_before_nms, "Surest anchors of a level that become proposals", at_least(1));
  list("proposals", t.proposals, "Proposals of an image that are kept", at_least(1));
  list("roi_samples", t.roi_samples, "Proposals of an image that the heads learn from", at_least(1));
  list("roi_positives", t.roi_positives, "Share of them that hold an object, at most", between(0, 1));
  list("proposal_delta", t.loss.proposal_delta, "Where the box loss of proposals becomes linear", above(0));
  list("box_delta", t.loss.box_delta, "Where the box loss of the box head becomes linear", above(0));
  list("proposal_box_weight", t.loss.proposal_box_weight, "Weight of the box loss of proposals", at_least(0));
  list("box_weight", t.loss.box_weight, "Weight of the box loss of the box head", at_least(0));
  list("mask_weight", t.loss.mask_weight, "Weight of the mask loss", at_least(0));
}

void fields(FieldList& list, Recipe& r) {
  list("task", r.task, "What the network learns to say of an image");
  list.group("architecture", r.architecture, "The network");
  list.group("data", r.data, "Where images and annotations are");
  list("fit_to_data", r.fit_to_data,
       "detect, segment: choose image_size and the anchors by the training annotations, as `data stats` advises; what "
       "--set names stays, and so do the anchors of a model that --from names, where its head was trained");
  list("image_size", r.image_size,
       "Height and width of the network's input; unless the task is classify, a multiple of the network's coarsest "
       "stride, which is 128, and 32 of yolov4",
       between(16, 8192));
  list("batch", r.batch, "Images in a step, over all processes", between(1, 65536));
  list("epochs", r.epochs, "Passes over the training images", at_least(1));
  list("max_minutes", r.max_minutes,
       "Shorten the run to what fits in this time at its pace, resuming aside; 0: no limit", at_least(0));
  list.group("optimizer", r.optimizer, "How weights change");
  list.group("schedule", r.schedule, "How the learning rate changes");
  list.group("batch_norm", r.batch_norm, "How batch norms are trained; a model's own computation stays as it is");
  list.group("augment", r.augment, "How training images are varied");
  list.group("init", r.init, "First weights");
  list.group("fine_tune", r.fine_tune, "How a network from init.weights is trained on");
  list.group("pixels", r.pixels, "How pixels become the input; init.weights must have learned with the same");
  list.group("loss", r.loss, "What is minimised in detection, by a RetinaNet head");
  list.group("yolo_loss", r.yolo_loss, "What is minimised in detection by a YOLO head");
  list.group("classify", r.classify, "What a classifier learns from");
  list.group("two_stage", r.two_stage, "Proposals, ROIs and losses of the task segment");
  list("stochastic_depth", r.stochastic_depth, "Drop rate of the last block's residual branch", between(0, 0.99));
  list("precision", r.precision, "Of convolutions and activations in training; bf16 on a GPU only");
  list("eval_every", r.eval_every, "Epochs between measurements on the validation set", at_least(1));
  list("early_stop", r.early_stop, "Stop after so many measurements without a better one; 0: never", at_least(0));
  list("log_every", r.log_every, "Steps between lines of metrics.jsonl", at_least(1));
  list("checkpoint_every", r.checkpoint_every, "Steps between checkpoints; one is also written at the end",
       at_least(1));
  list("threads", r.threads, "Threads of the computation; 0: as many as there are processors", between(0, 1024));
  list("device", r.device, "cpu, cuda, cuda:N or auto");
  list("seed", r.seed, "Of weights, order and augmentation");
}

// Levels meet at multiples of the coarsest stride; 128 is one of every architecture.
static void check_image_size(const Recipe& recipe, const std::filesystem::path& path) {
  const int stride = arch::coarsest_stride(resolve_architecture(recipe.architecture));
  if (recipe.image_size % stride == 0) return;
  fail(ErrorKind::bad_data, fmt::format("image_size {} is not a multiple of {}", recipe.image_size, stride),
       path.string(), fmt::format("use {}", (recipe.image_size / stride + 1) * stride));
}

Recipe read_recipe(const std::filesystem::path& path, const std::vector<std::string>& settings) {
  Recipe recipe;
  read_yaml(read_yaml_file(path), path.string(), recipe);
  for (const std::string& setting : settings) apply_setting(recipe, setting);
  if (recipe.task != arch::Task::classify && recipe.image_size % 128 != 0) check_image_size(recipe, path);
  return recipe;
}

image::Normalization normalization_of(const Recipe& recipe) {
  return {recipe.pixels.mean, recipe.pixels.deviation};
}

}  // namespace spinenet::train
