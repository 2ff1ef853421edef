//! What names of files tell.

/// Splits a file name into stem and lower-case extension, without a `.gz` at the end. `doubled` are extensions of two words,
/// such as `("osm", "pbf")`, of which the stem keeps none; an empty second word stands for any.
pub fn stem_and_extension<'n>(file_name: &'n str, doubled: &[(&str, &str)]) -> (&'n str, String) {
    let (inner, last) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
    if last.eq_ignore_ascii_case("gz") && !inner.is_empty() {
        return stem_and_extension(inner, doubled);
    }
    if inner.is_empty() || last.chars().count() > 12 {
        return (file_name, String::new());
    }
    let shorter = inner.rsplit_once('.').filter(|(stem, middle)| {
        let is_one = |(first, second): &(&str, &str)| {
            middle.eq_ignore_ascii_case(first)
                && (second.is_empty() || last.eq_ignore_ascii_case(second))
        };
        !stem.is_empty() && doubled.iter().any(is_one)
    });
    (shorter.map_or(inner, |(stem, _)| stem), last.to_ascii_lowercase())
}

/// Tells whether a file is hidden, or one of the operating system.
pub fn is_hidden(file_name: &str) -> bool {
    let system = ["thumbs.db", "desktop.ini", "__macosx"];
    file_name.starts_with('.') || system.iter().any(|known| file_name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_lose_gz_and_extensions_of_two_words() {
        for (name, stem, extension) in [
            ("roads.SHP", "roads", "shp"),
            ("roads.geojson.gz", "roads", "geojson"),
            ("city.osm.pbf", "city", "pbf"),
            ("city.osm.xml", "city.osm", "xml"),
            ("osm.pbf", "osm", "pbf"),
            ("roads.gz", "roads", ""),
            (".profile", ".profile", ""),
            (".gz", ".gz", ""),
            ("plain", "plain", ""),
            ("a.sentence that ends", "a.sentence that ends", ""),
        ] {
            let found = stem_and_extension(name, &[("osm", "pbf")]);
            assert_eq!(found, (stem, extension.to_owned()), "{name}");
        }
        assert_eq!(stem_and_extension("a.city.json", &[("city", "")]).0, "a");
        assert_eq!(stem_and_extension("a.city.json", &[]).0, "a.city");
    }

    #[test]
    fn files_of_operating_systems_are_hidden() {
        for name in [".DS_Store", "Thumbs.db", "__MACOSX", "desktop.ini"] {
            assert!(is_hidden(name), "{name}");
        }
        assert!(!is_hidden("thumbs.dbf"));
    }
}
