// The benchmarks of a JSON file as points of a roofline.
#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "report/roofline.h"

namespace unmix {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kWhere = "roofline";

std::string text_of(const Json& object, const char* key) {
  const auto entry = object.find(key);
  return entry != object.end() && entry->is_string() ? entry->get<std::string>() : "";
}

double number_of(const Json& object, const char* key) {
  const auto entry = object.find(key);
  return entry != object.end() && entry->is_number() ? entry->get<double>() : 0.0;
}

// "gemm m:4144 n:512 k:2974" of "gemm/cpu/m:4144/n:512/k:2974/real_time"; none for a benchmark of another device.
std::optional<std::string> label_of(const std::string& name, const std::string& device) {
  const std::string part = fmt::format("/{}/", device);
  const size_t at = name.find(part);
  if (at == std::string::npos) return std::nullopt;
  std::string rest = name.substr(at + part.size() - 1);
  rest.resize(rest.size() - (rest.ends_with("/real_time") ? 10 : 0));
  std::string label = name.substr(0, at) + rest;
  std::ranges::replace(label, '/', ' ');
  return label;
}

}  // namespace

Roofline read_roofline(const std::filesystem::path& path, const std::string& device) {
  Json file = read_json_object(kWhere, path);
  if (file.contains("benchmarks") && file["benchmarks"].is_object())
    file = Json(file["benchmarks"]);  // of gpu-check.sh
  const Json context = file.value("context", Json::object()), entries = file.value("benchmarks", Json::array());
  check(context.is_object() && entries.is_array(), kWhere, "{} is not what unmix_bench writes as JSON", path.string());
  const auto rate = [&](const char* what) {
    const auto value = parse_number(text_of(context, fmt::format("{} {}", device, what).c_str()));
    check(value && *value > 0.0, kWhere, "{} holds no \"{} {}\": let unmix_bench run benchmarks of {} and write JSON",
          path.string(), device, what, device);
    return *value;
  };
  Roofline roofline{.device = text_of(context, fmt::format("{} device", device).c_str()),
                    .copy_rate = rate("copy rate, bytes/s"),
                    .product_rate = rate("product rate in fp32, FLOP/s")};
  for (const Json& entry : entries) {
    const auto name = label_of(text_of(entry, "run_name"), device);
    if (!name || (text_of(entry, "run_type") == "aggregate" && text_of(entry, "aggregate_name") != "median")) continue;
    const Roofline::Point point{*name, number_of(entry, "FLOP/s"), number_of(entry, "bytes/s")};
    // Repetitions have one name, and their median comes last.
    const auto same = std::ranges::find(roofline.points, point.name, &Roofline::Point::name);
    if (point.flops <= 0.0 || point.bytes <= 0.0) {
      if (!contains(roofline.left_out, point.name)) roofline.left_out.push_back(point.name);
    } else if (same != roofline.points.end()) {
      *same = point;
    } else {
      roofline.points.push_back(point);
    }
  }
  check(!roofline.points.empty(), kWhere, "{} holds no benchmark of {} that states its FLOP and bytes", path.string(),
        device);
  return roofline;
}

}  // namespace unmix
