//! Small files that show one thing each.
