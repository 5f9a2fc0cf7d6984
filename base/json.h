// JSON of what need not be UTF-8, which nlohmann-json refuses to write.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace unmix {

// The text of a value; in strings and keys that are not UTF-8 the bytes that are not are written as by to_utf8.
std::string json_text(const nlohmann::json& value, int indent = -1);
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace unmix
