// The images of report.html: few and small, so that the page stays small.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "image/draw.h"
#include "plot/report.h"

namespace spinenet::train {

// A JPEG file of the image with these objects on it, in the size of the report.
std::string drawn_for_report(image::Image image, std::span<const image::DrawnObject> objects);

inline constexpr size_t kReportImageBytes = 300'000;  // of the page, at most, that are images

// Adds an image where it has room; else it is left out, and the page is full.
bool add_if_room(std::vector<plot::ReportImage>& images, plot::ReportImage image);

}  // namespace spinenet::train
