//! How much a filter may ask for. A filter comes from anyone who can send a request.

/// The longest filter, in bytes: a district's border with 3,000 vertices fits.
pub const MAX_BYTES: usize = 64 << 10;

/// How deep parentheses and operators may nest; recursion costs about 2 KiB of stack a level.
pub const MAX_NESTING: usize = 100;

/// The most conditions or values in one list.
pub const MAX_LIST: usize = 10_000;
