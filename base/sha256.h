// SHA-256 (FIPS 180-4), by which downloads are told apart.
#pragma once

#include <string>
#include <string_view>

namespace unmix {

// 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

}  // namespace unmix
