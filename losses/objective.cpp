#include "losses/objective.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/error.h"

namespace unmix {
namespace {

// sum = [sign] term { sign term },  term = [number "*"] name
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Objective::Term> sum() {
    std::vector<Objective::Term> terms;
    double sign = take('-') ? -1.0 : 1.0;
    for (;;) {
      terms.push_back(term(sign));
      if (take('+')) {
        sign = 1.0;
      } else if (take('-')) {
        sign = -1.0;
      } else {
        break;
      }
    }
    if (skip_blanks() != text_.size()) wrong("'+' or '-'");
    return terms;
  }

 private:
  Objective::Term term(double sign) {
    double weight = 1.0;
    if (number(weight) && !take('*')) wrong("'*'");
    const size_t begin = skip_blanks();
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    if (begin == at_) wrong(begin == 0 ? "a loss" : "a loss or a weight");
    return {sign * weight, &find_loss(text_.substr(begin, at_ - begin))};
  }

  bool number(double& value) {
    const size_t begin = skip_blanks();
    const char* last = text_.data() + text_.size();
    const auto [end, error] = std::from_chars(text_.data() + begin, last, value);
    if (error != std::errc{} || end == text_.data() + begin || std::isalpha(static_cast<unsigned char>(text_[begin])))
      return false;
    at_ = static_cast<size_t>(end - text_.data());
    return true;
  }

  bool take(char symbol) {
    if (skip_blanks() == text_.size() || text_[at_] != symbol) return false;
    ++at_;
    return true;
  }

  size_t skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_;
  }

  [[noreturn]] void wrong(std::string_view wanted) const {
    throw UsageError(fmt::format("--loss '{}': {} is wanted at character {}{}", text_, wanted, at_ + 1,
                                 at_ < text_.size() ? fmt::format(" ('{}')", text_.substr(at_)) : ", its end"));
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Objective::Objective(std::string_view text, LossContext context) : terms_(Parser(text).sum()), context_(context) {}

Objective Objective::with(const LossContext& context) const {
  Objective other = *this;
  other.context_ = context;
  return other;
}

Needs Objective::needs() const {
  Needs all;
  for (const Term& term : terms_) all = all | term.loss->needs;
  return all;
}

double Objective::learning_rate() const {
  const auto slowest = std::min_element(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) {
    return a.loss->learning_rate < b.loss->learning_rate;
  });
  return slowest->loss->learning_rate;
}

bool Objective::contains(std::string_view name) const {
  return std::any_of(terms_.begin(), terms_.end(), [&](const Term& term) { return term.loss->name == name; });
}

Var Objective::operator()(Signals& signals) const {
  Var sum;
  for (const Term& term : terms_) {
    const Var value = term.loss->compute(signals, context_);
    const Var weighted = term.weight == 1.0 ? value : scale(value, static_cast<float>(term.weight));
    sum = sum.defined() ? sum + weighted : weighted;
  }
  return sum;
}

}  // namespace unmix
