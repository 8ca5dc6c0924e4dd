//! Captchas: a few characters or a sum, drawn so that people read them and programs do not.
//!
//! [`CaptchaConfig`] reads `uni-config-center/uni-captcha/config.json`; [`Captcha::draw`] asks a
//! question (`question`), writes it with the strokes of an own font (`glyphs`), distorts and
//! crosses it (`composition`) and encodes the strokes as SVG, PNG or BMP. Keeping the answer and
//! counting the guesses is the store's part.

mod bmp;
mod color;
mod composition;
mod data_uri;
mod glyphs;
mod jitter;
mod options;
mod png_image;
mod question;
mod raster;
mod stroke;
mod svg;
#[cfg(test)]
mod testing;
mod warp;

use std::fmt;

use crate::random::Random;

pub use options::{CaptchaConfig, CaptchaOptions};

/// A picture format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Vector strokes; the default.
    Svg,
    /// For clients that cannot show SVG.
    Png,
    /// What the original offers such clients (uni-app x).
    Bmp,
}

/// A captcha: its picture and what must be typed.
pub struct Captcha {
    /// What the user must type, compared without regard to case; of a sum the result.
    pub text: String,
    /// The file's bytes; of SVG the markup, which is ASCII.
    pub image: Vec<u8>,
    /// What `image` is.
    pub format: Format,
}

impl Captcha {
    /// Draws a new captcha, in `format_override` instead of the configured format if given.
    pub fn draw(options: &CaptchaOptions, format_override: Option<Format>, random: &dyn Random) -> Self {
        let question = question::Question::ask(options, random);
        let composition = composition::Composition::new(&question.shown, options, &mut jitter::Jitter::new(random));
        let format = format_override.unwrap_or(options.format());
        let image = match format {
            Format::Svg => svg::encode(&composition),
            Format::Png => png_image::encode(&composition),
            Format::Bmp => bmp::encode(&composition),
        };
        Self { text: question.answer, image, format }
    }

    /// The picture as a data URI (`captchaBase64`). `escape` matters to SVG only: with it the URI
    /// is strictly valid, which native image loaders and stylesheets need; without it spaces and
    /// single quotes stay, which browsers accept and which is shorter.
    pub fn data_uri(&self, escape: bool) -> String {
        data_uri::data_uri(self.format, &self.image, escape)
    }
}

/// Neither the text nor the picture, which would tell it, is printed.
impl fmt::Debug for Captcha {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Captcha").field("format", &self.format).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::testing::Seeded;
    use super::*;

    const FORMATS: [Format; 3] = [Format::Svg, Format::Png, Format::Bmp];

    fn drawn(config: &Value, format: Format, seed: u64) -> Captcha {
        let (config, problems) = CaptchaConfig::parse(config);
        assert_eq!(problems, Vec::<String>::new());
        Captcha::draw(config.for_scene("any"), Some(format), &Seeded::new(seed))
    }

    fn markup(captcha: &Captcha) -> &str {
        std::str::from_utf8(&captcha.image).unwrap()
    }

    /// Decodes a PNG to RGBA.
    fn pixels(image: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(image));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut buffer).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgba);
        (info.width, info.height, buffer)
    }

    #[test]
    fn the_same_randomness_draws_the_same_captcha_and_other_randomness_another() {
        for format in FORMATS {
            let [one, again, other] = [1, 1, 2].map(|seed| drawn(&json!({}), format, seed));
            assert_eq!((&one.text, &one.image, one.format), (&again.text, &again.image, format));
            assert_ne!(one.image, other.image);
        }
    }

    #[test]
    fn the_configured_format_is_drawn_unless_another_is_asked_for() {
        let (config, _) = CaptchaConfig::parse(&json!({"mode": "bmp"}));
        let options = config.for_scene("any");
        assert_eq!(Captcha::draw(options, None, &Seeded::new(1)).format, Format::Bmp);
        assert_eq!(Captcha::draw(options, Some(Format::Png), &Seeded::new(1)).format, Format::Png);
    }

    #[test]
    fn svg_holds_nothing_but_paths_and_shades_and_never_the_text() {
        for seed in 0..200 {
            let captcha = drawn(&json!({"size": 6, "color": seed % 2 == 0}), Format::Svg, seed);
            let svg = markup(&captcha);
            assert!(svg.is_ascii() && svg.starts_with("<svg xmlns='http://www.w3.org/2000/svg' width='150' height='50'"));
            assert!(!svg.to_lowercase().contains(&captcha.text.to_lowercase()), "{}", captcha.text);
            for element in svg.split('<').skip(1) {
                let name = element.split([' ', '>']).next().unwrap();
                assert!(["svg", "/svg", "g", "/g", "path", "ellipse"].contains(&name), "{name}");
            }
            assert!(!svg.contains(" id=") && !svg.contains(" class="));
            let data: String = svg.split(" d='").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
            assert!(data.chars().all(|character| "0123456789- MHVhzlq".contains(character)), "{data}");
        }
    }

    #[test]
    fn the_number_of_paths_does_not_tell_the_text() {
        let paths = |seed| markup(&drawn(&json!({}), Format::Svg, seed)).matches("<path ").count();
        let usual = paths(0);
        // Background, and one for each pen of the single ink; rarely a pen stays unused.
        assert_eq!(usual, 5);
        assert!((0..200).filter(|&seed| paths(seed) != usual).count() < 10);
    }

    #[test]
    fn png_decodes_to_the_configured_size_and_background() {
        let captcha = drawn(&json!({"width": 160, "height": 60, "background": "#102030", "noise": 0}), Format::Png, 3);
        let (width, height, rgba) = pixels(&captcha.image);
        assert_eq!((width, height), (160, 60));
        let background = rgba.chunks_exact(4).filter(|pixel| pixel == &[0x10, 0x20, 0x30, 255]).count();
        assert!(background > 1000 && background < 160 * 60 - 500, "{background}");
    }

    #[test]
    fn without_a_background_png_is_transparent_and_bmp_is_white() {
        let config = json!({"background": ""});
        let (_, _, rgba) = pixels(&drawn(&config, Format::Png, 3).image);
        let alpha = |value| rgba.chunks_exact(4).filter(|pixel| pixel[3] == value).count();
        assert!(alpha(0) > 3000 && alpha(255) > 300);
        let bmp = drawn(&config, Format::Bmp, 3).image;
        assert!(bmp[54..].chunks_exact(3).filter(|pixel| pixel == &[255; 3]).count() > 3000);
        assert!(!markup(&drawn(&config, Format::Svg, 3)).contains("H0z"));
    }

    #[test]
    fn bmp_has_valid_headers_and_shows_what_png_shows() {
        // 151 pixels of three bytes leave a row three bytes short of a multiple of four.
        let config = json!({"width": 151, "height": 50, "color": true});
        let bmp = drawn(&config, Format::Bmp, 9).image;
        let word = |at: usize| u32::from_le_bytes(bmp[at..at + 4].try_into().unwrap());
        let row = 456;
        assert_eq!(&bmp[..2], b"BM");
        assert_eq!((word(2) as usize, word(10), word(14), word(18), word(22)), (bmp.len(), 54, 40, 151, 50));
        assert_eq!((&bmp[26..30], word(30), word(34)), (&[1, 0, 24, 0][..], 0, row * 50));
        assert_eq!(bmp.len(), 54 + row as usize * 50);
        let (_, _, rgba) = pixels(&drawn(&config, Format::Png, 9).image);
        for (x, y) in [(0, 0), (75, 25), (150, 49), (40, 30)] {
            let at = 54 + (49 - y) * row as usize + x * 3;
            let of_png = &rgba[(y * 151 + x) * 4..][..3];
            assert_eq!([bmp[at + 2], bmp[at + 1], bmp[at]], of_png, "{x} {y}");
        }
    }

    #[test]
    fn the_data_uri_has_the_prefix_of_its_format() {
        let prefixes = ["data:image/svg+xml;utf8,%3Csvg%20xmlns=", "data:image/png;base64,iVBOR", "data:image/bmp;base64,Qk"];
        for (format, prefix) in FORMATS.into_iter().zip(prefixes) {
            let uri = drawn(&json!({}), format, 4).data_uri(true);
            assert!(uri.starts_with(prefix), "{}", &uri[..40]);
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"'<>".contains(&byte)));
        }
    }

    #[test]
    fn options_at_their_bounds_are_drawn() {
        for (width, height) in [(40, 20), (600, 300), (40, 300), (600, 20)] {
            for size in [1, 10] {
                for (font_size, noise, level) in [(10, 0, 1), (300, 20, 5), (300, 0, 1), (10, 20, 5)] {
                    for (background, math) in [("#7f7f7f", false), ("", true)] {
                        let config = json!({
                            "width": width, "height": height, "size": size, "fontSize": font_size, "noise": noise, "level": level,
                            "background": background, "mathExpr": math, "mathMax": 99, "color": math
                        });
                        let svg = drawn(&config, Format::Svg, 5);
                        assert!(!markup(&svg).contains("NaN") && svg.image.len() < 40_000, "{}", svg.image.len());
                        let (one, two, _) = pixels(&drawn(&config, Format::Png, 5).image);
                        assert_eq!((one, two), (width, height));
                        assert!(drawn(&config, Format::Bmp, 5).image.len() > (width * height * 3) as usize);
                    }
                }
            }
        }
    }

    #[test]
    fn the_characters_lie_inside_the_picture() {
        for seed in 0..100 {
            let image = drawn(&json!({"noise": 0, "background": "", "fontSize": 60, "size": 5}), Format::Png, seed).image;
            let (width, height, rgba) = pixels(&image);
            let inked = |x: u32, y: u32| rgba[((y * width + x) * 4 + 3) as usize] > 0;
            assert!((0..width).all(|x| !inked(x, 0) && !inked(x, height - 1)), "seed {seed}");
            assert!((0..height).all(|y| !inked(0, y) && !inked(width - 1, y)), "seed {seed}");
        }
    }

    #[test]
    fn neither_text_nor_picture_is_printed() {
        assert_eq!(format!("{:?}", drawn(&json!({}), Format::Svg, 1)), "Captcha { format: Svg, .. }");
    }
}
