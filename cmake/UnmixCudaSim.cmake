# UNMIX_CUDA=SIM: the CUDA half compiled by the C++ compiler against the toolkit's headers, and tests/cudasim in place of
# the toolkit's libraries. Sets UNMIX_CUDA_ENABLED, UNMIX_CUDA_SIMULATED and UNMIX_CUDA_LIBRARIES.
find_path(UNMIX_CUDA_INCLUDE_DIR cuda_runtime.h
  HINTS ${CUDAToolkit_ROOT} ENV CUDA_HOME ENV CUDA_PATH ENV UNMIX_CUDA_HOME
  PATHS $ENV{HOME}/.cache/unmix/cuda /usr/local/cuda PATH_SUFFIXES include)
find_path(CUDNN_INCLUDE_DIR cudnn.h HINTS ${UNMIX_CUDA_INCLUDE_DIR})
mark_as_advanced(UNMIX_CUDA_INCLUDE_DIR CUDNN_INCLUDE_DIR)
if(NOT UNMIX_CUDA_INCLUDE_DIR OR NOT CUDNN_INCLUDE_DIR)
  message(FATAL_ERROR "UNMIX_CUDA is SIM, which needs the headers of CUDA and cuDNN: set CUDAToolkit_ROOT and "
                      "CUDNN_INCLUDE_DIR, or run scripts/install-deps.sh --cuda-headers")
endif()
set(UNMIX_CUDA_ENABLED ON)
set(UNMIX_CUDA_SIMULATED ON)
set(UNMIX_CUDA_LIBRARIES unmix_cudasim)
add_compile_options(-g1)  # reports of the device name source lines
if(UNMIX_CUDA_SIM_CHECK)
  # Compiled but never linked with that sanitizer: the calls that it adds go to tests/cudasim. Without SRA vector accesses
  # stay whole; -O1 leaves one instruction per access of the source. In every file, since of an inline function that two
  # files hold the linker may take either.
  add_compile_options(-O1 -fsanitize=thread -fno-tree-sra --param=tsan-instrument-func-entry-exit=0 -Wno-tsan
    -Wno-maybe-uninitialized)
  add_compile_definitions(UNMIX_CUDA_SIM_CHECK=1)
endif()
add_subdirectory(tests/cudasim)
