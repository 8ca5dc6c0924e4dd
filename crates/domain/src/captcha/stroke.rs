//! The curve of a pen: from the few points of a glyph's stroke to the many of a drawn line.

use super::glyphs::Knot;

/// A point of the picture, in pixels from the upper left corner; or, before it is placed, in
/// hundredths of the capital height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// The point `share` (0 to 1) of the way to `other`.
    pub fn towards(self, other: Self, share: f32) -> Self {
        Self { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }
}

impl From<Knot> for Point {
    fn from((x, y): Knot) -> Self {
        Self::new(f32::from(x), f32::from(y))
    }
}

/// Appends to `points` a line through all of `knots`, close enough to be bent smoothly afterwards.
pub(super) fn trace(knots: &[Knot], points: &mut Vec<Point>) {
    match *knots {
        [] => {}
        [only] => points.push(only.into()),
        [from, to] => straight(from.into(), to.into(), points),
        _ => curved(knots, points),
    }
}

fn straight(from: Point, to: Point, points: &mut Vec<Point>) {
    let length = (to.x - from.x).abs().max((to.y - from.y).abs());
    let pieces = 1 + (length / 24.0) as usize;
    points.extend((0..=pieces).map(|piece| from.towards(to, piece as f32 / pieces as f32)));
}

/// A Catmull-Rom curve, two points for each knot.
fn curved(knots: &[Knot], points: &mut Vec<Point>) {
    let last = knots.len() - 1;
    let closed = knots[0] == knots[last];
    let at = |index: usize| -> Point { knots[index.min(last)].into() };
    for index in 0..last {
        let before = match index {
            0 if closed => at(last - 1),
            0 => at(0),
            _ => at(index - 1),
        };
        let after = if index + 1 == last && closed { at(1) } else { at(index + 2) };
        let (from, to) = (at(index), at(index + 1));
        // The curve's value in the middle of the two knots.
        let middle = |before: f32, from: f32, to: f32, after: f32| (9.0 * (from + to) - before - after) / 16.0;
        points.push(from);
        points.push(Point::new(middle(before.x, from.x, to.x, after.x), middle(before.y, from.y, to.y, after.y)));
    }
    points.push(at(last));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(knots: &[Knot]) -> Vec<Point> {
        let mut points = Vec::new();
        trace(knots, &mut points);
        points
    }

    #[test]
    fn a_line_keeps_its_ends_and_stays_straight() {
        let points = traced(&[(0, 0), (0, 100)]);
        assert_eq!((points[0], points[points.len() - 1]), (Point::new(0.0, 0.0), Point::new(0.0, 100.0)));
        assert!(points.iter().all(|point| point.x == 0.0));
        assert!(points.len() > 3);
    }

    #[test]
    fn a_curve_goes_through_its_knots_and_bends_outwards_between_them() {
        let circle = [(50, 0), (100, 50), (50, 100), (0, 50), (50, 0)];
        let points = traced(&circle);
        assert_eq!(points.len(), 9);
        for (index, knot) in circle.into_iter().enumerate() {
            assert_eq!(points[2 * index], knot.into());
        }
        for point in points {
            let radius = (point.x - 50.0).hypot(point.y - 50.0);
            assert!((40.0..=51.0).contains(&radius), "{point:?}");
        }
    }
}
