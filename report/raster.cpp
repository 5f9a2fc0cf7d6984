// PNG of a drawing: librsvg draws the SVG on a cairo surface.
#include <librsvg/rsvg.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "report/image.h"
#include "report/svg.h"

namespace unmix {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* pointer) const {
    release(pointer);
  }
};

// The pixels of a surface, 32 bits each: nothing, red, green, blue.
Image pixels_of(cairo_surface_t* surface) {
  cairo_surface_flush(surface);
  Image image(cairo_image_surface_get_width(surface), cairo_image_surface_get_height(surface));
  const unsigned char* row = cairo_image_surface_get_data(surface);
  for (int y = 0; y < image.height(); ++y, row += cairo_image_surface_get_stride(surface))
    for (int x = 0; x < image.width(); ++x) {
      uint32_t pixel = 0;
      std::memcpy(&pixel, row + 4 * x, 4);
      image.set(x, y,
                {static_cast<uint8_t>(pixel >> 16), static_cast<uint8_t>(pixel >> 8), static_cast<uint8_t>(pixel)});
    }
  return image;
}

std::string rendered(const std::string& svg, double scale) {
  GError* error = nullptr;
  const std::unique_ptr<RsvgHandle, Release<g_object_unref>> handle(
      rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(), &error));
  const std::unique_ptr<GError, Release<g_error_free>> parse_error(error);
  check(handle != nullptr, "report", "the drawing is no SVG: {}", parse_error ? parse_error->message : "");
  double width = 0.0, height = 0.0;
  check(rsvg_handle_get_intrinsic_size_in_pixels(handle.get(), &width, &height), "report", "the drawing has no size");
  const RsvgRectangle page{0.0, 0.0, std::ceil(width * scale), std::ceil(height * scale)};
  const std::unique_ptr<cairo_surface_t, Release<cairo_surface_destroy>> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(page.width), static_cast<int>(page.height)));
  const std::unique_ptr<cairo_t, Release<cairo_destroy>> context(cairo_create(surface.get()));
  cairo_set_source_rgb(context.get(), 1.0, 1.0, 1.0);
  cairo_paint(context.get());
  const bool drawn = rsvg_handle_render_document(handle.get(), context.get(), &page, &error);
  const std::unique_ptr<GError, Release<g_error_free>> draw_error(error);
  check(drawn, "report", "the drawing cannot be drawn: {}", draw_error ? draw_error->message : "");
  return pixels_of(surface.get()).png();
}

}  // namespace

std::string png_of(const Svg& svg, double scale) { return rendered(svg.file_text(), scale); }

void write_drawing(const std::filesystem::path& base, const Svg& svg, double scale) {
  const std::string text = svg.file_text();
  write_file(base.string() + ".svg", text);
  write_file(base.string() + ".png", rendered(text, scale));
}

}  // namespace unmix
