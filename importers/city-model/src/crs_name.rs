//! Names of coordinate systems as city models write them.

/// Returns a name that `onemap-crs` understands: compound names in the spellings of OGC become `EPSG:25832+7837`, all
/// others stay.
pub(crate) fn plain(name: &str) -> String {
    let name = name.trim();
    let lower = name.to_ascii_lowercase();
    let parts: Vec<&str> = if lower.starts_with("urn:ogc:def:crs,") {
        lower.split(',').skip(1).collect()
    } else if let Some((_, query)) = lower.split_once("def/crs-compound?") {
        query.split('&').collect()
    } else {
        return name.to_owned();
    };
    let code = |part: &&str| {
        let code = part.rsplit([':', '/']).next()?;
        let is_epsg = part.contains("epsg") && code.bytes().all(|b| b.is_ascii_digit());
        (is_epsg && !code.is_empty()).then(|| code.to_owned())
    };
    match parts.iter().map(code).collect::<Option<Vec<_>>>() {
        Some(codes) if codes.len() == 2 => format!("EPSG:{}", codes.join("+")),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_city_models_are_understood() {
        for (written, understood) in [
            ("https://www.opengis.net/def/crs/EPSG/0/7415", "EPSG:7415"),
            ("urn:ogc:def:crs:EPSG::7415", "EPSG:7415"),
            ("http://www.opengis.net/def/crs/EPSG/6.12/3068", "EPSG:3068"),
            ("urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::7837", "EPSG:25832+7837"),
            (
                "http://www.opengis.net/def/crs-compound?1=http://www.opengis.net/def/crs/EPSG/0/25832&2=http://www.opengis.net/def/crs/EPSG/0/7837",
                "EPSG:25832+7837",
            ),
        ] {
            let crs = onemap_crs::Crs::parse(&plain(written)).unwrap();
            assert_eq!(crs.definition(), understood, "{written}");
        }
    }
}
