//! A captcha as SVG.
//!
//! All strokes of one ink and one pen share one path, pieces of glyphs and of lines mixed in random
//! order: neither the number of paths nor their order or attributes tell what is written. Units are
//! tenths of a pixel, so that all numbers are whole.

use super::color::Rgb;
use super::composition::{Composition, PENS};
use super::stroke::Point;

/// Writes the markup: ASCII, attributes in single quotes.
pub(super) fn encode(composition: &Composition) -> Vec<u8> {
    let mut markup = Markup(Vec::with_capacity(5 * 1024));
    let (width, height) = (composition.width as i32, composition.height as i32);
    markup.text("<svg xmlns='http://www.w3.org/2000/svg' width='").number(width).text("' height='").number(height);
    markup.text("' viewBox='0 0 ").number(width * 10).text(" ").number(height * 10).text("'>");
    if let Some(background) = composition.background {
        markup.text("<path fill='").color(background).text("' d='M0 0H").number(width * 10).text("V").number(height * 10).text("H0z'/>");
    }
    for shade in &composition.shades {
        markup.text("<ellipse cx='").number(tenths(shade.center.x)).text("' cy='").number(tenths(shade.center.y));
        markup.text("' rx='").number(tenths(shade.radius.x)).text("' ry='").number(tenths(shade.radius.y));
        markup.text("' fill='").color(shade.tint).text("'/>");
    }
    markup.text("<g fill='none' stroke-linecap='round' stroke-linejoin='round'>");
    for (ink, color) in composition.inks.iter().enumerate() {
        for pen in 0..PENS {
            let mut pieces =
                composition.pieces.iter().filter(|piece| usize::from(piece.ink) == ink && usize::from(piece.pen) == pen).peekable();
            if pieces.peek().is_none() {
                continue;
            }
            markup.text("<path stroke='").color(*color).text("' stroke-width='").number(tenths(composition.pens[pen])).text("' d='");
            for piece in pieces {
                markup.curve(composition.points(piece));
            }
            markup.text("'/>");
        }
    }
    markup.text("</g></svg>");
    markup.0
}

fn tenths(pixels: f32) -> i32 {
    let scaled = pixels * 10.0;
    (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

/// Markup being written.
struct Markup(Vec<u8>);

impl Markup {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn color(&mut self, Rgb(red, green, blue): Rgb) -> &mut Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.0.push(b'#');
        for channel in [red, green, blue] {
            self.0.push(DIGITS[usize::from(channel >> 4)]);
            self.0.push(DIGITS[usize::from(channel & 15)]);
        }
        self
    }

    fn number(&mut self, number: i32) -> &mut Self {
        if number < 0 {
            self.0.push(b'-');
        }
        let mut digits = [0u8; 10];
        let mut rest = number.unsigned_abs();
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.0.extend_from_slice(&digits[first..]);
        self
    }

    /// A pair of numbers; a minus sign separates as well as a space does.
    fn pair(&mut self, (x, y): (i32, i32), separate: bool) -> &mut Self {
        if separate && x >= 0 {
            self.0.push(b' ');
        }
        self.number(x);
        if y >= 0 {
            self.0.push(b' ');
        }
        self.number(y)
    }

    /// A smooth curve from the first to the last point, drawn towards the others: quadratic
    /// segments between the middles, each point a control point.
    fn curve(&mut self, points: &[Point]) {
        let Some(&first) = points.first() else { return };
        let mut pen = (tenths(first.x), tenths(first.y));
        self.text("M").pair(pen, false);
        match points {
            [] => {}
            [_] => {
                self.text("h0");
            }
            [_, to] => {
                self.text("l").pair((tenths(to.x) - pen.0, tenths(to.y) - pen.1), false);
            }
            [_, inner @ .., last] => {
                self.text("q");
                for (index, point) in inner.iter().enumerate() {
                    let to = inner.get(index + 1).map_or(*last, |next| point.towards(*next, 0.5));
                    let to = (tenths(to.x), tenths(to.y));
                    self.pair((tenths(point.x) - pen.0, tenths(point.y) - pen.1), index > 0);
                    self.pair((to.0 - pen.0, to.1 - pen.1), true);
                    pen = to;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_short_as_possible() {
        let mut markup = Markup(Vec::new());
        markup.number(0).text(",").number(-120).text(",").number(i32::MIN).text(",").number(907);
        assert_eq!(markup.0, b"0,-120,-2147483648,907");
    }

    #[test]
    fn a_curve_begins_and_ends_at_its_ends() {
        let mut markup = Markup(Vec::new());
        markup.curve(&[Point::new(0.0, 0.0), Point::new(1.0, 2.0), Point::new(3.0, -2.0), Point::new(4.0, 0.0)]);
        // Control (10,20), middle (20,0); control (30,-20), end (40,0); each relative to the pen.
        assert_eq!(String::from_utf8(markup.0).unwrap(), "M0 0q10 20 20 0 10-20 20 0");
    }

    #[test]
    fn pixels_become_tenths() {
        assert_eq!([1.04, -1.06, 0.0, 599.96].map(tenths), [10, -11, 0, 6000]);
    }
}
