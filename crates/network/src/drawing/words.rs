//! The words of drawings and tables.

use onemap_model::Element;

use super::Language;
use crate::section::PipeFacts;

impl Language {
    /// Chooses the text of the language.
    pub(super) fn of<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// Names the class or subclass of a pipe.
    pub(super) fn system(self, pipe: &PipeFacts) -> &'static str {
        pipe.system().map_or("", |system| match self {
            Self::Zh => system.zh,
            Self::En => system.en,
        })
    }

    /// Names what a node is.
    pub(super) fn element(self, element: Element) -> &'static str {
        if self == Self::En {
            return element.name();
        }
        match element {
            Element::Manhole => "检修井",
            Element::Handhole => "手孔",
            Element::Inlet => "雨水口",
            Element::Outfall => "排放口",
            Element::Reservoir => "水源",
            Element::Tank => "水池",
            Element::Source => "厂站",
            Element::Hydrant => "消防栓",
            Element::Customer => "用户",
            Element::Valve => "阀门",
            Element::Pump => "泵",
            Element::Device => "设备",
            _ => "",
        }
    }
}

/// Writes metres as drawings do, to the centimetre or millimetre; a dash where not known.
pub(super) fn metres(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "—".to_owned(), |value| format!("{:.digits$}", value + 0.0))
}

/// Writes a chainage as 桩号: `0+123.45`.
pub(super) fn chainage(metres: f64) -> String {
    let centimetres = (metres.max(0.0) * 100.0).round() as u64;
    format!("{}+{:03}.{:02}", centimetres / 100_000, centimetres / 100 % 1000, centimetres % 100)
}
