// YOLO text data sets: data.yaml with the names of the classes and where the images of train, val and test are; for
// each image a text file, `labels` in the place of `images` in its path, with one object a line: the class, counted
// from 0, then centre, width and height of its box, or the points of one polygon, all relative to the image.
//
// Thread contract: pure functions but for what is read.
// Source: the documentation of Ultralytics YOLO, "Object Detection Datasets" and "Instance Segmentation Datasets".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

// Where readers look for the labels of an image: its path with the last "/images/" as "/labels/", and .txt as suffix.
std::string yolo_label_name(std::string_view image);

// data.yaml, or the folder with it (or with classes.txt, images/ and labels/). ErrorKind::bad_data names file and line.
ReadSet read_yolo_set(const std::filesystem::path& source, const ReadSetOptions& options);
// Adds the objects of one label file. `classes` is how many there are.
void parse_yolo_labels(std::string_view text, std::string_view place, size_t classes, SetImage& image,
                       SetReading& reading);

// data.yaml, the labels of every image (labels/NAME.txt, where NAME has no folder `images` itself) and one list for
// each part. Where no image is to measure on, `val` names those to train on, because readers want both. Crowd regions
// are left out: readers would take them for objects. Where an object has a polygon, all are written as polygons:
// readers take a line of five numbers among polygons for one of two points.
std::vector<SetFile> write_yolo_set(const LabelledSet& set, Tally& left_out);

}  // namespace spinenet::data
