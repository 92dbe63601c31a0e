#include "base/json_fields.h"

#include <gtest/gtest.h>

#include "base/fields.h"

namespace spinenet {
namespace {

enum class UpdateRule { sgd, adamw };
constexpr auto names(UpdateRule) {
  using enum UpdateRule;
  return named<UpdateRule>({{sgd, "sgd"}, {adamw, "adamw"}});
}

struct Item {
  int level = 0;
  std::vector<int> parents;
  double width = 1;
  bool operator==(const Item&) const = default;
};
struct Chain {
  std::vector<Item> items;
  bool operator==(const Chain&) const = default;
};
struct Stages {
  std::array<int, 2> counts{};
  bool operator==(const Stages&) const = default;
};
struct Extra {
  bool on = false;
  std::vector<double> ratios{1, 2};
  bool operator==(const Extra&) const = default;
};
struct Network {
  std::string name = "n";
  std::variant<Chain, Stages> body;
  UpdateRule rule = UpdateRule::sgd;
  Extra extra, other;
  bool operator==(const Network&) const = default;
};

template <class List>
void fields(List& list, Item& i) {
  list.needed("level", i.level, "");
  list.list_of("parents", i.parents, {"item numbers", 1, 3});
  list.if_changed("width", i.width, "", above(0));
}
template <class List>
void fields(List& list, Chain& c) {
  list.list_of("items", c.items, {"items", 0, 3, false});
}
template <class List>
void fields(List& list, Stages& s) {
  list.needed("counts", s.counts, "the sizes of two stages");
}
template <class List>
void fields(List& list, Extra& e) {
  list("on", e.on, "Whether it is on");
  list("ratios", e.ratios, "Ratios", above(0));
}
template <class List>
void fields(List& list, Network& n) {
  list("name", n.name, "");
  list.one_of("body", n.body, {"chain", "stages"});
  list("rule", n.rule, "");
  list.group("extra", n.extra, "");
  list.group_if_changed("other", n.other, "");
}

Network filled_network() {
  Network network{"x", Chain{{{3, {0, 1}, 1}, {4, {2}, 0.1}}}, UpdateRule::adamw, {true, {0.1, 3.0}}, {true, {}}};
  return network;
}

TEST(JsonFields, AreWrittenInTheOrderOfTheList) {
  EXPECT_EQ(fields_to_json(Network{}).dump(),
            R"({"name":"n","body":{"kind":"chain","items":[]},"rule":"sgd","extra":{"on":false,"ratios":[1.0,2.0]}})");
  EXPECT_EQ(fields_to_json(filled_network()).dump(),
            R"({"name":"x","body":{"kind":"chain","items":[{"level":3,"parents":[0,1]},)"
            R"({"level":4,"parents":[2],"width":0.1}]},"rule":"adamw","extra":{"on":true,"ratios":[0.1,3.0]},)"
            R"("other":{"on":true,"ratios":[]}})");
}

TEST(JsonFields, ReadBackToTheSame) {
  for (const Network& network : {Network{}, filled_network(), Network{"s", Stages{{2, 3}}, UpdateRule::sgd, {}, {}}}) {
    Network back;
    read_json_fields(parse_json(fields_to_json(network).dump(), "n"), "n", back);
    EXPECT_EQ(back, network);
  }
}

TEST(JsonFields, LeaveWhatIsNotNamed) {
  Network network = filled_network();
  read_json_fields(Json{{"body", {{"kind", "stages"}, {"counts", {4, 5}}}}, {"extra", {{"on", false}}}}, "n", network);
  EXPECT_EQ(std::get<Stages>(network.body).counts, (std::array<int, 2>{4, 5}));
  EXPECT_EQ(network.extra, (Extra{false, {0.1, 3.0}}));
  EXPECT_EQ(network.rule, UpdateRule::adamw);
}

std::string json_refusal(const char* pointer, const Json& value) {
  Json json = fields_to_json(filled_network());
  json[Json::json_pointer(pointer)] = value;
  Network network = filled_network();
  try {
    read_json_fields(json, "n.json", network);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_EQ(network, filled_network()) << "a failed read has changed it";
    return error.what();
  }
  return "accepted";
}

TEST(JsonFields, FaultsAreNamedWithTheirPlace) {
  EXPECT_EQ(json_refusal("/ruel", 1), "n.json: unknown key \"ruel\"; did you mean \"rule\"?");
  EXPECT_EQ(json_refusal("/extra/zzzzzz", 1), "n.json/extra: unknown key \"zzzzzz\"; use one of on, ratios");
  EXPECT_EQ(json_refusal("/body/kind", "stage"), "n.json/body/kind: unknown kind \"stage\"; did you mean \"stages\"?");
  EXPECT_EQ(json_refusal("/rule", "adam"), "n.json/rule: unknown value \"adam\"; did you mean \"adamw\"?");
  EXPECT_EQ(json_refusal("/extra/on", 1), "n.json/extra/on: expected true or false");
  EXPECT_EQ(json_refusal("/extra", 1), "n.json/extra: expected an object");
  EXPECT_EQ(json_refusal("/extra/ratios", 1), "n.json/extra/ratios: expected a list of numbers");
  EXPECT_EQ(json_refusal("/extra/ratios/0", "1"), "n.json/extra/ratios: expected numbers");
  EXPECT_EQ(json_refusal("/name", nullptr), "n.json/name: expected a text");
  EXPECT_EQ(json_refusal("/body/items", 1), "n.json/body/items: expected a list of items");
  EXPECT_EQ(json_refusal("/body/items/3", Json::object()), "n.json/body/items: more than 3 items");
  EXPECT_EQ(json_refusal("/body/items/0/level", 1.5), "n.json/body/items/0/level: expected an integer");
  EXPECT_EQ(json_refusal("/body/items/0/level", 1LL << 40), "n.json/body/items/0/level: number is out of range");
  EXPECT_EQ(json_refusal("/body/items/1/width", "1"), "n.json/body/items/1/width: expected a number");
  EXPECT_EQ(json_refusal("/body/items/1/parents", Json::array()),
            "n.json/body/items/1/parents: expected 1 to 3 item numbers");
  EXPECT_EQ(json_refusal("/body/items/0", Json{{"parents", {1}}}), "n.json/body/items/0: \"level\" is missing");
  EXPECT_EQ(json_refusal("/body", Json{{"kind", "stages"}, {"counts", {1}}}),
            "n.json/body/counts: expected 2 integers: the sizes of two stages");
}

// The same template of fields is the list of a config.
TEST(JsonFields, ShareTheirListWithYaml) {
  Extra extra;
  read_yaml("ratios: [3, 4]\n", "e.yaml", extra);
  EXPECT_EQ(fields_to_json(extra).dump(), R"({"on":false,"ratios":[3.0,4.0]})");
}

}  // namespace
}  // namespace spinenet
