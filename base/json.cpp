#include "base/json.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace unmix {
namespace {

std::string as_utf8(const std::string& text) { return is_utf8(text) ? text : to_utf8(text); }

template <class Json>
Json escaped(const Json& value) {
  if (value.is_string()) return as_utf8(value.template get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  Json copy = value.is_array() ? Json::array() : Json::object();
  if (value.is_array())
    for (const Json& element : value) copy.push_back(escaped(element));
  else
    for (const auto& [key, element] : value.items()) copy[as_utf8(key)] = escaped(element);
  return copy;
}

template <class Json>
std::string text_of(const Json& value, int indent) {
  try {
    return value.dump(indent);
  } catch (const typename Json::type_error&) {  // not UTF-8
    return escaped(value).dump(indent);
  }
}

}  // namespace

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

std::string json_text(const nlohmann::json& value, int indent) { return text_of(value, indent); }
std::string json_text(const nlohmann::ordered_json& value, int indent) { return text_of(value, indent); }

}  // namespace unmix
