//! What the ends of links and nodes find each other by: a code, or else a place; as 64 bits.
//!
//! With 4 million keys the odds that any two differ but look alike are 1 in 2 million.

use std::hash::Hasher;

use rustc_hash::FxHasher;

/// Places closer than this are one: 1e-8 degrees, 1 mm.
const PLACES_PER_DEGREE: f64 = 1e8;

fn mixed(mut hash: u64) -> u64 {
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    (hash ^ (hash >> 32)).max(1)
}

/// Returns the key of a node's or link's code; 0 of none.
pub(crate) fn of_code(code: &str) -> u64 {
    let code = code.trim();
    if code.is_empty() {
        return 0;
    }
    let mut hasher = FxHasher::default();
    hasher.write(code.as_bytes());
    hasher.write_u8(1);
    mixed(hasher.finish())
}

/// Returns the key of a place; 0 of none.
pub(crate) fn of_place(at: [f64; 2]) -> u64 {
    if !(at[0].is_finite() && at[1].is_finite()) {
        return 0;
    }
    let mut hasher = FxHasher::default();
    for x in at {
        hasher.write_i64((x * PLACES_PER_DEGREE).round() as i64);
    }
    hasher.write_u8(2);
    mixed(hasher.finish())
}

/// Returns the key of an end that has neither.
pub(crate) fn of_nothing(link: u64, end: usize) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(link);
    hasher.write_usize(end);
    hasher.write_u8(3);
    mixed(hasher.finish())
}
