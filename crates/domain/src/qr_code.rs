//! QR codes as pictures: what an authenticator app is to be told, for a camera.

use base64::Engine as _;
use qrcode::{Color, EcLevel, QrCode};

/// Pixels for each module; phones read it from a screen without effort.
const SCALE: usize = 5;
/// Light modules around the code that readers need (ISO/IEC 18004, 5.3.8).
const QUIET_ZONE: usize = 4;

/// The code of `text` as a data URI of a PNG, black on white; `None`: the text is too long for one (about 2,300 bytes).
///
/// A PNG because every client shows it, mini programs among them.
pub fn png_data_uri(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let modules = code.to_colors();
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|at| *at < code.width());
        let (Some(x), Some(y)) = (inside(x), inside(y)) else { return false };
        modules.get(y * code.width() + x) == Some(&Color::Dark)
    };
    let side = (code.width() + 2 * QUIET_ZONE) * SCALE;
    let mut rows = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        // One bit a pixel, the first in the highest; each row begins a byte.
        for start in (0..side).step_by(8) {
            rows.push((0..8).fold(0, |byte: u8, bit| byte << 1 | u8::from(!dark((start + bit) / SCALE, y / SCALE))));
        }
    }
    let mut file = Vec::new();
    let side = u32::try_from(side).ok()?;
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rows).ok()?;
    writer.finish().ok()?;
    Some(format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a code as a phone does.
    fn read(uri: &str) -> String {
        let file = base64::engine::general_purpose::STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let about = reader.next_frame(&mut pixels).unwrap();
        let side = about.width as usize;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| pixels[y * side + x]);
        image.detect_grids().first().expect("a code").decode().unwrap().1
    }

    #[test]
    fn a_camera_reads_what_was_written() {
        for text in ["x", "otpauth://totp/%E4%BB%A4:a?secret=MZXW6YTBOI&issuer=%E4%BB%A4&algorithm=SHA1&digits=6&period=30"] {
            assert_eq!(read(&png_data_uri(text).unwrap()), text);
        }
        let long = "a".repeat(1000);
        assert_eq!(read(&png_data_uri(&long).unwrap()), long);
        assert_eq!(png_data_uri(&"a".repeat(3000)), None);
    }
}
