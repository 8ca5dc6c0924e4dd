//! Writes sample captchas into a folder and prints what one costs.
//!
//! `cargo run --release -p lingpai-domain --example captcha -- <folder> [count] [config.json]`
//!
//! Each file is named after its text, so that `<folder>` can be given to a text recogniser and the
//! result compared.

use std::hint::black_box;
use std::path::Path;
use std::sync::Mutex;

use lingpai_domain::captcha::{Captcha, CaptchaConfig, Format};
use lingpai_domain::random::Random;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The same pictures on every run.
struct Seeded(Mutex<StdRng>);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        if let Ok(mut generator) = self.0.lock() {
            generator.fill(bytes);
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: captcha <folder> [count] [config.json]")?;
    let count: usize = arguments.next().map_or(Ok(20), |count| count.parse())?;
    let config = match arguments.next() {
        Some(path) => serde_json::from_str(&std::fs::read_to_string(path)?)?,
        None => serde_json::json!({}),
    };
    let (config, problems) = CaptchaConfig::parse(&config);
    for problem in problems {
        eprintln!("{problem}");
    }
    let random = Seeded(Mutex::new(StdRng::seed_from_u64(20_261_120)));
    write_samples(Path::new(&folder), count, &config, &random)?;
    measure(&config, &random);
    Ok(())
}

fn write_samples(folder: &Path, count: usize, config: &CaptchaConfig, random: &Seeded) -> std::io::Result<()> {
    for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png"), (Format::Bmp, "bmp")] {
        let folder = folder.join(extension);
        std::fs::create_dir_all(&folder)?;
        for index in 0..count {
            let captcha = Captcha::draw(config.for_scene("sample"), Some(format), random);
            std::fs::write(folder.join(format!("{index:03}-{}.{extension}", captcha.text)), &captcha.image)?;
        }
    }
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "measuring is what this program is for")]
fn measure(config: &CaptchaConfig, random: &Seeded) {
    const ROUNDS: u32 = 5000;
    for format in [Format::Svg, Format::Png, Format::Bmp] {
        for with_uri in [false, true] {
            let mut bytes = 0;
            let start = std::time::Instant::now();
            for _ in 0..ROUNDS {
                let captcha = Captcha::draw(black_box(config.for_scene("sample")), Some(format), random);
                bytes += if with_uri { black_box(captcha.data_uri(true)).len() } else { black_box(captcha.image).len() };
            }
            let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
            let what = if with_uri { "with its data URI" } else { "image" };
            println!("{format:?} {what}: {micros:.1} us, {} bytes", bytes / ROUNDS as usize);
        }
    }
}
