// consumer MODEL IMAGE: a line for each object, "class_id x1 y1 x2 y2 score".
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include <spinenet/spinenet.h>

namespace {

// The kind of the error that a file which is no model gives, seen from outside of the library.
bool is_refused(const char* path) {
  try {
    const spinenet::api::Model model(path);
  } catch (const spinenet::api::Error& error) {
    return error.kind() == spinenet::api::ErrorKind::bad_data && error.what()[0] != 0;
  }
  return false;
}

spinenet::api::Model open_in_memory(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return spinenet::api::Model(std::as_bytes(std::span(bytes)), {.precision = spinenet::api::Precision::fp32});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (spinenet::api::describe("spinenet-49", 640, 91).parameters / 10'000 != 2854) return 1;
  if (!is_refused(argv[2])) return 1;  // an image is no model
  spinenet::api::Detector detector(open_in_memory(argv[1]), {.score_threshold = 0.1F});
  for (const auto& o : detector.detect_file(argv[2]).objects) {
    std::printf("%lld %.9g %.9g %.9g %.9g %.9g\n", static_cast<long long>(o.class_id), o.box.x1, o.box.y1, o.box.x2,
                o.box.y2, o.score);
  }
}
