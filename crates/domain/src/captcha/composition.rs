//! The picture as strokes: glyphs turned, scaled, slanted and bent, lines drawn across them, and
//! all cut into pieces that tell nothing about what they belong to.

use std::ops::Range;

use super::color::{Paper, Rgb};
use super::glyphs::glyph;
use super::jitter::Jitter;
use super::options::CaptchaOptions;
use super::stroke::{Point, trace};
use super::warp::Warp;

/// The number of different pen widths in one picture.
pub(super) const PENS: usize = 4;

/// The most inks in one picture (one for each character).
pub(super) const MOST_INKS: usize = 12;

/// A drawn line or a part of one.
pub(super) struct Piece {
    start: u16,
    end: u16,
    /// Index into [`Composition::inks`].
    pub ink: u8,
    /// Index into [`Composition::pens`].
    pub pen: u8,
}

/// A faint ellipse on the background.
pub(super) struct Shade {
    pub center: Point,
    pub radius: Point,
    pub tint: Rgb,
}

/// A picture, ready to be written in any format.
pub(super) struct Composition {
    pub width: u32,
    pub height: u32,
    /// None is transparent.
    pub background: Option<Rgb>,
    pub shades: Vec<Shade>,
    pub inks: Vec<Rgb>,
    /// Widths in pixels, ascending.
    pub pens: [f32; PENS],
    /// In random order.
    pub pieces: Vec<Piece>,
    points: Vec<Point>,
}

impl Composition {
    /// Draws `characters` as `options` want it.
    pub fn new(characters: &[char], options: &CaptchaOptions, jitter: &mut Jitter) -> Self {
        let (width, height) = (options.width as f32, options.height as f32);
        let paper = Paper::new(options.background.unwrap_or(Rgb::WHITE));
        // Half the size of the type is at most what leaves room for turning and descenders.
        let capital = (options.font_size as f32 * 0.72).min(height * 0.6);
        let inks = if options.color { characters.len().clamp(1, MOST_INKS) } else { 1 };
        let mut composition = Self {
            width: options.width,
            height: options.height,
            background: options.background,
            shades: if options.background.is_some() { shades(width, height, &paper, jitter) } else { Vec::new() },
            inks: (0..inks).map(|_| paper.ink(jitter)).collect(),
            pens: [0.0; PENS],
            pieces: Vec::with_capacity(64),
            points: Vec::with_capacity(320),
        };
        // 2 gives the plain strength.
        let strength = 0.6 + 0.2 * options.level as f32;
        let scale = composition.write(characters, capital, strength, jitter);
        let pen = (capital * scale * 0.125).max(1.2) * jitter.between(0.92, 1.08);
        composition.pens = [0.34, 0.6, 0.88, 1.0].map(|share| share * pen);
        let warp = Warp::new(capital * scale, strength, jitter);
        composition.bend(&warp, 0.7 * pen + 0.02 * height);
        let first = jitter.below(options.noise as usize) as u32;
        for line in 0..options.noise {
            let band = ((first + line) % options.noise) as f32 + jitter.between(0.0, 1.0);
            let band = band / options.noise as f32;
            // Most lines are thin for the reader's sake; some are as wide as the characters'
            // strokes, so that width alone does not tell them apart. In a sum they would pass for
            // a minus.
            let pen = usize::from(line % 4 == 0 && !options.math);
            composition.cross(capital * scale, band, pen, jitter);
        }
        jitter.shuffle(&mut composition.pieces);
        composition
    }

    /// The points of a piece, at least one.
    pub fn points(&self, piece: &Piece) -> &[Point] {
        self.points.get(usize::from(piece.start)..usize::from(piece.end)).unwrap_or_default()
    }

    /// Writes the characters side by side and returns by how much they were scaled to fit.
    fn write(&mut self, characters: &[char], capital: f32, strength: f32, jitter: &mut Jitter) -> f32 {
        let (width, height) = (self.width as f32, self.height as f32);
        let mut right = 0.0;
        let mut placed = Vec::with_capacity(characters.len());
        for (index, &character) in characters.iter().enumerate() {
            let first_point = self.points.len();
            let Some(glyph) = glyph(character) else { continue };
            let ink = (index % self.inks.len()) as u8;
            let sign = !character.is_ascii_alphanumeric();
            for stroke in glyph.strokes {
                let start = self.points.len();
                trace(stroke, &mut self.points);
                let pens = match jitter.below(8) {
                    _ if sign => PENS - 1..PENS,
                    0 => 1..2,
                    _ => 2..PENS,
                };
                self.cut(start, ink, pens, 3, jitter);
            }
            let Some(extent) = Extent::of(&self.points[first_point..]) else { continue };
            // Signs differ by a turn or a bar only: they lean less, are thick and stand apart.
            let lean = if sign { 0.12 } else { 0.28 } * strength;
            let (sine, cosine) = jitter.around(lean.min(0.5)).sin_cos();
            let slant = jitter.around(0.17 * strength).clamp(-0.4, 0.4);
            // Letters without an ascender would be small: let them grow.
            let grown = if extent.height() < 70.0 && character.is_ascii_lowercase() { 1.22 } else { 1.0 };
            let size = capital / 100.0 * grown * jitter.between(0.9, 1.12);
            let (across, down) = (size * jitter.between(0.88, 1.12), size);
            let middle = extent.middle();
            for point in &mut self.points[first_point..] {
                let (x, y) = ((point.x - middle.x) * across, (point.y - middle.y) * down);
                let x = x - slant * y;
                *point = Point::new(x * cosine - y * sine, x * sine + y * cosine);
            }
            let Some(extent) = Extent::of(&self.points[first_point..]) else { continue };
            let gap = match index {
                0 => 0.0,
                _ if sign => jitter.between(0.12, 0.2) * capital,
                _ => jitter.between(-0.01, 0.16) * capital,
            };
            let shift = right + gap - extent.low.x;
            right = shift + extent.high.x;
            placed.push((first_point, self.points.len(), shift, extent));
        }
        // Fill the width without leaving the height.
        let margin = (capital * 0.16).min(width / 8.0);
        let tallest = placed.iter().map(|(.., extent)| extent.height()).fold(1.0, f32::max);
        let scale = ((width - 2.0 * margin) / right.max(1.0)).min((height - margin) / tallest).min(1.3);
        let slack = (width - 2.0 * margin - right * scale).max(0.0);
        // Some of what is left goes between the characters, the rest to both sides.
        let spread = slack * jitter.between(0.2, 0.7) / (placed.len().max(2) - 1) as f32;
        let mut left = margin + jitter.between(0.1, 0.9) * (slack - spread * (placed.len().max(1) - 1) as f32);
        for (start, end, shift, extent) in placed {
            let room = ((height - margin) / 2.0 - extent.height() * scale / 2.0).clamp(0.0, capital * 0.16);
            let top = height / 2.0 + jitter.around(room) - extent.middle().y * scale;
            for point in &mut self.points[start..end] {
                *point = Point::new(left + (point.x + shift) * scale, top + point.y * scale);
            }
            left += spread;
        }
        scale
    }

    /// Bends everything and moves it back inside the picture, `margin` pixels from its edges.
    fn bend(&mut self, warp: &Warp, margin: f32) {
        for point in &mut self.points {
            *point = warp.moved(*point);
        }
        let Some(extent) = Extent::of(&self.points) else { return };
        let (across, right) = fitted(extent.low.x, extent.high.x, margin, self.width as f32 - margin);
        let (down, below) = fitted(extent.low.y, extent.high.y, margin, self.height as f32 - margin);
        for point in &mut self.points {
            *point = Point::new(point.x * across + right, point.y * down + below);
        }
    }

    /// Draws one line across the picture that begins at the height `band` (0 to 1).
    fn cross(&mut self, capital: f32, band: f32, pen: usize, jitter: &mut Jitter) {
        let (width, height) = (self.width as f32, self.height as f32);
        let ink = jitter.below(self.inks.len()) as u8;
        let length = width * jitter.between(0.5, 1.05);
        let from = jitter.between(-0.02, 1.0) * (width - length).max(0.0) - if length > width { width * 0.02 } else { 0.0 };
        let steps = ((length / (capital * 0.26)) as usize).clamp(6, 60);
        let (begin, end) = ((0.15 + 0.7 * band) * height, jitter.between(0.15, 0.85) * height);
        let swing = height * jitter.between(0.1, 0.26);
        let (phase, waves) = (jitter.between(0.0, 1.0), jitter.between(0.7, 1.4) * length / (capital * 3.2));
        let start = self.points.len();
        for step in 0..=steps {
            let share = step as f32 / steps as f32;
            let y = begin + (end - begin) * share + swing * super::warp::wave(phase + waves * share);
            self.points.push(Point::new(from + length * share, y.clamp(1.0, height - 1.0)));
        }
        self.cut(start, ink, pen..pen + 1, 4, jitter);
    }

    /// Cuts the points from `start` on into pieces that touch. One of `pens` draws them
    /// all; a piece has at least `least` steps.
    fn cut(&mut self, start: usize, ink: u8, pens: Range<usize>, least: usize, jitter: &mut Jitter) {
        let end = self.points.len();
        let mut from = start;
        let pen = (pens.start + jitter.below(pens.len())) as u8;
        while from + 1 < end || from == start {
            let length = least + jitter.below(5);
            // A remainder of one or two steps stays with the piece.
            let to = if from + length + 3 >= end { end } else { from + length + 1 };
            self.pieces.push(Piece { start: from as u16, end: to as u16, ink, pen });
            if to == end {
                break;
            }
            from = to - 1;
        }
    }
}

/// The factor and the offset that bring the stretch from `low` to `high` inside `least` and `most`:
/// moved if it has room there, else shrunk.
fn fitted(low: f32, high: f32, least: f32, most: f32) -> (f32, f32) {
    let factor = ((most - least) / (high - low).max(1e-3)).clamp(0.05, 1.0);
    let (low, high) = (low * factor, high * factor);
    let offset = if low < least { least - low } else { (most - high).min(0.0) };
    (factor, offset)
}

/// Up to four large faint ellipses.
fn shades(width: f32, height: f32, paper: &Paper, jitter: &mut Jitter) -> Vec<Shade> {
    (0..4)
        .map(|_| Shade {
            center: Point::new(jitter.between(0.0, width), jitter.between(0.0, height)),
            radius: Point::new(jitter.between(0.06, 0.22) * width, jitter.between(0.15, 0.5) * height),
            tint: paper.tint(jitter),
        })
        .collect()
}

/// The smallest rectangle around points.
#[derive(Clone, Copy)]
struct Extent {
    low: Point,
    high: Point,
}

impl Extent {
    fn of(points: &[Point]) -> Option<Self> {
        let first = *points.first()?;
        Some(points.iter().fold(Self { low: first, high: first }, |extent, point| Self {
            low: Point::new(extent.low.x.min(point.x), extent.low.y.min(point.y)),
            high: Point::new(extent.high.x.max(point.x), extent.high.y.max(point.y)),
        }))
    }

    fn height(self) -> f32 {
        self.high.y - self.low.y
    }

    fn middle(self) -> Point {
        self.low.towards(self.high, 0.5)
    }
}
