// A classification set over a folder of image files. Label i is the i-th entry of the class list.
//
// Thread contract: immutable after construction; every member function may be called from several threads.
#pragma once

#include <filesystem>

#include "data/classes/class_set.h"
#include "data/coco/coco_root.h"
#include "data/loading/dataset.h"

namespace spinenet::data {

class ClassifiedFiles : public Dataset {
 public:
  // ErrorKind::io when there is no such folder.
  ClassifiedFiles(ClassSet set, const std::filesystem::path& image_dir);

  int64_t size() const override { return static_cast<int64_t>(set_.images.size()); }
  // ErrorKind::bad_data naming the file when it cannot be decoded or leads out of the folder, ErrorKind::io when it
  // cannot be read.
  LabelledImage get(int64_t index) const override;

  const ClassSet& set() const { return set_; }

 private:
  ClassSet set_;
  ImageRoot root_;
};

}  // namespace spinenet::data
