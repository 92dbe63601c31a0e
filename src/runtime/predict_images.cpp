#include "runtime/predict_images.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "image/named_images.h"
#include "runtime/predict.h"

namespace spinenet::runtime {
namespace {

std::optional<image::Image> try_read(const std::string& file, int64_t& failed) {
  try {
    return image::read_input(file);
  } catch (const Error& error) {
    log_warning(error.what());
    ++failed;
    return std::nullopt;
  }
}

struct DrawnSoFar {
  int64_t images = 0, enlarged = 0, labels = 0, unlabelled = 0;

  void add(const image::Drawing& drawing) {
    ++images;
    enlarged += drawing.enlarged > 1 ? 1 : 0;
    labels += drawing.labels;
    unlabelled += drawing.unlabelled;
  }

  void say() const {
    if (enlarged > 0) {
      log_info(fmt::format(
          "{} of {} images are drawn enlarged, to {} pixels or more on the longer side; --no-enlarge leaves their size",
          enlarged, images, image::kLeastSide));
    }
    if (unlabelled > 0) {
      log_info(fmt::format("{} of {} labels are left out of the drawn images, where they would hide other objects",
                           unlabelled, unlabelled + labels));
    }
  }
};

}  // namespace

PredictedImages predict_images(const PreparedModel& prepared, std::span<const NumberedImage> images,
                               std::optional<DrawnImages>& folder, const PredictImagesOptions& options) {
  const PredictFunction predict = make_predict_function(prepared, options.post);
  Progress progress("predict", static_cast<int64_t>(images.size()), options.progress);
  PredictedImages predicted;
  DrawnSoFar drawn;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto& [file, id] = images[i];
    if (std::optional<image::Image> image = try_read(file, predicted.failed)) {
      predicted.done.push_back({id, file, image->height, image->width, predict(*image)});
      if (folder) {
        const image::Drawing drawing =
            draw(*std::move(image), predicted.done.back().found, prepared.model.file.classes, options.draw);
        folder->write(file, drawing.image);
        drawn.add(drawing);
      }
    }
    progress.update(static_cast<int64_t>(i) + 1);
  }
  progress.finish();
  drawn.say();
  return predicted;
}

}  // namespace spinenet::runtime
