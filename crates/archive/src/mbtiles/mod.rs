//! MBTiles 1.3: a SQLite database with the tables `metadata` and `tiles`. Rows count from the south.

mod reader;
mod writer;

use onemap_model::TileCoord;

pub(crate) use reader::MAGIC;
pub use reader::MbTiles;
pub(crate) use writer::write;

/// Turns a row that counts from the south into one that counts from the north, or back.
pub(crate) fn flipped(zoom: u8, row: u32) -> u32 {
    ((1_u64 << zoom) - 1 - u64::from(row)) as u32
}

/// Checks an address as a database has it.
pub(crate) fn address(zoom: i64, column: i64, row: i64) -> Option<TileCoord> {
    let [z, x, row] = [zoom, column, row].map(|n| u64::try_from(n).ok());
    let below = TileCoord::new(z?, x?, row?).ok()?;
    let y = flipped(below.z(), below.y());
    TileCoord::new(below.z().into(), below.x().into(), y.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_from_the_south() {
        let tile = address(3, 1, 0).unwrap();
        assert_eq!(tile, TileCoord::new(3, 1, 7).unwrap());
        assert_eq!(address(30, 0, (1 << 30) - 1).unwrap().y(), 0);
        for (z, x, row) in [(-1, 0, 0), (3, 8, 0), (3, 0, 8), (31, 0, 0), (2, -1, 0)] {
            assert_eq!(address(z, x, row), None);
        }
    }
}
