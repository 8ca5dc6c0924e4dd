//! Colours of a captcha: inks that stand out from the background, tints that do not.

use std::sync::LazyLock;

use super::jitter::Jitter;

/// The contrast that an ink must have against the darkest tint of the background. WCAG 2 asks 4.5
/// for text (success criterion 1.4.3).
const INK_CONTRAST: f32 = 5.0;

/// The share of ink in the strongest tint.
const TINT: f32 = 0.09;

/// A colour, eight bits a channel, sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

/// 8-bit sRGB to linear light (IEC 61966-2-1).
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let value = value as f32 / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
});

impl Rgb {
    pub const BLACK: Self = Self(0, 0, 0);
    pub const WHITE: Self = Self(255, 255, 255);

    /// Reads `#rgb` or `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?.bytes().map(|byte| char::from(byte).to_digit(16).map(|digit| digit as u8));
        match digits.collect::<Option<Vec<u8>>>()?[..] {
            [r, g, b] => Some(Self(r * 17, g * 17, b * 17)),
            [r1, r2, g1, g2, b1, b2] => Some(Self(r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2)),
            _ => None,
        }
    }

    /// `share` (0 to 1) of `other` in `self`.
    pub fn mixed(self, other: Self, share: f32) -> Self {
        let mix = |from: u8, to: u8| (f32::from(from) + (f32::from(to) - f32::from(from)) * share + 0.5) as u8;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    fn luminance(self) -> f32 {
        let linear = &*LINEAR;
        0.2126 * linear[usize::from(self.0)] + 0.7152 * linear[usize::from(self.1)] + 0.0722 * linear[usize::from(self.2)]
    }

    /// The contrast ratio of WCAG 2, 1 to 21.
    pub fn contrast(self, other: Self) -> f32 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        if one > two { one / two } else { two / one }
    }

    /// A colour of the colour wheel. `hue` 0 to 6, `saturation` and `value` 0 to 1.
    fn from_hue(hue: f32, saturation: f32, value: f32) -> Self {
        let channel = |offset: f32| {
            let turn = (hue + offset) % 6.0;
            let share = turn.min(4.0 - turn).clamp(0.0, 1.0);
            (255.0 * (value - value * saturation * share) + 0.5) as u8
        };
        Self(channel(5.0), channel(3.0), channel(1.0))
    }
}

/// The background of a picture: its colour and where inks for it lie.
#[derive(Clone, Copy)]
pub(super) struct Paper {
    color: Rgb,
    /// Black or white, whichever stands out more.
    extreme: Rgb,
    /// The strongest tint, against which inks are measured.
    deepest: Rgb,
}

impl Paper {
    pub fn new(color: Rgb) -> Self {
        let extreme = if color.contrast(Rgb::BLACK) >= color.contrast(Rgb::WHITE) { Rgb::BLACK } else { Rgb::WHITE };
        let tinted = color.mixed(extreme, TINT);
        // On a middle grey even black hardly reaches the contrast: no tints there.
        let deepest = if tinted.contrast(extreme) > INK_CONTRAST + 1.0 { tinted } else { color };
        Self { color, extreme, deepest }
    }

    /// A random ink that is readable on the paper and all its tints.
    pub fn ink(&self, jitter: &mut Jitter) -> Rgb {
        let (saturation, value) = (jitter.between(0.5, 0.95), jitter.between(0.35, 0.7));
        let mut ink = Rgb::from_hue(jitter.between(0.0, 6.0), saturation, value);
        for _ in 0..12 {
            if ink.contrast(self.deepest) >= INK_CONTRAST {
                return ink;
            }
            ink = ink.mixed(self.extreme, 0.22);
        }
        self.extreme
    }

    /// A faint tint of the paper.
    pub fn tint(&self, jitter: &mut Jitter) -> Rgb {
        let full = jitter.between(0.35, 1.0);
        let hue = Rgb::from_hue(jitter.between(0.0, 6.0), 0.6, 1.0);
        // Half of the way is a hue, and never deeper than `deepest`.
        let tint = self.color.mixed(self.deepest.mixed(hue, 0.06), full);
        if tint.contrast(self.extreme) >= self.deepest.contrast(self.extreme) { tint } else { self.deepest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captcha::testing::Seeded;

    #[test]
    fn colours_are_read_in_both_forms_and_nothing_else() {
        assert_eq!(Rgb::parse("#FFFAE8"), Some(Rgb(255, 250, 232)));
        assert_eq!(Rgb::parse("#0af"), Some(Rgb(0, 170, 255)));
        for wrong in ["", "#", "#12", "FFFAE8", "#GGGGGG", "#FFFAE8FF", "#ééé"] {
            assert_eq!(Rgb::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_contrast_of_black_and_white_is_21() {
        assert!((Rgb::BLACK.contrast(Rgb::WHITE) - 21.0).abs() < 0.01);
        assert!((Rgb(119, 119, 119).contrast(Rgb::WHITE) - 4.48).abs() < 0.01);
    }

    #[test]
    fn inks_are_readable_on_every_paper_and_its_tints() {
        let mut jitter = Jitter::new(&Seeded::new(1));
        for step in 0..=51u8 {
            for color in [Rgb(step * 5, step * 5, step * 5), Rgb(255, step * 5, 128), Rgb(step * 5, 60, 255 - step * 5)] {
                let paper = Paper::new(color);
                for _ in 0..20 {
                    let (ink, tint) = (paper.ink(&mut jitter), paper.tint(&mut jitter));
                    assert!(ink.contrast(color) >= 4.5, "{ink:?} on {color:?}");
                    assert!(ink.contrast(tint) >= 4.5, "{ink:?} on {tint:?} of {color:?}: {}", ink.contrast(tint));
                }
            }
        }
    }
}
