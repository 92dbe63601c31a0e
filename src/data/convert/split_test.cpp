// Dividing and joining COCO files.
#include "data/convert/split.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/random.h"
#include "base/scratch_folder_fixture.h"
#include "data/coco/coco.h"
#include "data/convert/merge.h"
#include "data/convert/set_files_fixture.h"
#include "data/convert/stratify.h"

namespace spinenet::data {
namespace {

using spinenet::fixture::output;
using spinenet::fixture::put_file;
using spinenet::fixture::ScratchFolder;

// 100 images of 20 videos; class 1 everywhere, class 2 in each tenth.
Json example() {
  Json json;
  json["info"]["version"] = "1.0";
  for (int i = 0; i < 100; ++i) {
    json["images"].push_back({{"id", i + 1},
                              {"file_name", fmt::format("video{}/frame_{}.jpg", i / 5, i)},
                              {"height", 50},
                              {"width", 50},
                              {"license", 3},
                              {"video_id", i / 5}});
    for (int k = 1; k <= (i % 10 == 0 ? 2 : 1); ++k) {
      json["annotations"].push_back({{"id", json["annotations"].size() + 1},
                                     {"image_id", i + 1},
                                     {"category_id", k},
                                     {"bbox", {1, 1, 5, 5}},
                                     {"area", 25},
                                     {"iscrowd", 0},
                                     {"score_of_mine", 0.1}});
    }
  }
  json["categories"] = Json::array({{{"id", 1}, {"name", "cat"}}, {{"id", 2}, {"name", "rare"}}});
  return json;
}

SplitOptions halves(std::string_view parts = "train=0.8,val=0.2") {
  SplitOptions options;
  options.parts = parse_split_parts(parts);
  return options;
}

std::set<std::string> videos_in(const std::filesystem::path& file) {
  std::set<std::string> videos;
  for (const detect::ImageInfo& image : read_coco(file).images) {
    videos.insert(image.file_name.substr(0, image.file_name.find('/')));
  }
  return videos;
}

TEST(Split, KeepsEveryEntryAsItIs) {
  const ScratchFolder scratch;
  const Json json = example();
  put_file(scratch / "all.json", json.dump());
  SplitOptions options = halves();
  options.stratify = true;
  const SplitReport report = split_coco(scratch / "all.json", scratch / "out", options);
  EXPECT_EQ(report.images, (std::vector<int64_t>{80, 20}));
  EXPECT_EQ(report.classes.at(1).images, (std::vector<int64_t>{8, 2}));
  Json images = Json::array(), annotations = Json::array();
  for (const char* part : {"train", "val"}) {
    const Json written = read_json(scratch / fmt::format("out/annotations/{}.json", part));
    EXPECT_EQ(written["info"], json["info"]);
    EXPECT_EQ(written["categories"], json["categories"]);
    for (const Json& image : written["images"]) images.push_back(image);
    for (const Json& annotation : written["annotations"]) annotations.push_back(annotation);
  }
  const auto by_id = [](const Json& a, const Json& b) { return a["id"].get<int>() < b["id"].get<int>(); };
  std::sort(images.begin(), images.end(), by_id);
  std::sort(annotations.begin(), annotations.end(), by_id);
  EXPECT_EQ(images, json["images"]);
  EXPECT_EQ(annotations, json["annotations"]);
}

TEST(Split, IsTheSameForASeed) {
  const ScratchFolder scratch;
  put_file(scratch / "all.json", example().dump());
  SplitOptions options = halves("a=0.5,b=0.3,c=0.2");
  split_coco(scratch / "all.json", scratch / "one", options);
  split_coco(scratch / "all.json", scratch / "two", options);
  options.seed = 2;
  split_coco(scratch / "all.json", scratch / "three", options);
  const auto text = [&](const char* folder) {
    return read_file(scratch / fmt::format("{}/annotations/a.json", folder));
  };
  EXPECT_EQ(text("one"), text("two"));
  EXPECT_NE(text("one"), text("three"));
}

TEST(Split, GroupsStayTogether) {
  const ScratchFolder scratch;
  put_file(scratch / "all.json", example().dump());
  for (const char* by : {"folder", "name", "key:video_id", "^(video[0-9]+)/"}) {
    SplitOptions options = halves();
    options.group_by = by;
    options.stratify = true;
    const SplitReport report = split_coco(scratch / "all.json", scratch / "out", options);
    EXPECT_EQ(report.images, (std::vector<int64_t>{80, 20})) << by;
    EXPECT_EQ(report.groups, (std::vector<int64_t>{16, 4})) << by;
    EXPECT_EQ(report.classes.at(1).images, (std::vector<int64_t>{8, 2})) << by;
    const std::set<std::string> train = videos_in(scratch / "out/annotations/train.json");
    for (const std::string& video : videos_in(scratch / "out/annotations/val.json"))
      EXPECT_FALSE(train.contains(video)) << by;
  }
}

TEST(Split, WrongRequestsAreNamed) {
  const ScratchFolder scratch;
  for (const char* parts :
       {"", "train", "train=0.5", "train=0.5,train=0.5", "a/b=1", "train=0,val=1", "train=x,val=1"}) {
    EXPECT_THROW(parse_split_parts(parts), Error) << parts;
  }
  put_file(scratch / "all.json", example().dump());
  SplitOptions options = halves();
  options.group_by = "^(vid";
  EXPECT_THROW(split_coco(scratch / "all.json", scratch / "out", options), Error);
  options.group_by = "^(vid)";  // all in one group
  EXPECT_THROW(split_coco(scratch / "all.json", scratch / "out", options), Error);
  EXPECT_FALSE(std::filesystem::exists(scratch / "out"));
}

// Else the images of one group would lie in several parts.
TEST(Split, GroupsThatNoImageHasAreRefused) {
  const ScratchFolder scratch;
  Json json = example();
  put_file(scratch / "all.json", json.dump());
  SplitOptions options = halves();
  const auto refusal = [&](const char* by) {
    options.group_by = by;
    return fixture::refusal([&] { split_coco(scratch / "all.json", scratch / "out", options); });
  };
  EXPECT_NE(refusal("^(video\\d+)").find("\\d is not of POSIX"), std::string::npos);
  EXPECT_NE(refusal("(\\w+)/").find("\\w is not of POSIX"), std::string::npos);
  EXPECT_NE(refusal("^(film[0-9]+)").find("gives none of the 100 images a group"), std::string::npos);
  EXPECT_NE(refusal("key:video").find("gives none of the 100 images a group"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(scratch / "out"));
  EXPECT_EQ(refusal("^(video[0-9]+)\\/"), "accepted");
  for (Json& image : json["images"]) image["file_name"] = image["id"].dump() + ".jpg";
  put_file(scratch / "all.json", json.dump());
  EXPECT_NE(refusal("folder").find("gives none of the 100 images a group"), std::string::npos);
  EXPECT_EQ(refusal("name"), "accepted") << "frames and copies are found where there are any";
}

TEST(Stratify, SharesHoldForEveryClass) {
  Random random(3);
  std::vector<SplitUnit> units(1000);
  std::vector<int64_t> all(12);
  for (SplitUnit& unit : units) {
    for (size_t label = 0; label < all.size(); ++label) {
      if (!random.chance(0.4 / static_cast<double>(label + 1))) continue;
      unit.classes.emplace_back(label, 1);
      ++all[label];
    }
  }
  const std::vector<double> shares{0.7, 0.2, 0.1};
  const std::vector<size_t> parts = assign_parts(units, shares, {.by_class = true});
  std::vector<std::vector<int64_t>> counts(shares.size(), std::vector<int64_t>(all.size()));
  for (size_t i = 0; i < units.size(); ++i) {
    for (const auto& [label, count] : units[i].classes) counts[parts[i]][label] += count;
  }
  for (size_t part = 0; part < shares.size(); ++part) {
    for (size_t label = 0; label < all.size(); ++label) {
      const double wanted = shares[part] * static_cast<double>(all[label]);
      EXPECT_NEAR(static_cast<double>(counts[part][label]), wanted, 3) << part << " " << label;
    }
  }
}

std::string set_of(int id, const char* name, int category, const char* category_name, const char* license) {
  Json json;
  json["info"] = {{"year", 2020 + id % 2}, {"from", name}};
  json["licenses"] = Json::array({{{"id", 1}, {"name", license}}});
  json["images"] = Json::array({{{"id", id}, {"file_name", name}, {"height", 9}, {"width", 9}, {"license", 1}}});
  json["annotations"] = Json::array({{{"id", 1},
                                      {"image_id", id},
                                      {"category_id", category},
                                      {"bbox", {1, 1, 5, 5}},
                                      {"area", 25},
                                      {"iscrowd", 0},
                                      {"mine", "x"}}});
  json["categories"] = Json::array({{{"id", category}, {"name", category_name}}});
  return json.dump();
}

TEST(Merge, IdsChangeOnlyWhereTheyCollide) {
  const ScratchFolder scratch;
  put_file(scratch / "a.json", set_of(1, "a.png", 1, "cat", "free"));
  put_file(scratch / "b.json", set_of(1, "b.png", 1, "dog", "other"));
  put_file(scratch / "c.json", set_of(7, "c.png", 5, "cat", "free"));
  const std::vector<std::filesystem::path> files{scratch / "a.json", scratch / "b.json", scratch / "c.json"};
  EXPECT_THROW(merge_coco(files, output(scratch / "all.json"), {}), Error) << "category 1 is cat and dog";
  const MergeReport report = merge_coco(files, output(scratch / "all.json"), {.by_name = true});
  EXPECT_EQ(report.categories, 2);
  EXPECT_EQ(report.images_renumbered, 1);
  EXPECT_EQ(report.annotations_renumbered, 2);
  EXPECT_EQ(report.licenses, 2);
  const Json json = read_json(scratch / "all.json");
  EXPECT_EQ(json["images"][1]["id"], 8);
  EXPECT_EQ(json["images"][1]["license"], 2);
  EXPECT_EQ(json["images"][2]["id"], 7);
  EXPECT_EQ(json["images"][2]["license"], 1);
  EXPECT_EQ(json["annotations"][1]["image_id"], 8);
  EXPECT_EQ(json["annotations"][1]["category_id"], 6);
  EXPECT_EQ(json["annotations"][1]["mine"], "x");
  EXPECT_EQ(json["annotations"][2]["category_id"], 1);
  EXPECT_EQ(json["categories"], Json::array({{{"id", 1}, {"name", "cat"}}, {{"id", 6}, {"name", "dog"}}}));
  EXPECT_EQ(json["info"]["from"], "a.png");
  EXPECT_EQ(read_coco(scratch / "all.json").images.size(), 3U);
}

TEST(Merge, ImagesOfOneNameAreRefusedOrToldApart) {
  const ScratchFolder scratch;
  put_file(scratch / "a.json", set_of(1, "x.png", 1, "cat", "free"));
  put_file(scratch / "b.json", set_of(2, "x.png", 1, "cat", "free"));
  const std::vector<std::filesystem::path> files{scratch / "a.json", scratch / "b.json"};
  EXPECT_THROW(merge_coco(files, output(scratch / "all.json"), {}), Error);
  merge_coco(files, output(scratch / "all.json"), {.prefix = true});
  const Json json = read_json(scratch / "all.json");
  EXPECT_EQ(json["images"][0]["file_name"], "a/x.png");
  EXPECT_EQ(json["images"][1]["file_name"], "b/x.png");
  std::filesystem::create_directories(scratch / "other");
  put_file(scratch / "other/a.json", set_of(2, "x.png", 1, "cat", "free"));
  const std::string message = fixture::refusal([&] {
    merge_coco({scratch / "a.json", scratch / "other/a.json"}, output(scratch / "all.json"), {.prefix = true});
  });
  EXPECT_NE(message.find("rename the annotation files, whose names are the prefixes"), std::string::npos) << message;
  put_file(scratch / "text.json", "[1");
  EXPECT_THROW(merge_coco({scratch / "a.json", scratch / "text.json"}, output(scratch / "all.json"), {}), Error);
}

TEST(Merge, WhatALaterFileSaysOtherwiseIsCounted) {
  const ScratchFolder scratch;
  Json first = parse_json(set_of(1, "a.png", 1, "cat", "free"), "a"), second = first;
  second["images"][0]["file_name"] = "b.png";
  first["categories"][0]["supercategory"] = "x";
  second["categories"][0]["supercategory"] = "y";
  second["categories"][0]["keypoints"] = Json::array({"nose"});
  second["licenses"] = Json::object();
  const auto merged = [&] {
    put_file(scratch / "a.json", first.dump());
    put_file(scratch / "b.json", second.dump());
    return merge_coco({scratch / "a.json", scratch / "b.json"}, output(scratch / "all.json"), {});
  };
  using Counts = std::map<std::string, int64_t>;
  EXPECT_EQ(merged().left_out, (Counts{{"categories.keypoints", 1}, {"categories.supercategory", 1}, {"licenses", 1}}));
  first.erase("licenses");
  second["licenses"] = {{"id", 1}};
  EXPECT_EQ(merged().left_out, (Counts{{"categories.keypoints", 1}, {"categories.supercategory", 1}}));
  EXPECT_EQ(read_json(scratch / "all.json")["licenses"], second["licenses"]);
  first["licenses"] = Json::array({{{"id", 1}, {"name", "free"}}});
  second["licenses"] = Json::array({{{"id", "1"}, {"name", "other"}}, {{"name", "none"}}});
  EXPECT_EQ(merged().notes, (Counts{{"licenses without an integer as their id, which stay as they are", 2}}));
  EXPECT_EQ(read_json(scratch / "all.json")["licenses"].size(), 3U);
  second["info"] = "by me";
  EXPECT_EQ(merged().left_out.at("info"), 1);
  first.erase("info");
  EXPECT_FALSE(merged().left_out.contains("info"));
  EXPECT_EQ(read_json(scratch / "all.json")["info"], "by me");
}

TEST(Split, OneFileUnderTwoNamesIsRefused) {
  const ScratchFolder scratch;
  for (const char* again : {"video0/frame_0.jpg", "./video0/frame_0.jpg", "video0//frame_0.jpg"}) {
    Json json = example();
    json["images"][7]["file_name"] = again;
    put_file(scratch / "all.json", json.dump());
    EXPECT_REFUSED(split_coco(scratch / "all.json", scratch / "out", halves()),
                   "the images 1 and 8 have the same file \"video0/frame_0.jpg\"");
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "out"));
}

TEST(Merge, OneFileUnderTwoNamesIsRefused) {
  const ScratchFolder scratch;
  Json json = example();
  put_file(scratch / "one.json", json.dump());
  for (Json& image : json["images"]) image["file_name"] = "other/" + image["file_name"].get<std::string>();
  json["images"][3]["file_name"] = "./video0/frame_0.jpg";
  put_file(scratch / "two.json", json.dump());
  EXPECT_REFUSED(merge_coco({scratch / "one.json", scratch / "two.json"}, output(scratch / "both.json"), {}),
                 "the image ./video0/frame_0.jpg is in");
}

}  // namespace
}  // namespace spinenet::data
