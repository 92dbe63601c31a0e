// consumer MODEL PICTURE: a line for each object, "class_id x1 y1 x2 y2 score".
#include <cstdio>
#include <stdexcept>

#include <spinenet/spinenet.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (spinenet::api::describe("spinenet-49", 640, 91).parameters / 10'000 != 2854) return 1;
  try {
    const spinenet::api::Model model(argv[2]);
    return 1;  // a picture is no model
  } catch (const std::runtime_error&) {
  }
  spinenet::api::Detector detector(spinenet::api::Model(argv[1]), {.score_threshold = 0.1F});
  for (const auto& o : detector.detect_file(argv[2]).objects) {
    std::printf("%lld %.9g %.9g %.9g %.9g %.9g\n", static_cast<long long>(o.class_id), o.box.x1, o.box.y1, o.box.x2,
                o.box.y2, o.score);
  }
}
