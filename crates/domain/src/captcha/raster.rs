//! A captcha as pixels: an anti-aliased rasteriser for round-ended lines.

use super::color::Rgb;
use super::composition::{Composition, Shade};
use super::stroke::Point;

/// The steps between no ink and full ink.
const LEVELS: u8 = 15;

/// A picture of palette indices. The lower four bits of a pixel are how much ink covers it (0 to
/// 15), the upper four which ink; without ink they are which tint of the background (0 is the
/// background itself).
pub(super) struct Raster {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

/// How many pixels of a row are computed at once.
const LANES: usize = 8;

/// A line with round ends; positions are relative to its beginning.
struct Capsule {
    dx: f32,
    dy: f32,
    /// One over the square of its length.
    per_length: f32,
    /// The square of the distance at which nothing is covered any more.
    outer_square: f32,
    /// Turns a difference of squared distances into coverage.
    softness: f32,
}

impl Capsule {
    fn new(from: Point, to: Point, radius: f32) -> Self {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        // The edge is softened over one pixel, half of it inside. Coverage is linear in the square
        // of the distance, which nobody can tell from linear and which saves the root.
        let (outer, inner) = (radius + 0.5, (radius - 0.5).max(0.0));
        let outer_square = outer * outer;
        Self { dx, dy, per_length: 1.0 / (dx * dx + dy * dy).max(1e-6), outer_square, softness: 1.0 / (outer_square - inner * inner) }
    }

    /// How much of each of some pixels in a row is covered, the first of them at (`px`, `py`).
    /// Without branches, so that the compiler computes several at once.
    fn levels(&self, px: f32, py: f32) -> [u8; LANES] {
        // Adding 2^23 leaves a rounded whole number in the low bits.
        const WHOLE: f32 = 8_388_608.0;
        const COLUMNS: [f32; LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let mut whole = [0f32; LANES];
        for (whole, column) in whole.iter_mut().zip(COLUMNS) {
            let px = px + column;
            let along = unit((px * self.dx + py * self.dy) * self.per_length);
            let (across, down) = (px - along * self.dx, py - along * self.dy);
            let coverage = unit((self.outer_square - across * across - down * down) * self.softness);
            *whole = coverage * f32::from(LEVELS) + WHOLE;
        }
        whole.map(|whole| whole.to_bits() as u8)
    }
}

/// `value` bounded to 0 to 1.
fn unit(value: f32) -> f32 {
    let value = if value > 0.0 { value } else { 0.0 };
    if value < 1.0 { value } else { 1.0 }
}

/// What a palette index stands for.
pub(super) struct Entry {
    pub color: Rgb,
    /// 255 is opaque.
    pub alpha: u8,
}

impl Raster {
    pub fn draw(composition: &Composition) -> Self {
        let mut canvas = Canvas::new(composition.width as usize, composition.height as usize);
        for (index, shade) in composition.shades.iter().enumerate().take(15) {
            canvas.ellipse(shade, ((index + 1) << 4) as u8);
        }
        for piece in &composition.pieces {
            let radius = composition.pens[usize::from(piece.pen)] / 2.0;
            let points = composition.points(piece);
            if let [only] = points {
                canvas.line(*only, *only, radius, piece.ink);
            }
            for pair in points.windows(2) {
                if let [from, to] = *pair {
                    canvas.line(from, to, radius, piece.ink);
                }
            }
        }
        canvas.finished()
    }

    /// The 256 colours that pixels refer to. Without a background inks are translucent where they
    /// do not cover, and the rest is fully transparent.
    pub fn palette(composition: &Composition) -> impl Iterator<Item = Entry> {
        (0..=255u8).map(|pixel| {
            let (upper, level) = (usize::from(pixel >> 4), pixel & 15);
            if level == 0 {
                let tint = upper.checked_sub(1).and_then(|index| composition.shades.get(index)).map(|shade| shade.tint);
                let alpha = if composition.background.is_some() { 255 } else { 0 };
                return Entry { color: tint.or(composition.background).unwrap_or(Rgb::WHITE), alpha };
            }
            let ink = composition.inks.get(upper).copied().unwrap_or(Rgb::BLACK);
            match composition.background {
                Some(background) => Entry { color: background.mixed(ink, f32::from(level) / f32::from(LEVELS)), alpha: 255 },
                None => Entry { color: ink, alpha: level * 17 },
            }
        })
    }
}

/// A raster being drawn, with room at the end of each row for computing whole groups of pixels.
struct Canvas {
    width: usize,
    height: usize,
    stride: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        let stride = width + LANES;
        Self { width, height, stride, pixels: vec![0; stride * height] }
    }

    fn finished(self) -> Raster {
        let mut pixels = Vec::with_capacity(self.width * self.height);
        for row in self.pixels.chunks_exact(self.stride) {
            pixels.extend_from_slice(&row[..self.width]);
        }
        Raster { width: self.width, height: self.height, pixels }
    }

    fn ellipse(&mut self, shade: &Shade, pixel: u8) {
        let (first, last) = span(shade.center.y - shade.radius.y, shade.center.y + shade.radius.y, self.height);
        for y in first..last {
            let offset = (y as f32 + 0.5 - shade.center.y) / shade.radius.y;
            let half = shade.radius.x * (1.0 - offset * offset).max(0.0).sqrt();
            let (left, right) = span(shade.center.x - half, shade.center.x + half, self.width);
            self.pixels[y * self.stride + left..y * self.stride + right].fill(pixel);
        }
    }

    /// A line with round ends. A pixel keeps the ink that covers it most.
    fn line(&mut self, from: Point, to: Point, radius: f32, ink: u8) {
        let capsule = Capsule::new(from, to, radius);
        let outer = radius + 0.5;
        let per_dy = if capsule.dy.abs() > 1e-3 { 1.0 / capsule.dy } else { 0.0 };
        let (first, last) = span(from.y.min(to.y) - outer, from.y.max(to.y) + outer, self.height);
        for y in first..last {
            let py = y as f32 + 0.5 - from.y;
            // The part of the line near enough to this row bounds the columns.
            let (mut enter, mut leave) = (0.0, 1.0);
            if per_dy != 0.0 {
                let (one, two) = ((py - outer) * per_dy, (py + outer) * per_dy);
                enter = unit(if one < two { one } else { two });
                leave = unit(if one < two { two } else { one });
            }
            let (one, two) = (from.x + capsule.dx * enter, from.x + capsule.dx * leave);
            let (low, high) = if one < two { (one, two) } else { (two, one) };
            let (left, right) = span(low - outer, high + outer, self.width);
            let groups = (right - left).div_ceil(LANES);
            let row = y * self.stride + left;
            let (row, _) = self.pixels[row..row + groups * LANES].as_chunks_mut::<LANES>();
            let mut column = left as f32 + 0.5 - from.x;
            for pixels in row {
                let levels = capsule.levels(column, py);
                for (pixel, level) in pixels.iter_mut().zip(levels) {
                    *pixel = if level > *pixel & 15 { ink << 4 | level } else { *pixel };
                }
                column += LANES as f32;
            }
        }
    }
}

/// The pixels whose middles lie between two positions, within 0 and `limit`.
fn span(low: f32, high: f32, limit: usize) -> (usize, usize) {
    // A float becomes the nearest number in range when it is cast, so negative ones become 0.
    let low = ((low + 0.5) as usize).min(limit);
    let high = ((high + 0.5) as usize).clamp(low, limit);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_covers_its_width_and_fades_at_the_edge() {
        let mut canvas = Canvas::new(20, 9);
        let column = |canvas: &Canvas| -> Vec<u8> { (0..9).map(|y| canvas.pixels[y * canvas.stride + 10]).collect() };
        canvas.line(Point::new(4.0, 4.5), Point::new(16.0, 4.5), 1.5, 3);
        assert_eq!(column(&canvas), [0, 0, 0, 0x3F, 0x3F, 0x3F, 0, 0, 0]);
        canvas.line(Point::new(4.0, 5.0), Point::new(16.0, 5.0), 1.5, 2);
        let column = column(&canvas);
        assert_eq!(column[..6], [0, 0, 0, 0x3F, 0x3F, 0x3F]);
        assert!((0x26..=0x2A).contains(&column[6]), "{:x}", column[6]);
        assert_eq!(column[7..], [0, 0]);
    }

    #[test]
    fn lines_outside_the_picture_are_cut_off() {
        let mut canvas = Canvas::new(5, 5);
        canvas.line(Point::new(-100.0, -100.0), Point::new(-50.0, 700.0), 3.0, 0);
        canvas.line(Point::new(70.0, 2.0), Point::new(90.0, 2.0), 3.0, 0);
        canvas.line(Point::new(2.0, -70.0), Point::new(2.0, -20.0), 3.0, 0);
        canvas.line(Point::new(2.0, 70.0), Point::new(2.0, 20.0), 3.0, 0);
        assert_eq!(canvas.finished().pixels, vec![0; 25]);
        let mut canvas = Canvas::new(5, 5);
        canvas.line(Point::new(-100.0, 2.5), Point::new(100.0, 2.5), 100.0, 0);
        assert_eq!(canvas.finished().pixels, vec![15; 25]);
    }
}
