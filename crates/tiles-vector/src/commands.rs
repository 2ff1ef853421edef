//! Geometry as commands (MVT 4.3).

use crate::snap::Cell;
use crate::wire::{put_varint, zigzag32};

const MOVE_TO: u64 = 1;
const LINE_TO: u64 = 2;
const CLOSE_PATH: u64 = 7;

/// Writes geometry commands; positions are relative to the one before.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    bytes: Vec<u8>,
    at: Cell,
}

impl Commands {
    /// Begins another feature, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.at = [0, 0];
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Writes all points of a feature (MVT 4.3.4.2).
    pub(crate) fn points(&mut self, points: &[Cell]) {
        if points.is_empty() {
            return;
        }
        self.command(MOVE_TO, points.len());
        for &point in points {
            self.step(point);
        }
    }

    /// Writes a line of at least two points (MVT 4.3.4.3).
    pub(crate) fn line(&mut self, line: &[Cell]) {
        let [first, rest @ ..] = line else { return };
        self.command(MOVE_TO, 1);
        self.step(*first);
        self.command(LINE_TO, rest.len());
        for &point in rest {
            self.step(point);
        }
    }

    /// Writes a ring of at least three points, the closing one left out: exterior rings with positive,
    /// holes with negative area (MVT 4.3.4.4).
    pub(crate) fn ring(&mut self, ring: &[Cell]) {
        self.line(ring);
        self.command(CLOSE_PATH, 1);
    }

    fn command(&mut self, id: u64, count: usize) {
        put_varint(&mut self.bytes, id | (count as u64) << 3);
    }

    #[inline]
    fn step(&mut self, to: Cell) {
        for (to, at) in to.into_iter().zip(self.at) {
            let delta = to.wrapping_sub(at);
            put_varint(&mut self.bytes, u64::from(zigzag32(delta)));
        }
        self.at = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_come_out() {
        // MVT 4.3.5.1, 4.3.5.3 and 4.3.5.5.
        let mut commands = Commands::default();
        commands.points(&[[25, 17]]);
        assert_eq!(commands.bytes(), [9, 50, 34]);
        commands.clear();
        commands.line(&[[2, 2], [2, 10], [10, 10]]);
        assert_eq!(commands.bytes(), [9, 4, 4, 18, 0, 16, 16, 0]);
        commands.clear();
        commands.ring(&[[3, 6], [8, 12], [20, 34]]);
        assert_eq!(commands.bytes(), [9, 6, 12, 18, 10, 12, 24, 44, 15]);
    }

    #[test]
    fn several_points_are_one_command() {
        let mut commands = Commands::default();
        commands.points(&[[5, 7], [3, 2]]);
        assert_eq!(commands.bytes(), [17, 10, 14, 3, 9]);
    }
}
