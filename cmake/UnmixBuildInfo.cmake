# What two files of base/ know of the build: the CPU features it needs, and its version.

# The check of the CPU runs on CPUs that lack these features, so it is compiled for the first x86-64.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -march=${UNMIX_ARCH} -dM -E -x c++ /dev/null
  OUTPUT_VARIABLE macros ERROR_VARIABLE error RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "UNMIX_ARCH is \"${UNMIX_ARCH}\", which the compiler does not know as -march:\n${error}")
endif()
set(features "")
foreach(feature sse3 ssse3 sse4.1 sse4.2 popcnt avx fma avx2 bmi bmi2 avx512f avx512cd avx512bw avx512dq
                avx512vl avx512vnni avx512bf16 avx512fp16)
  string(TOUPPER ${feature} macro)
  string(REPLACE "." "_" macro ${macro})
  if(macros MATCHES "#define __${macro}__ 1")
    string(APPEND features "UNMIX_CPU_FEATURE(\"${feature}\")\n")
  endif()
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/cpu_features.inc CONTENT "${features}" @ONLY)
set_source_files_properties(base/cpu_check.cpp PROPERTIES
  INCLUDE_DIRECTORIES ${PROJECT_BINARY_DIR}/generated
  COMPILE_OPTIONS -march=x86-64 COMPILE_DEFINITIONS UNMIX_ARCH="${UNMIX_ARCH}")
# Takes the check out of the archive though no code calls it: it runs before main.
target_link_options(unmix_base PUBLIC LINKER:-u,unmix_check_cpu)

set(commit "")
if(EXISTS ${PROJECT_SOURCE_DIR}/.git)
  execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(commit "")
  elseif(EXISTS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
  endif()
endif()
set(build "${CMAKE_BUILD_TYPE}, ${UNMIX_ARCH}, ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
if(UNMIX_CUDA_SIMULATED)
  string(APPEND build ", CUDA simulated")
elseif(UNMIX_CUDA_ENABLED)
  list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
  string(APPEND build ", CUDA ${CMAKE_CUDA_COMPILER_VERSION} (${architectures})")
else()
  string(APPEND build ", CUDA off")
endif()
if(UNMIX_SANITIZE)
  string(APPEND build ", sanitizers ${unmix_sanitizers}")
endif()
set_source_files_properties(base/version.cpp PROPERTIES COMPILE_DEFINITIONS
  "UNMIX_VERSION=\"${PROJECT_VERSION}\";UNMIX_COMMIT=\"${commit}\";UNMIX_BUILD=\"${build}\"")
