# Options of the build and the flags that every file gets.
set(UNMIX_CUDA AUTO CACHE STRING "CUDA half of the library: AUTO (ON where a toolkit and a GPU are found), ON, OFF, or SIM (run on a simulated device, for tests)")
set_property(CACHE UNMIX_CUDA PROPERTY STRINGS AUTO ON OFF SIM)
option(UNMIX_CUDA_SIM_CHECK "With SIM: watch every access of a kernel (slow)" OFF)
set(UNMIX_ARCH x86-64-v3 CACHE STRING "Oldest CPU the build runs on, as g++ -march takes it")
set(UNMIX_SANITIZE "" CACHE STRING "Sanitizers, e.g. \"address;undefined\"")
option(UNMIX_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(UNMIX_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(UNMIX_FUZZ "Build the fuzz targets (clang 16 or later; preset fuzz)" OFF)
set(UNMIX_SHARED_DATA ${PROJECT_SOURCE_DIR}/../shared/data CACHE PATH "Folder of real music that some tests use where present")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

find_program(CCACHE_PROGRAM ccache)
mark_as_advanced(CCACHE_PROGRAM)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths relative to the sources: another clone finds the same cache entries.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

# By hand for both languages: CMAKE_CXX_STANDARD would be asked of CUDA too, and CMake 3.25 knows no C++20 of nvcc 13.
add_compile_options(-std=c++20)

# Flags of the host compiler; nvcc hands the same ones on. No -ffast-math: NaN and infinity keep their meaning.
set(unmix_host_flags -march=${UNMIX_ARCH} -fno-math-errno -fno-trapping-math -Wall -Wextra)
if(UNMIX_SANITIZE)
  list(JOIN UNMIX_SANITIZE "," unmix_sanitizers)
  list(APPEND unmix_host_flags -fsanitize=${unmix_sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=${unmix_sanitizers})
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  # Instrumented code sets off false warnings; the plain build has shown that there are no true ones.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    list(APPEND unmix_host_flags -Wno-maybe-uninitialized)
  endif()
  set(CMAKE_COMPILE_WARNING_AS_ERROR OFF)
endif()
foreach(flag IN LISTS unmix_host_flags)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:${flag}> "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${flag}>")
endforeach()
