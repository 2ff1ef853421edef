//! Where a layer's schema has the fields of a network, and how their values are read.

use std::borrow::Cow;

use onemap_model::{Schema, ValueRef, network_field as field};

/// Position of a field among a feature's values.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Column(Option<usize>);

impl Column {
    fn value<'a>(self, values: &[ValueRef<'a>]) -> ValueRef<'a> {
        self.0.and_then(|at| values.get(at)).copied().unwrap_or_default()
    }

    /// Returns the value as text; empty where there is none.
    pub(crate) fn text<'a>(self, values: &[ValueRef<'a>]) -> Cow<'a, str> {
        match self.value(values) {
            ValueRef::Null => Cow::Borrowed(""),
            ValueRef::Text(text) => Cow::Borrowed(text.trim()),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// Returns the value as a finite number.
    pub(crate) fn number(self, values: &[ValueRef<'_>]) -> Option<f64> {
        match self.value(values) {
            ValueRef::Float(x) => Some(x),
            ValueRef::Int(n) => Some(n as f64),
            ValueRef::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|x: &f64| x.is_finite())
    }

    /// Returns the value as a number for a column; NaN where there is none.
    pub(crate) fn height(self, values: &[ValueRef<'_>]) -> f32 {
        self.number(values).map_or(f32::NAN, |x| x as f32)
    }

    /// Returns the value as a truth.
    pub(crate) fn truth(self, values: &[ValueRef<'_>]) -> Option<bool> {
        match self.value(values) {
            ValueRef::Bool(b) => Some(b),
            ValueRef::Int(n) => Some(n != 0),
            ValueRef::Text(text) => match text.trim() {
                "true" | "1" | "yes" | "是" => Some(true),
                "false" | "0" | "no" | "否" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the year of a year, a date, or a text with four digits in a row.
    pub(crate) fn year(self, values: &[ValueRef<'_>]) -> Option<i16> {
        let year = match self.value(values) {
            ValueRef::Int(n) => n,
            ValueRef::Float(x) => x as i64,
            ValueRef::Text(text) => year_in(text)?,
            other @ (ValueRef::Date(_) | ValueRef::DateTime(_)) => year_in(&other.to_string())?,
            _ => return None,
        };
        // Years with a month or day behind them: 199805, 19980512.
        let year = match year {
            100_000..1_000_000 => year / 100,
            10_000_000..100_000_000 => year / 10_000,
            year => year,
        };
        i16::try_from(year).ok().filter(|year| (1800..2200).contains(year))
    }
}

fn year_in(text: &str) -> Option<i64> {
    let digits = |c: char| {
        char::to_digit(c, 10).or(match c {
            '０'..='９' => Some(c as u32 - '０' as u32),
            _ => None,
        })
    };
    let mut run = (0, 0);
    for c in text.chars() {
        match digits(c) {
            Some(digit) => run = (run.0 + 1, run.1 * 10 + i64::from(digit)),
            None => run = (0, 0),
        }
        if run.0 == 4 {
            return Some(run.1);
        }
    }
    None
}

macro_rules! columns {
    ($($name:ident = $field:ident),* $(,)?) => {
        /// Positions of all fields that the graph reads.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Columns {
            $(pub $name: Column,)*
        }

        impl Columns {
            /// Looks the fields up.
            pub(crate) fn new(schema: &Schema) -> Self {
                Self { $($name: Column(schema.position(field::$field)),)* }
            }
        }
    };
}

columns! {
    code = CODE, element = ELEMENT, class = CLASS, subclass = SUBCLASS, from = FROM, to = TO,
    section = SECTION, shape = SHAPE, diameter = DIAMETER, width = WIDTH, height = HEIGHT, casing = CASING, holes = HOLES,
    material = MATERIAL, laying = LAYING, pressure = PRESSURE, ground = GROUND, ground_from = GROUND_FROM,
    ground_to = GROUND_TO, elevation_from = ELEVATION_FROM, elevation_to = ELEVATION_TO, level = LEVEL,
    bottom = BOTTOM, flow = FLOW, flow_by = FLOW_BY, one_way = ONE_WAY, closed = CLOSED, operable = OPERABLE,
    on_link = ON_LINK, at_node = AT_NODE, length = LENGTH, built = BUILT, owner = OWNER, road = ROAD,
    feature = FEATURE, appurtenance = APPURTENANCE,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_found_in_whatever_a_survey_writes() {
        let year = |value| Column(Some(0)).year(&[value]);
        for text in ["1998", "1998年5月", "建于１９９８", "1998-05-12", "约1998"] {
            assert_eq!(year(ValueRef::Text(text)), Some(1998), "{text}");
        }
        assert_eq!(year(ValueRef::Int(199805)), Some(1998));
        assert_eq!(year(ValueRef::Int(0)), None);
        assert_eq!(year(ValueRef::Text("98")), None);
    }
}
