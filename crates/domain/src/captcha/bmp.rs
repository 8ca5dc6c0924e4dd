//! A captcha as BMP: 24 bits a pixel, uncompressed, the lowest row first (BITMAPINFOHEADER).

use super::composition::Composition;
use super::raster::Raster;

/// The length of the file header and the information header together, in bytes.
const HEADERS: usize = 14 + 40;

/// 72 dots an inch, in dots a metre.
const DOTS_PER_METRE: u32 = 2835;

/// Writes the picture. BMP knows no transparency: such a picture gets a white background.
pub(super) fn encode(composition: &Composition) -> Vec<u8> {
    let opaque = composition.background.is_none().then_some(super::color::Rgb::WHITE);
    let raster = Raster::draw(composition);
    let palette: Vec<[u8; 3]> = Raster::palette(composition)
        .map(|entry| {
            let color = opaque.map_or(entry.color, |paper| paper.mixed(entry.color, f32::from(entry.alpha) / 255.0));
            [color.2, color.1, color.0]
        })
        .collect();
    let row = (raster.width * 3).next_multiple_of(4);
    let pixels = row * raster.height;
    let mut file = Vec::with_capacity(HEADERS + pixels);
    file.extend(b"BM");
    for word in [(HEADERS + pixels) as u32, 0, HEADERS as u32, 40, composition.width, composition.height] {
        file.extend(word.to_le_bytes());
    }
    // One plane, 24 bits.
    file.extend([1, 0, 24, 0]);
    for word in [0, pixels as u32, DOTS_PER_METRE, DOTS_PER_METRE, 0, 0] {
        file.extend(word.to_le_bytes());
    }
    for line in raster.pixels.chunks_exact(raster.width).rev() {
        for &pixel in line {
            file.extend(palette[usize::from(pixel)]);
        }
        file.resize(file.len() + row - raster.width * 3, 0);
    }
    file
}
