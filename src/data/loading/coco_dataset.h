// A detection data set over a folder of image files, from COCO annotations. Label i is the i-th entry of the class
// list.
//
// Only what training needs is kept, in flat arrays: 118,000 images with 860,000 boxes take about 30 MB. Masks are kept
// where the annotations have them (read the file without segmentations for boxes alone), but for those of crowd
// regions.
//
// Invariant: boxes lie within their image and have an area; others were clipped or left out when it was built.
//
// Thread contract: immutable after construction; every member function may be called from several threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/coco/coco_root.h"
#include "data/loading/dataset.h"
#include "data/loading/mask_store.h"
#include "detect/annotations.h"

namespace spinenet::data {

class CocoDataset : public Dataset {
 public:
  // ErrorKind::bad_data when an annotation's image or category is unknown.
  CocoDataset(const detect::Annotations& annotations, const std::filesystem::path& image_dir,
              std::vector<detect::Category> classes);

  int64_t size() const override { return static_cast<int64_t>(image_ids_.size()); }
  // ErrorKind::bad_data naming the file when it cannot be decoded or is not of the size the annotations say.
  LabelledImage get(int64_t index) const override;

  std::span<const detect::Category> classes() const { return classes_; }
  // Without reading the image.
  std::span<const Target> targets(int64_t index) const;
  detect::Extent extent(int64_t index) const;
  std::string_view file_name(int64_t index) const;
  // Objects that are not crowd regions: with a mask, and without one in a set that has masks.
  int64_t masks() const { return with_mask_; }
  int64_t missing_masks() const { return masks_.size() == 0 ? 0 : without_mask_; }
  // Boxes without area, or outside the image, that were left out.
  int64_t dropped_boxes() const { return dropped_boxes_; }
  // Heap bytes of the index.
  int64_t index_bytes() const;

 private:
  struct Size {
    int32_t height = 0, width = 0;
  };
  void add_images(const detect::Annotations& annotations);
  void add_targets(const detect::Annotations& annotations);
  // `order`: of each target the annotation it comes from.
  void add_masks(const detect::Annotations& annotations, const std::vector<size_t>& order);

  ImageRoot root_;
  std::vector<detect::Category> classes_;
  std::vector<int64_t> image_ids_;
  std::vector<Size> sizes_;
  std::string names_;                 // all file names, one after the other
  std::vector<int64_t> name_ends_;    // of each image in names_
  std::vector<Target> targets_;       // image after image, each in the file's order
  std::vector<int64_t> target_ends_;  // of each image in targets_
  MaskStore masks_;                   // one for each of targets_, or none
  int64_t dropped_boxes_ = 0, with_mask_ = 0, without_mask_ = 0;
};

}  // namespace spinenet::data
