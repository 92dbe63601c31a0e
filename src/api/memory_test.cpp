// Detections at ever-changing sizes leave the memory of the process as it was.
#include <fstream>

#include <spinenet/detector.h>
#include <unistd.h>

#include "api/test_models.h"
#include "base/random.h"
#include "base/sanitizer_fixture.h"

namespace spinenet::api {
namespace {

double resident_mb() {
  int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

class Memory : public ModelTest {};

TEST_F(Memory, IsFlatOverTenThousandDetectionsAtChangingSizes) {
  if (fixture::kHasAddressSanitizer || fixture::kHasThreadSanitizer) GTEST_SKIP() << "sanitizers keep memory back";
  Detector detector(Model(write(arch::Task::detect)), {.score_threshold = 0.3F, .iou = 0.5F, .max_objects = 20});
  Random random(1);
  const image::Image canvas = colourful_image(300, 300, 1);
  const auto detect = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const int height = static_cast<int>(random.uniform(1, 300)), width = static_cast<int>(random.uniform(1, 300));
      detector.detect({canvas.pixels.data(), height, width, 900, PixelFormat::rgb});
    }
  };
  detect(500);
  const double before = resident_mb();
  detect(10'000);
  const double grown = resident_mb() - before;
  RecordProperty("resident_mb_before", std::to_string(before));
  RecordProperty("resident_mb_grown", std::to_string(grown));
  EXPECT_LT(grown, 4) << "of " << before << " MB";
}

}  // namespace
}  // namespace spinenet::api
