#include "models/json_file.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace unmix {

nlohmann::ordered_json parse_json_object(const char* where, const std::string& text, const std::string& name) {
  using nlohmann::ordered_json;
  constexpr int kDeepest = 32;
  const auto callback = [&](int depth, ordered_json::parse_event_t, ordered_json&) {
    check(depth < kDeepest, where, "{}: the JSON in it is nested too deeply", name);
    return true;
  };
  ordered_json object = ordered_json::parse(with_null_for_nan(text), callback, /*allow_exceptions=*/false);
  check(object.is_object(), where, "{}: the file is not a JSON object", name);
  return object;
}

nlohmann::ordered_json read_json_object(const char* where, const std::filesystem::path& path) {
  check_input_file(where, path);
  return parse_json_object(where, read_file(path), path.string());
}

std::string brief(const nlohmann::ordered_json& value) {
  return value.is_structured() ? value.type_name() : value.dump().substr(0, 40);
}

}  // namespace unmix
