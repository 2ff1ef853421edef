//! Nothing of its own: the benches are under `benches/`, what they found is in `RESULTS.md`.
