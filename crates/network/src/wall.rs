//! How thick the wall of a pipe is taken to be, where surveys give only the inner size.

use onemap_model::PipeClass;

use crate::network::{Section, Shape};

/// Returns the allowance for the wall on each side, metres.
///
/// Surveys deliver nominal sizes. The allowances are ordinary thicknesses, rounded up: concrete a tenth of the width (GB/T
/// 11836), plastics a ninth (SDR 11), iron and steel 4 mm and 2 % of the width, masonry 240 mm. Ducts and cables are
/// delivered with their outer size and get none, nor do open channels and unknown sizes.
pub fn wall_allowance(class: PipeClass, material: &str, section: &Section) -> f32 {
    let width = section.width.max(section.height);
    let bare = matches!(class, PipeClass::Power | PipeClass::Telecom)
        || matches!(section.shape, Shape::Open | Shape::Unknown);
    if bare || width <= 0.0 {
        return 0.0;
    }
    let upper = material.to_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if has(&["砼", "混凝土", "CONCRETE", "RCP"]) {
        width / 10.0
    } else if has(&["砖", "石", "BRICK", "STONE", "MASONRY"]) {
        0.24
    } else if has(&["PE", "PVC", "PPR", "UPVC", "塑", "PLASTIC"]) {
        width / 9.0
    } else if section.shape != Shape::Round {
        0.2_f32.min(width / 10.0)
    } else {
        0.004 + width / 50.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concrete_sewer_is_a_tenth_thick_and_a_duct_has_no_wall() {
        let section = Section { shape: Shape::Round, width: 1.0, height: 1.0, wall: 0.0 };
        assert!((wall_allowance(PipeClass::Drainage, "砼", &section) - 0.1).abs() < 1e-6);
        assert!((wall_allowance(PipeClass::Gas, "钢", &section) - 0.024).abs() < 1e-6);
        assert_eq!(wall_allowance(PipeClass::Telecom, "PVC", &section), 0.0);
        assert_eq!(wall_allowance(PipeClass::Water, "PE", &Section::default()), 0.0);
    }
}
