#include "data/classes/classified_files.h"

#include "image/decode.h"

namespace spinenet::data {

ClassifiedFiles::ClassifiedFiles(ClassSet set, const std::filesystem::path& image_dir)
    : set_(std::move(set)), root_(image_dir) {}

LabelledImage ClassifiedFiles::get(int64_t index) const {
  const ClassifiedImage& picture = set_.images[static_cast<size_t>(index)];
  LabelledImage sample;
  sample.image_id = picture.id;
  sample.image = image::read_image(root_.resolve(picture.file_name));
  sample.label = picture.label;
  return sample;
}

}  // namespace spinenet::data
