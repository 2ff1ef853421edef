//! Points that would be drawn on top of each other.

use rayon::prelude::*;

/// A cell holds one point: 1/256 of a tile's width, two pixels.
const CELLS_PER_TILE_BITS: u32 = 8;

/// Finds for each point the first zoom at which it is the best-ranked one in its cell. `points` are
/// `(Morton code of the world position, rank)`, ranks unique; the answer is given to `set(rank, zoom)`, at most
/// `full_zoom`.
///
/// The grid covers the world, not the tile, and the best point of a cell is also the best of the smaller
/// cell around it one zoom deeper: so tiles agree and a point that shows keeps showing.
pub(crate) fn thin_points(points: Vec<(u64, u32)>, full_zoom: u8, mut set: impl FnMut(u32, u8)) {
    let mut left = points;
    left.par_sort_unstable();
    for zoom in (0..full_zoom).rev() {
        let bits = 2 * (u32::from(zoom) + CELLS_PER_TILE_BITS).min(32);
        // A cell's points stand together: keep the best of each run.
        let mut kept = 0;
        let mut at = 0;
        while let Some(&(key, rank)) = left.get(at) {
            let cell = cell_of(key, bits);
            let mut best = (key, rank);
            at += 1;
            while let Some(&(key, rank)) = left.get(at).filter(|p| cell_of(p.0, bits) == cell) {
                let loser =
                    if rank < best.1 { std::mem::replace(&mut best, (key, rank)).1 } else { rank };
                set(loser, zoom + 1);
                at += 1;
            }
            if let Some(slot) = left.get_mut(kept) {
                *slot = best;
            }
            kept += 1;
        }
        left.truncate(kept);
    }
    for (_, rank) in left {
        set(rank, 0);
    }
}

fn cell_of(morton: u64, bits: u32) -> u64 {
    morton.checked_shr(64 - bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::morton;

    #[test]
    fn of_points_on_one_spot_only_the_best_shows_before_the_last_zoom() {
        let points: Vec<_> = (0..10).map(|rank| (morton(7, 9), rank)).collect();
        let mut zooms = [99; 10];
        thin_points(points, 14, |rank, zoom| zooms[rank as usize] = zoom);
        assert_eq!(zooms[0], 0);
        assert!(zooms[1..].iter().all(|&z| z == 14));
    }

    #[test]
    fn points_apart_show_as_soon_as_their_cells_part() {
        // A quarter of the world apart: different cells at every zoom. Next to each other: never.
        let points = vec![(0, 0), (morton(1 << 30, 0), 1), (morton(1 << 20, 0), 2)];
        let mut zooms = [99; 3];
        thin_points(points, 14, |rank, zoom| zooms[rank as usize] = zoom);
        assert_eq!(zooms, [0, 0, 4]);
    }
}
