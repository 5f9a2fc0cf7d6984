// The engines that run an LSTM on CUDA, and the choice between them. The CPU has one engine.
//   standard     cuDNN's CUDNN_RNN_ALGO_STANDARD: a product and a cell for each step and direction
//   persistent   cuDNN's CUDNN_RNN_ALGO_PERSIST_STATIC: one kernel for all steps, the recurrent weights in registers;
//                exact float32 whatever the precision (Diamos et al., "Persistent RNNs", ICML 2016)
// An engine that a GPU or a shape does not suit is left for the next, with a line on standard error.
#pragma once

#include "base/choice.h"

namespace unmix {

enum class LstmEngine { automatic, standard, persistent };

inline constexpr Choice<LstmEngine> lstm_engine_names[] = {
    {"auto", LstmEngine::automatic}, {"standard", LstmEngine::standard}, {"persistent", LstmEngine::persistent}};

LstmEngine lstm_engine();  // the calling thread's choice; automatic outside of any scope

// The calling thread's choice while it lives.
class LstmEngineScope {
 public:
  explicit LstmEngineScope(LstmEngine engine);
  ~LstmEngineScope();
  LstmEngineScope(const LstmEngineScope&) = delete;
  LstmEngineScope& operator=(const LstmEngineScope&) = delete;

 private:
  LstmEngine before_;
};

// The engine of the calling thread's last LSTM on CUDA; automatic where there was none.
LstmEngine lstm_engine_used();
void note_lstm_engine(LstmEngine engine);

}  // namespace unmix
