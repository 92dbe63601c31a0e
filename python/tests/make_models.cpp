// Writes the models that the tests of the Python package open: narrow networks of two classes (ids 3 and 7) with random
// weights, which find something everywhere.
//   make_models FOLDER       writes detect.safetensors, segment.safetensors and classify.safetensors
#include <filesystem>

#include "base/format.h"
#include "base/output.h"
#include "formats/model_file.h"
#include "runtime/test_models.h"

int main(int argc, char** argv) {
  using namespace spinenet;
  if (argc != 2) {
    fmt::print(stderr, "usage: make_models FOLDER\n");
    return 2;
  }
  for (const arch::Task task : values_of<arch::Task>()) {
    const std::filesystem::path path = std::filesystem::path(argv[1]) / fmt::format("{}.safetensors", name_of(task));
    formats::write_model(RunFiles().output({path.string(), "make_models", true}), runtime::model_for(task).file);
  }
  return 0;
}
