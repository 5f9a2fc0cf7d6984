#include "base/json.h"

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

std::string json_text(const nlohmann::json& value, int indent) { return text_of(value, indent); }
std::string json_text(const nlohmann::ordered_json& value, int indent) { return text_of(value, indent); }

}  // namespace unmix
