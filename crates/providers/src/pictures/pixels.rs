//! What can be seen of a picture, and nothing else of its file.

use std::io::Cursor;

use image_webp::WebPDecoder;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

/// The longest side of a picture that is decoded, pixels.
const LONGEST_SIDE: u32 = 8192;
/// The most pixels of one that is decoded: four bytes each, 64 MiB.
const MOST_PIXELS: u64 = 16 * 1024 * 1024;
/// What a decoder may take beside them, bytes.
const MOST_MEMORY: usize = 96 * 1024 * 1024;
/// The longest side of what is kept, pixels; larger ones are made smaller.
const KEPT_SIDE: u32 = 512;

const NO_PICTURE: &str = "it is no JPEG, PNG or WebP";
const BROKEN: &str = "it cannot be decoded";
const TOO_LARGE: &str = "it is too large";

/// Red, green, blue and opacity of every pixel, line by line.
struct Pixels {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

/// Decodes JPEG, PNG or WebP, whatever the server called it, and encodes what can be seen as PNG: what else
/// was in the file (scripts, positions, other formats behind the first) does not survive.
pub fn encode_again(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let pixels = if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        jpeg(bytes)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        webp(bytes)
    } else {
        Err(NO_PICTURE)
    }?;
    encode(&pixels.smaller())
}

/// Before anything is decoded: a small file may say that it is enormous.
fn check_size(width: u32, height: u32) -> Result<(), &'static str> {
    let fits = width <= LONGEST_SIDE && height <= LONGEST_SIDE && u64::from(width) * u64::from(height) <= MOST_PIXELS;
    match (width, height) {
        (0, _) | (_, 0) => Err(BROKEN),
        _ if fits => Ok(()),
        _ => Err(TOO_LARGE),
    }
}

fn jpeg(bytes: &[u8]) -> Result<Pixels, &'static str> {
    let side = LONGEST_SIDE as usize;
    let options = DecoderOptions::default().set_max_width(side).set_max_height(side).jpeg_set_out_colorspace(ColorSpace::RGBA);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| BROKEN)?;
    let (width, height) = decoder.dimensions().ok_or(BROKEN)?;
    let (width, height) = (u32::try_from(width).map_err(|_| TOO_LARGE)?, u32::try_from(height).map_err(|_| TOO_LARGE)?);
    check_size(width, height)?;
    Pixels::new(width, height, decoder.decode().map_err(|_| BROKEN)?)
}

fn png(bytes: &[u8]) -> Result<Pixels, &'static str> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: MOST_MEMORY });
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let header = decoder.read_header_info().map_err(|_| BROKEN)?;
    let (width, height) = (header.width, header.height);
    check_size(width, height)?;
    let mut reader = decoder.read_info().map_err(|_| BROKEN)?;
    let mut samples = vec![0; reader.output_buffer_size().ok_or(TOO_LARGE)?];
    let frame = reader.next_frame(&mut samples).map_err(|_| BROKEN)?;
    samples.truncate(frame.buffer_size());
    let rgba = match frame.color_type {
        png::ColorType::Rgba => samples,
        png::ColorType::GrayscaleAlpha => samples.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect(),
        _ => return Err(BROKEN),
    };
    Pixels::new(width, height, rgba)
}

fn webp(bytes: &[u8]) -> Result<Pixels, &'static str> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|_| BROKEN)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    decoder.set_memory_limit(MOST_MEMORY);
    let mut samples = vec![0; decoder.output_buffer_size().ok_or(TOO_LARGE)?];
    // Of one that moves, the first picture.
    decoder.read_image(&mut samples).map_err(|_| BROKEN)?;
    let rgba = match decoder.has_alpha() {
        true => samples,
        false => samples.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect(),
    };
    Pixels::new(width, height, rgba)
}

impl Pixels {
    fn new(width: u32, height: u32, rgba: Vec<u8>) -> Result<Self, &'static str> {
        let expected = u64::from(width) * u64::from(height) * 4;
        if u64::try_from(rgba.len()) == Ok(expected) { Ok(Self { width, height, rgba }) } else { Err(BROKEN) }
    }

    /// At most [`KEPT_SIDE`] long: each pixel is the mean of those that it stands for.
    fn smaller(self) -> Self {
        let longest = self.width.max(self.height);
        if longest <= KEPT_SIDE {
            return self;
        }
        let scaled = |side: u32| u32::try_from(u64::from(side) * u64::from(KEPT_SIDE) / u64::from(longest)).unwrap_or(KEPT_SIDE).max(1);
        let (width, height) = (scaled(self.width), scaled(self.height));
        let span = |at: u32, of: u32, from: u32| {
            let start = u64::from(at) * u64::from(from) / u64::from(of);
            let end = (u64::from(at + 1) * u64::from(from) / u64::from(of)).max(start + 1);
            start as usize..end as usize
        };
        let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
        for y in 0..height {
            for x in 0..width {
                let columns = span(x, width, self.width);
                let (mut sums, mut opacity, mut count) = ([0_u64; 3], 0_u64, 0_u64);
                for row in span(y, height, self.height) {
                    let start = (row * self.width as usize + columns.start) * 4;
                    for pixel in self.rgba.get(start..start + columns.len() * 4).unwrap_or_default().chunks_exact(4) {
                        let alpha = u64::from(pixel[3]);
                        // What cannot be seen has no colour to add.
                        sums.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u64::from(*part) * alpha);
                        opacity += alpha;
                        count += 1;
                    }
                }
                let mean = |sum: u64| u8::try_from(sum / opacity.max(1)).unwrap_or(u8::MAX);
                rgba.extend(sums.map(mean));
                rgba.push(u8::try_from(opacity / count.max(1)).unwrap_or(u8::MAX));
            }
        }
        Self { width, height, rgba }
    }

    fn is_opaque(&self) -> bool {
        self.rgba.chunks_exact(4).all(|pixel| pixel[3] == 255)
    }
}

fn encode(pixels: &Pixels) -> Result<Vec<u8>, &'static str> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width, pixels.height);
    encoder.set_depth(png::BitDepth::Eight);
    let opaque: Vec<u8>;
    let samples = if pixels.is_opaque() {
        encoder.set_color(png::ColorType::Rgb);
        opaque = pixels.rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        &opaque
    } else {
        encoder.set_color(png::ColorType::Rgba);
        &pixels.rgba
    };
    let mut writer = encoder.write_header().map_err(|_| BROKEN)?;
    writer.write_image_data(samples).map_err(|_| BROKEN)?;
    writer.finish().map_err(|_| BROKEN)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    /// 16 by 8 pixels, grey: two blocks without any difference, put together by hand from ITU-T T.81, annex B.
    const JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAAIABABAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AD//Z";

    fn colourful(width: u32, height: u32) -> Pixels {
        let rgba = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 7, 255])).collect();
        Pixels { width, height, rgba }
    }

    fn webp_file(pixels: &Pixels) -> Vec<u8> {
        let mut file = Vec::new();
        image_webp::WebPEncoder::new(&mut file).encode(&pixels.rgba, pixels.width, pixels.height, image_webp::ColorType::Rgba8).unwrap();
        file
    }

    fn seen(file: &[u8]) -> Pixels {
        png(file).unwrap()
    }

    #[test]
    fn pictures_are_encoded_again_and_what_hides_behind_them_is_gone() {
        let colours = colourful(40, 20);
        for mut file in [encode(&colours).unwrap(), webp_file(&colours)] {
            file.extend_from_slice(b"<script>alert(1)</script>");
            let kept = encode_again(&file).unwrap();
            assert!(!kept.windows(8).any(|part| part == b"<script>"));
            let again = seen(&kept);
            assert_eq!((again.width, again.height, again.rgba), (40, 20, colours.rgba.clone()));
        }
        let mut file = STANDARD.decode(JPEG).unwrap();
        file.extend_from_slice(b"<script>");
        let again = seen(&encode_again(&file).unwrap());
        assert_eq!((again.width, again.height), (16, 8));
        assert!(again.rgba.chunks_exact(4).all(|pixel| pixel[0].abs_diff(127) < 4 && pixel[0] == pixel[1] && pixel[3] == 255));
    }

    #[test]
    fn opacity_is_kept() {
        let mut pixels = colourful(4, 4);
        pixels.rgba[3] = 9;
        assert_eq!(seen(&encode_again(&encode(&pixels).unwrap()).unwrap()).rgba, pixels.rgba);
    }

    #[test]
    fn large_ones_are_made_smaller_and_enormous_ones_refused() {
        let again = seen(&encode_again(&encode(&colourful(1024, 256)).unwrap()).unwrap());
        assert_eq!((again.width, again.height), (512, 128));
        assert_eq!(&again.rgba[..4], [0, 0, 7, 255]);
        let thin = seen(&encode_again(&encode(&colourful(8000, 1)).unwrap()).unwrap());
        assert_eq!((thin.width, thin.height), (512, 1));
        assert_eq!(check_size(8193, 1), Err(TOO_LARGE));
        assert_eq!(check_size(8192, 8192), Err(TOO_LARGE));
        assert_eq!(check_size(0, 1), Err(BROKEN));
        // A small file that says it is enormous.
        let mut bomb = encode(&colourful(10, 10)).unwrap();
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        assert!(encode_again(&bomb).is_err());
    }

    #[test]
    fn everything_else_is_refused() {
        for bytes in [&b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..], b"GIF89a\x01\0\x01\0", b"<html>", b"", b"RIFF\0\0\0\0WEBP"] {
            assert!(encode_again(bytes).is_err(), "{bytes:?}");
        }
        let file = encode(&colourful(10, 10)).unwrap();
        for length in 0..file.len() - 20 {
            assert!(encode_again(&file[..length]).is_err(), "{length}");
        }
    }
}
