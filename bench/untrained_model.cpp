// Writes a model file of an architecture that nobody trained: speed does not depend on the weights.
//   untrained_model ARCHITECTURE SIZE CLASSES FILE
#include <string>

#include "arch/families.h"
#include "arch/text.h"
#include "base/format.h"
#include "formats/model_file.h"
#include "graph/lower.h"
#include "graph/weights.h"

int main(int argc, char** argv) {
  using namespace spinenet;
  if (argc != 5) {
    fmt::print(stderr, "usage: untrained_model ARCHITECTURE SIZE CLASSES FILE\n");
    return 2;
  }
  const Architecture architecture = find_architecture(argv[1]);
  const int size = std::stoi(argv[2]), classes = std::stoi(argv[3]);
  const Program program = lower_detector(architecture, {.height = size, .width = size, .classes = classes});
  ModelFile model;
  model.architecture = to_json(architecture);
  for (int k = 0; k < classes; ++k) model.classes.push_back({k + 1, fmt::format("class {}", k + 1)});
  model.image_size = size;
  model.weights = initial_weights(program, {.residual_norm_weight = 1, .predictor_deviation = 0.01}, 1);
  write_model(argv[4], model);
  return 0;
}
