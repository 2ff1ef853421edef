//! What limits depend on: pressure, laying, surface, as sets of what is possible.
//!
//! What a survey does not say stays possible, so that a limit is never looked up from a guess.

use serde::{Deserialize, Serialize};

use crate::network::Link;

/// Words of a condition and the bits that they stand for.
pub(crate) type Words = &'static [(&'static str, u16)];

/// Pressure of gas by GB 50028, table 6.1.6, with the limits in megapascals.
pub(crate) const PRESSURES: Words = &[
    ("low", 1),
    ("medium-b", 2),
    ("medium-a", 4),
    ("medium", 2 | 4),
    ("sub-high-b", 8),
    ("sub-high-a", 16),
    ("high", 32),
];
const PRESSURE_LIMITS_MPA: [f64; 5] = [0.01, 0.2, 0.4, 0.8, 1.6];
/// Any pressure.
pub(crate) const ANY_PRESSURE: u16 = 63;

/// How a pipe is laid.
pub(crate) const LAYINGS: Words = &[("direct", 1), ("duct", 2), ("trench", 4), ("overhead", 8)];
/// Any laying below ground.
pub(crate) const ANY_LAYING: u16 = 7;
/// Laid above the ground: limits for what lies below do not hold.
pub(crate) const OVERHEAD: u16 = 8;

/// What lies above a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// Vehicles: 车行道.
    Carriageway,
    /// People: 人行道, and green.
    Footway,
    /// A yard without vehicles.
    Courtyard,
    /// Paddy fields.
    Paddy,
}

/// Surfaces.
pub(crate) const SURFACES: Words =
    &[("carriageway", 1), ("footway", 2), ("courtyard", 4), ("paddy", 8)];
/// Any surface.
pub(crate) const ANY_SURFACE: u16 = 15;

impl Surface {
    pub(crate) fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Reads a pressure as surveys write it: 低压, 中压A, 0.4MPa, 1.6.
pub(crate) fn pressures(text: &str) -> u16 {
    let text: String =
        text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let (a, b) = (text.contains(['a', 'ａ', '甲']), text.contains(['b', 'ｂ', '乙']));
    let either = |bit_b: u16, bit_a: u16| match (a && !text.contains("pa"), b) {
        (true, false) => bit_a,
        (false, true) => bit_b,
        _ => bit_a | bit_b,
    };
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["次高", "sub-high", "subhigh"]) {
        return either(8, 16);
    }
    if has(&["中压", "medium"]) || matches!(&*text, "中" | "中a" | "中b") {
        return either(2, 4);
    }
    if has(&["低压", "low"]) || text == "低" {
        return 1;
    }
    if has(&["高压", "high"]) || text == "高" {
        return 32;
    }
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let Ok(value) = digits.parse::<f64>() else { return ANY_PRESSURE };
    let mpa = match &text[digits.len()..] {
        "" | "mpa" => value,
        "kpa" => value / 1000.0,
        "pa" => value / 1e6,
        "bar" => value / 10.0,
        _ => return ANY_PRESSURE,
    };
    let class = PRESSURE_LIMITS_MPA.iter().filter(|limit| mpa > **limit + 1e-9).count();
    1 << class
}

/// Reads how something is laid: a code of CJJ 61-2017 table C.0.2 or its Chinese.
pub(crate) fn layings(text: &str) -> u16 {
    match text.trim().to_uppercase().as_str() {
        "ZM" | "直埋" | "DG" | "顶管" => 1,
        "GM" | "管埋" | "GK" | "管块" => 2,
        "GG" | "管沟" | "XTD" | "小通道" | "ZH" | "综合管廊" | "RF" | "人防" => 4,
        "JK" | "架空" | "SJ" | "上架" | "DM" | "地面" => OVERHEAD,
        _ => ANY_LAYING,
    }
}

/// What limits ask of a pipe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Terms<'a> {
    pub class: onemap_model::PipeClass,
    pub subclass: Option<&'a str>,
    /// Inner width, millimetres.
    pub diameter_mm: Option<f64>,
    pub pressure: u16,
    pub laying: u16,
}

impl<'a> Terms<'a> {
    /// Reads the terms of a link.
    pub(crate) fn of(link: &Link<'a>) -> Self {
        Self {
            class: link.class(),
            subclass: link.subclass(),
            diameter_mm: millimetres(link.section().width),
            pressure: link.pressure().map_or(ANY_PRESSURE, pressures),
            laying: link.laying().map_or(ANY_LAYING, layings),
        }
    }
}

/// Returns a known width in whole millimetres.
pub(crate) fn millimetres(width_m: f32) -> Option<f64> {
    (width_m > 0.0).then(|| (f64::from(width_m) * 1000.0).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressures_are_read_as_surveys_write_them() {
        for (text, bits) in [
            ("低压", 1),
            ("中压", 6),
            ("中压A", 4),
            ("中压 B", 2),
            ("次高压A", 16),
            ("高压", 32),
            ("0.4MPa", 4),
            ("0.2", 2),
            ("5kPa", 1),
            ("1.6MPa", 16),
            ("2.5MPa", 32),
            ("10kV", ANY_PRESSURE),
            ("", ANY_PRESSURE),
        ] {
            assert_eq!(pressures(text), bits, "{text}");
        }
        assert_eq!([layings("zm"), layings("管块"), layings("JK"), layings("?")], [1, 2, 8, 7]);
    }
}
