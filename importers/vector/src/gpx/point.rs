//! The points of GPX: `wpt`, `rtept` and `trkpt` are of one type.

use std::io::Read;

use onemap_bounded::XmlStart;
use onemap_model::Value;

use super::Reader;
use crate::Error;

/// The attributes of an element that matter.
#[derive(Debug, Default)]
pub(super) struct At {
    lat: Option<String>,
    lon: Option<String>,
    pub(super) href: Option<String>,
}

impl At {
    pub(super) fn of(start: &XmlStart<'_>) -> Self {
        let mut at = Self::default();
        // A malformed attribute leaves the coordinate unknown, for which the record is rejected.
        for attribute in start.attributes().flatten() {
            match attribute.name {
                "lat" => at.lat = Some(attribute.value.into_owned()),
                "lon" => at.lon = Some(attribute.value.into_owned()),
                "href" => at.href = Some(attribute.value.into_owned()),
                _ => {}
            }
        }
        at
    }

    /// Returns longitude and latitude in degrees.
    fn xy(&self) -> Result<[f64; 2], String> {
        let number = |name: &str, text: Option<&String>| {
            let text = text.ok_or_else(|| format!("a point has no attribute '{name}'"))?;
            let parsed = text.trim().parse().ok().filter(|x: &f64| x.is_finite());
            parsed.ok_or_else(|| {
                format!("'{}' is no number for '{name}'", text.chars().take(40).collect::<String>())
            })
        };
        Ok([number("lon", self.lon.as_ref())?, number("lat", self.lat.as_ref())?])
    }
}

/// Where and when a point is.
pub(super) struct Position {
    /// Longitude and latitude in degrees.
    pub(super) xy: [f64; 2],
    /// Height in metres.
    pub(super) ele: Option<f64>,
    pub(super) time: Option<String>,
}

impl<R: Read> Reader<'_, R> {
    /// Reads the point whose element began last to its end; `describe` asks for its other elements too. The
    /// inner error says what is wrong with the point alone.
    pub(super) fn point(
        &mut self,
        at: &At,
        fields: &mut Vec<(String, Value)>,
        describe: bool,
    ) -> Result<Result<Position, String>, Error> {
        let outside = self.outside();
        let (mut ele, mut time) = (None, None);
        while let Some((name, at)) =
            self.child(outside, |start| (start.local_name().to_owned(), At::of(start)))?
        {
            match name.as_str() {
                "ele" => ele = self.text()?.parse().ok().filter(|z: &f64| z.is_finite()),
                "time" if !describe => time = Some(self.text()?).filter(|text| !text.is_empty()),
                _ if describe => self.property(&name, &at, fields)?,
                _ => self.skip()?,
            }
        }
        Ok(at.xy().map(|xy| Position { xy, ele, time }))
    }
}
