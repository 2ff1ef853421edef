//! Where in the window borders have changed.

use crate::clip::ClipBox;
use crate::snap::Cell;

/// Width of the squares that are changed or not, units.
const SQUARE: i32 = 64;

/// The squares of the window in which edges have changed: only there need crossings be looked for again.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    low: i32,
    across: i32,
    squares: Vec<bool>,
}

impl Changed {
    /// Forgets all changes, or counts everything as changed.
    pub(crate) fn reset(&mut self, area: ClipBox, changed: bool) {
        self.low = area.low as i32;
        self.across = (area.high as i32 - self.low) / SQUARE + 1;
        self.squares.clear();
        self.squares.resize((self.across * self.across) as usize, changed);
    }

    pub(crate) fn note(&mut self, a: Cell, b: Cell) {
        let [columns, rows] = self.reach(a, b);
        for row in rows {
            let start = (row * self.across) as usize;
            let range = start + *columns.start() as usize..=start + *columns.end() as usize;
            if let Some(squares) = self.squares.get_mut(range) {
                squares.fill(true);
            }
        }
    }

    /// Tells whether anything changed around an edge.
    #[inline]
    pub(crate) fn is_near(&self, a: Cell, b: Cell) -> bool {
        let [columns, mut rows] = self.reach(a, b);
        rows.any(|row| {
            let start = (row * self.across) as usize;
            let range = start + *columns.start() as usize..=start + *columns.end() as usize;
            self.squares.get(range).is_some_and(|squares| squares.contains(&true))
        })
    }

    fn reach(&self, a: Cell, b: Cell) -> [std::ops::RangeInclusive<i32>; 2] {
        [0, 1].map(|axis| {
            let square = |v: i32| ((v - self.low) / SQUARE).clamp(0, self.across - 1);
            square(a[axis].min(b[axis]))..=square(a[axis].max(b[axis]))
        })
    }
}
