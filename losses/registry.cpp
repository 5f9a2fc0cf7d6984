#include "losses/registry.h"

#include "base/error.h"
#include "base/suggest.h"
#include "losses/losses.h"

namespace unmix {

const std::vector<LossEntry>& loss_registry() {
  constexpr Needs kMagnitudes{}, kSpectra{true, false}, kWaveforms{false, true}, kEverything{true, true};
  static const std::vector<LossEntry> table{
      {"L1freq", "magnitude",
       "sum_k mean |M_k|X| - |Y_k||",
       "1/K of it", "losses/l1freq.cpp", 1e-3, kMagnitudes, l1freq},
      {"L2freq", "magnitude",
       "sum_k mean (M_k|X| - |Y_k|)^2",
       "1/K of it", "losses/l2freq.cpp", 1e-3, kMagnitudes, l2freq},
      {"LogL1freq", "magnitude",
       "sum_k 10 log10(mean |M_k|X| - |Y_k|| + eps)",
       "1/K of it", "losses/log_l1freq.cpp", 1e-3, kMagnitudes, log_l1freq},
      {"LogL2freq", "magnitude",
       "sum_k 10 log10(mean (M_k|X| - |Y_k|)^2 + eps)",
       "1/K of it", "losses/log_l2freq.cpp", 1e-3, kMagnitudes, log_l2freq},
      {"L1time", "waveform",
       "sum_k mean |z_k - y_k|",
       "1/K of it", "losses/l1time.cpp", 1e-5, kWaveforms, l1time},
      {"L2time", "waveform",
       "sum_k mean (z_k - y_k)^2",
       "1/K of it", "losses/l2time.cpp", 1e-5, kWaveforms, l2time},
      {"LogL1time", "waveform",
       "sum_k 10 log10(mean |z_k - y_k| + eps)",
       "1/K of it", "losses/log_l1time.cpp", 1e-3, kWaveforms, log_l1time},
      {"LogL2time", "waveform",
       "sum_k 10 log10(mean (z_k - y_k)^2 + eps)",
       "1/K of it", "losses/log_l2time.cpp", 1e-3, kWaveforms, log_l2time},
      {"SISDRtime", "waveform",
       "-10 log10(|a|^2 / (|a - z|^2 + eps) + eps), a = <z,y> y / (|y|^2 + eps), all as one vector",
       "1/K sum over sources", "losses/sisdrtime.cpp", 1e-3, kWaveforms, sisdrtime},
      {"SISDRfreq", "magnitude",
       "the same of magnitudes",
       "1/K sum over sources", "losses/sisdrfreq.cpp", 1e-3, kMagnitudes, sisdrfreq},
      {"MinSNRsdsdr", "waveform",
       "-min(SNR, SNR + 20 log10(<z,y> / |y|^2 + eps)), all as one vector",
       "-", "losses/min_snr_sdsdr.cpp", 1e-3, kWaveforms, min_snr_sdsdr},
      {"SDSDRtime", "waveform",
       "-",
       "-min(mean_k SNR_k, mean_k (SNR_k + 10 log10((<z_k,y_k> / (|y_k|^2 + eps))^2 + eps)))", "losses/sdsdrtime.cpp", 1e-3, kWaveforms, sdsdrtime},
      {"L1mask", "mask",
       "sum_k mean |M_k - R_k|, R_k = |Y_k| / (sum_j |Y_j| + 1e-18)",
       "1/K of it", "losses/l1mask.cpp", 1e-3, kMagnitudes, l1mask},
      {"L2mask", "mask",
       "sum_k mean (M_k - R_k)^2",
       "1/K of it", "losses/l2mask.cpp", 1e-4, kMagnitudes, l2mask},
      {"BinaryCrossEntropy", "mask",
       "sum_k BCE(logits M_k, [k = argmax_j |Y_j|])",
       "-", "losses/bce.cpp", 1e-3, kMagnitudes, bce},
      {"CrossEntropy", "mask",
       "mean (log sum_k exp M_k - M_j), j = argmax_k |Y_k|",
       "-", "losses/ce.cpp", 1e-3, kMagnitudes, ce},
      {"BCE_IRM", "mask",
       "sum_k BCE(logits M_k, R_k)",
       "-", "losses/bce_irm.cpp", 1e-3, kMagnitudes, bce_irm},
      {"PSA", "magnitude",
       "sum_k mean (M_k|X| - |Y_k| cos(angle X - angle Y_k))^2",
       "1/K of it", "losses/psa.cpp", 1e-3, kSpectra, psa},
      {"SNRPSA", "magnitude",
       "mean_k 20 tanh(r_k / 20), r_k the NSR in dB against sqrt|Y_k| cos(angle X - angle Y_k)",
       "-", "losses/snr_psa.cpp", 1e-3, kSpectra, snr_psa},
      {"Dissimilarity", "magnitude",
       "sum_k [D(k,k) - 0.1 sum_j D(k,j)], D(k,j) = mean (M_k|X| - |Y_j|)^2",
       "mean_k [D(k,k) - 0.05 sum_{j != k} D(k,j)]", "losses/dissimilarity.cpp", 1e-3, kMagnitudes, dissimilarity},
      {"MRS", "spectral",
       "-",
       "1/K sum_k mean over 2 STFTs of |S_k - Y_k|_F / |S_k|_F + mean |log10 S_k - log10 Y_k|", "losses/mrs.cpp", 1e-3, kWaveforms, mrs},
      {"Adversarial", "magnitude",
       "-",
       "L2freq + 0.5 L_sep, L_sep = 1/K sum_k [(D_k(M_k|X|) - 0.9)^2 + (D_k(M'_k|X'|) - 0.9)^2]",
       "losses/adversarial.cpp", 1e-3, kMagnitudes, adversarial},
      {"DeepFeature", "VGGish",
       "-",
       "L2freq + 1/2 L_feat + 10/3 L_style of VGGish's features",
       "losses/deep_feature.cpp", 1e-3, kWaveforms, deep_feature},
      {"Combination", "magnitude",
       "L2freq + SISDRfreq + LogL1freq",
       "the same of their paper forms", "losses/combination.cpp", 1e-3, kMagnitudes, combination},
      {"MRSTFT", "spectral",
       "sum_k mean over 3 STFTs of |S_k - Y_k|_F / |S_k|_F + mean |ln S_k - ln Y_k|",
       "1/K of it", "losses/mrstft.cpp", 1e-3, kWaveforms, mrstft},
      {"ComplexL1", "complex",
       "sum_k mean |Re(M_k X - Y_k)| + mean |Im(M_k X - Y_k)| + mean |z_k - y_k|",
       "1/K of it", "losses/complex_l1.cpp", 1e-3, kEverything, complex_l1},
      {"CombinedMDL", "mixed",
       "mean over sums of sources of L2freq + 10 (1 + wSDR)",
       "-", "losses/combined_mdl.cpp", 1e-3, kWaveforms, combined_mdl},
      {"L1SNR", "waveform",
       "sum_k 10 log10((mean |z_k - y_k| + 1e-3) / (mean |y_k| + 1e-3))",
       "1/K of it", "losses/l1snr.cpp", 1e-3, kWaveforms, l1snr},
      {"LogWMSE", "waveform",
       "mean 4 ln(mean (z_k - y_k)^2 / mean x^2 + 1e-8)",
       "-", "losses/log_wmse.cpp", 1e-3, kWaveforms, log_wmse},
  };
  return table;
}

std::string loss_table_markdown() {
  const auto cell = [](std::string_view text) {  // a bar would end the cell
    std::string escaped;
    for (const char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
    return escaped;
  };
  std::string table =
      "| loss | domain | `seed` (the study's code) | `paper` (its text) | code |\n|---|---|---|---|---|\n";
  for (const LossEntry& loss : loss_registry())
    table += fmt::format("| {} | {} | `{}` | {} | [{}](../{}) |\n", loss.name, loss.domain, cell(loss.formula),
                         cell(loss.paper), loss.source, loss.source);
  return table;
}

const LossEntry& find_loss(std::string_view name) {
  std::vector<std::string> names;
  for (const LossEntry& entry : loss_registry()) {
    if (edit_distance(entry.name, name) == 0) return entry;
    names.emplace_back(entry.name);
  }
  throw UsageError(fmt::format("there is no loss '{}'; nearest: {} ('unmix info' lists all)", name,
                               fmt::join(nearest_names(name, names), ", ")));
}

}  // namespace unmix
