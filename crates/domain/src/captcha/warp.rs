//! The smooth bending of a whole picture.

use super::jitter::Jitter;
use super::stroke::Point;

/// A displacement field: two waves down the picture for each wave across it.
pub(super) struct Warp {
    rise: Ripple,
    tremble: Ripple,
    shift: Ripple,
}

/// One wave: `amplitude` pixels, `turns` per pixel.
struct Ripple {
    amplitude: f32,
    turns: f32,
    phase: f32,
}

impl Ripple {
    fn at(&self, position: f32) -> f32 {
        self.amplitude * wave(self.phase + self.turns * position)
    }
}

impl Warp {
    /// A random field for type of `capital` pixels height; `strength` 1 is the plain one.
    pub fn new(capital: f32, strength: f32, jitter: &mut Jitter) -> Self {
        let mut ripple = |amplitude: f32, length: f32| Ripple {
            amplitude: capital * amplitude * strength * jitter.between(0.6, 1.1),
            turns: 1.0 / (capital * length * jitter.between(0.8, 1.3)),
            phase: jitter.between(0.0, 1.0),
        };
        Self { rise: ripple(0.12, 3.4), tremble: ripple(0.045, 1.3), shift: ripple(0.1, 1.5) }
    }

    /// Where a point goes.
    pub fn moved(&self, point: Point) -> Point {
        Point::new(point.x + self.shift.at(point.y), point.y + self.rise.at(point.x) + self.tremble.at(point.x + point.y))
    }
}

/// The sine of `turns` full turns (-16 or more), to about a thousandth: a parabola for each half wave, corrected
/// once. A picture takes hundreds of them.
pub(super) fn wave(turns: f32) -> f32 {
    // Truncation is the floor of what is positive.
    let turns = turns + 16.0;
    let angle = 2.0 * (turns - (turns as u32) as f32) - 1.0;
    let half = -4.0 * angle * (1.0 - angle.abs());
    half * (0.775 + 0.225 * half.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wave_is_a_sine() {
        for step in -400..400 {
            let turns = step as f32 / 40.0;
            assert!((wave(turns) - (turns * std::f32::consts::TAU).sin()).abs() < 0.002, "{turns}");
        }
    }
}
