#include "runtime/detect_images.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "data/coco/coco_root.h"
#include "image/decode.h"

namespace spinenet::runtime {

std::vector<detect::Result> detect_images_of(const detect::Annotations& annotations,
                                             const std::filesystem::path& folder, const DetectFunction& detect,
                                             const DetectImagesOptions& options) {
  const data::ImageRoot root(folder);
  ThreadPool pool(std::min(options.threads, options.batch));
  Progress progress("eval", static_cast<int64_t>(annotations.images.size()), options.progress);
  std::vector<detect::Result> results;
  for (size_t begin = 0; begin < annotations.images.size(); begin += static_cast<size_t>(options.batch)) {
    const size_t count = std::min(static_cast<size_t>(options.batch), annotations.images.size() - begin);
    const std::span<const detect::ImageInfo> infos = std::span(annotations.images).subspan(begin, count);
    std::vector<image::Image> images(count);
    pool.parallel_for(static_cast<int64_t>(count), [&](int64_t i) {
      const auto k = static_cast<size_t>(i);
      images[k] = image::read_image(root.resolve(infos[k].file_name));
    });
    const auto found = detect(images);
    for (size_t i = 0; i < count; ++i) {
      for (const detect::Detection& detection : found[i]) {
        results.push_back(
            detect::to_result(detection, infos[i].id, options.classes[static_cast<size_t>(detection.label)].id));
      }
    }
    progress.update(static_cast<int64_t>(begin + count));
  }
  progress.finish();
  return results;
}

}  // namespace spinenet::runtime
