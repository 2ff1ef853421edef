//! Puts what the WKB and WKT readers see into a geometry.
