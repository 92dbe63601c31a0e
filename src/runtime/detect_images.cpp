#include "runtime/detect_images.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "data/coco/coco.h"
#include "data/coco/coco_root.h"
#include "image/decode.h"

namespace spinenet::runtime {

void check_classes(const Model& model, const detect::Annotations& annotations) {
  std::vector<detect::Category> classes;
  for (const formats::ModelClass& c : model.file.classes) classes.push_back({c.id, c.name, ""});
  data::check_same_classes(classes, annotations.categories);
}

void append_results(std::span<const detect::Detection> found, int64_t image_id,
                    std::span<const formats::ModelClass> classes, std::vector<detect::Result>& results) {
  for (const detect::Detection& detection : found) {
    results.push_back(detect::to_result(detection, image_id, classes[static_cast<size_t>(detection.label)].id));
  }
}

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
      append_results(found[i], infos[i].id, options.classes, results);
    }
    progress.update(static_cast<int64_t>(begin + count));
  }
  progress.finish();
  return results;
}

}  // namespace spinenet::runtime
