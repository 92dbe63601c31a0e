/* consumer MODEL IMAGE: a line for each object, "class_id x1 y1 x2 y2 score". C99. */
#include <stdio.h>
#include <spinenet/spinenet_c.h>

static int refused(void) {
  fprintf(stderr, "%s\n", spinenet_last_error());
  return 1;
}

int main(int argc, char **argv) {
  spinenet_model *model;
  spinenet_detector *detector;
  spinenet_result *result;
  spinenet_model_options model_options = {0, 0, SPINENET_CHOOSE_RULE, SPINENET_FP32};
  spinenet_detector_options options = spinenet_detector_defaults();
  size_t i;
  if (argc != 3) return 2;
  options.score_threshold = 0.1f;
  if (spinenet_model_open(argv[2], NULL, &model) != SPINENET_BAD_DATA) return 1; /* an image is no model */
  if (spinenet_model_open_bytes("no model", 8, NULL, &model) != SPINENET_BAD_DATA) return 1;
  model_options.precision = SPINENET_INT8;
  if (spinenet_model_open(argv[1], &model_options, &model) != SPINENET_USAGE) return 1; /* it is not calibrated */
  model_options.precision = SPINENET_FP32;
  if (spinenet_model_open(argv[1], &model_options, &model) != SPINENET_OK) return refused();
  if (spinenet_detector_create(model, &options, &detector) != SPINENET_OK) return refused();
  spinenet_model_free(model);
  if (spinenet_detect_file(detector, argv[2], &result) != SPINENET_OK) return refused();
  for (i = 0; i < spinenet_result_object_count(result); ++i) {
    const spinenet_object *o = &spinenet_result_objects(result)[i];
    printf("%lld %.9g %.9g %.9g %.9g %.9g\n", (long long)o->class_id, o->x1, o->y1, o->x2, o->y2, o->score);
  }
  spinenet_result_free(result);
  spinenet_detector_free(detector);
  return 0;
}
