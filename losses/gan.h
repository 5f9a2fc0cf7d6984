// The objectives of adversarial training, each a mean over a discriminator's scores s:
//             a discriminator of real  and of fake signals    the separator
//   lsgan     (s - 0.9)^2              (s - 0.1)^2            (s - 0.9)^2
//   hinge     max(0, 1 - s)            max(0, 1 + s)          -s
// lsgan: Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, with labels smoothed as Salimans et
// al. (2016) do; hinge: Lim & Ye, "Geometric GAN", 2017.
#pragma once

#include <vector>

#include "autograd/ops.h"
#include "base/choice.h"

namespace unmix {

enum class Gan { lsgan, hinge };

inline constexpr Choice<Gan> gan_names[] = {{"lsgan", Gan::lsgan}, {"hinge", Gan::hinge}};

Var real_loss(Gan gan, const Var& scores);
Var fake_loss(Gan gan, const Var& scores);
Var fooling_loss(Gan gan, const Var& scores);

// Mean over the layers of mean |estimates' features - real ones' features| (Wang et al., pix2pixHD, CVPR 2018).
Var feature_distance(const std::vector<Var>& estimate, const std::vector<Var>& real);

}  // namespace unmix
