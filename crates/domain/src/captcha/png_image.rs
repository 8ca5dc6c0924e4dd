//! A captcha as PNG: one byte a pixel with a palette.

use super::composition::Composition;
use super::raster::Raster;

/// Writes the picture; empty only if the encoder failed, which writing into memory cannot.
pub(super) fn encode(composition: &Composition) -> Vec<u8> {
    let raster = Raster::draw(composition);
    let (mut colors, mut alphas) = (Vec::with_capacity(768), Vec::with_capacity(256));
    for entry in Raster::palette(composition) {
        colors.extend([entry.color.0, entry.color.1, entry.color.2]);
        alphas.push(entry.alpha);
    }
    let mut file = Vec::with_capacity(raster.pixels.len() / 2 + 2048);
    let mut encoder = png::Encoder::new(&mut file, composition.width, composition.height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(colors);
    if composition.background.is_none() {
        encoder.set_trns(alphas);
    }
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Sub);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&raster.pixels)?;
        writer.finish()
    });
    match written {
        Ok(()) => file,
        Err(_) => Vec::new(),
    }
}
