//! Import of city models: CityJSON, CityGML, OBJ, glTF.

use anyhow::{Context, bail};
use onemap_city_model::{Options as Reading, Placement};
use onemap_ingest::{Input, Options, Report};
use onemap_model::Sink;
use onemap_store::Store;

use crate::progress::Bar;

/// Tells whether the sources are city models, by what is in them.
pub(super) fn are_models(sources: &[String]) -> anyhow::Result<bool> {
    let found = sources.iter().filter(|source| onemap_city_model::is_city_model(source)).count();
    if found > 0 && found < sources.len() {
        bail!("city models and other sources can not be imported together: give two commands");
    }
    Ok(found > 0)
}

/// Reads `LON,LAT[,HEIGHT[,HEADING]]`: degrees, ellipsoidal metres, degrees clockwise from north.
pub(super) fn placement(text: &str) -> Result<Placement, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let bad = || format!("'{text}' is no place: use LON,LAT[,HEIGHT[,HEADING]]");
    let numbers = numbers.map_err(|_| bad())?;
    let at = |i: usize| numbers.get(i).copied();
    let (Some(lon), Some(lat), 2..=4) = (at(0), at(1), numbers.len()) else { return Err(bad()) };
    let (height, heading_degrees) = (at(2).unwrap_or(0.0), at(3).unwrap_or(0.0));
    let place = Placement { lon, lat, height, heading_degrees };
    if place.is_valid() { Ok(place) } else { Err(bad()) }
}

/// Imports everything that the names stand for, as one revision.
pub(super) fn import(
    store: &Store,
    names: &[String],
    reading: &Reading,
    options: &Options,
    bar: &Bar,
) -> anyhow::Result<Report> {
    let mut sources = Vec::new();
    let mut skipped = Vec::new();
    for name in names {
        let found = onemap_city_model::survey(name)?;
        sources.extend(found.sources);
        skipped.extend(found.skipped);
    }
    let inputs = sources.iter().map(|source| Input {
        name: source.name.clone(),
        read: Box::new(move |sink: &mut dyn Sink| {
            onemap_city_model::read(source, reading, sink).map_err(|error| Box::new(error) as _)
        }),
    });
    let report = onemap_ingest::import(store, inputs.collect(), options, bar)
        .context("nothing was imported");
    bar.finish();
    let mut report = report?;
    report.notes.extend(
        skipped.into_iter().map(|file| {
            format!("'{}' was not imported: {}; {}", file.name, file.reason, file.remedy)
        }),
    );
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_two_to_four_numbers() {
        let place = placement("118.3, 33.96, 12.5, 90").unwrap();
        assert_eq!((place.lon, place.height, place.heading_degrees), (118.3, 12.5, 90.0));
        assert_eq!(placement("118.3,33.96").unwrap().height, 0.0);
        for bad in ["", "118", "118,a", "118,99", "1,2,3,4,5", "NaN,1"] {
            assert!(placement(bad).is_err(), "{bad}");
        }
    }
}
