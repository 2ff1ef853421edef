//! Which files belong together.

use std::path::{Path, PathBuf};

use onemap_source::Head;
use onemap_vector::Format as File;
use rustc_hash::FxHashSet;

use super::raw::{RawSink, RawTable};
use super::{Kind, is_certain, kind_of};
use crate::mapping::Mapping;
use crate::{Format, Source};

/// A file whose tables were looked at.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) source: onemap_vector::Source,
    kinds: Vec<Kind>,
    is_certain: bool,
    has_shapes: bool,
}

impl Looked {
    /// Tells what the file holds as a whole.
    pub(crate) fn kind(&self) -> Kind {
        let has = |kind| self.kinds.contains(&kind);
        match (has(Kind::Points), has(Kind::Lines)) {
            _ if has(Kind::Both) => Kind::Both,
            (true, true) => Kind::Both,
            (true, false) => Kind::Points,
            (false, true) => Kind::Lines,
            (false, false) => Kind::Other,
        }
    }
}

/// Tables that make up one network.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) source: Source,
    pub(crate) is_certain: bool,
}

/// Tells whether a file may hold tables of a network at all, before it is read: separated text is read to its end to
/// be understood, and may be large. With `only_certain`, drawings are not looked at.
pub(crate) fn may_hold(source: &onemap_vector::Source, only_certain: bool) -> bool {
    match source.format {
        File::Csv => header_may_hold(source).unwrap_or(true) || !only_certain,
        File::Xlsx
        | File::Shapefile
        | File::GeoPackage
        | File::GeoJson
        | File::GeoJsonSeq
        | File::FlatGeobuf
        | File::GeoParquet => true,
        File::Dxf | File::Kml | File::TopoJson => !only_certain,
        _ => false,
    }
}

/// Looks in the first lines for one in which several cells are headers of a network.
fn header_may_hold(source: &onemap_vector::Source) -> Option<bool> {
    let head = Head::read(&source.path).ok()?.bytes;
    let encoding = onemap_bounded::text::detect(&head).encoding;
    let text = onemap_bounded::text::decode(&head, encoding).text;
    let roles = |line: &str| {
        let cells = line.split([',', ';', '\t', '|']);
        let headers = cells.map(|cell| cell.trim_matches(|c: char| c == '"' || c.is_whitespace()));
        headers.filter(|header| super::Role::of_header(header).is_some()).count()
    };
    Some(text.lines().take(30).any(|line| roles(line) >= 3))
}

/// Looks at the first rows of a file's tables.
///
/// # Errors
/// When the file can not be read.
pub(crate) fn look(
    source: onemap_vector::Source,
    map: Option<&Mapping>,
) -> Result<Looked, Box<(onemap_vector::Source, onemap_vector::Error)>> {
    let has_several =
        matches!(source.format, File::Xlsx | File::GeoPackage | File::Kml | File::TopoJson);
    let mut sink = RawSink::sample(!has_several);
    let options = onemap_vector::Options { raw_tables: true, ..onemap_vector::Options::default() };
    match onemap_vector::read(&source, &options, &mut sink) {
        Ok(()) | Err(onemap_vector::Error::Stopped(_)) => {}
        Err(error) => return Err(Box::new((source, error))),
    }
    let kinds: Vec<Kind> = sink.tables.iter().map(|table| kind_of(table, map)).collect();
    let is_certain = sink.tables.iter().zip(&kinds).any(|(table, kind)| is_certain(table, *kind));
    let has_shape = |table: &RawTable| table.rows.iter().any(|row| row.geometry.is_some());
    let lines = sink.tables.iter().zip(&kinds).filter(|(_, kind)| **kind == Kind::Lines);
    let has_ends = |table: &RawTable| {
        super::cells::Columns::of(table, map).has(super::Role::EndNorthing(super::At::From))
    };
    let has_shapes = lines.clone().any(|(table, _)| has_shape(table) || has_ends(table));
    Ok(Looked { source, kinds, is_certain, has_shapes })
}

/// Words in names of files and tables that tell points from lines, longest first, and mean nothing else.
const WORDS: &[&str] = &[
    "manholes",
    "manhole",
    "pipelines",
    "pipeline",
    "conduits",
    "conduit",
    "junctions",
    "points",
    "point",
    "lines",
    "line",
    "nodes",
    "node",
    "links",
    "link",
    "pipes",
    "pipe",
    "edges",
    "edge",
    "pnt",
    "管线点",
    "点表",
    "线表",
    "管点",
    "管线",
    "管段",
    "测点",
    "点",
    "线",
    "表",
];

/// Returns a name without the words that tell points from lines, in lower case; equal for files that belong together.
pub(crate) fn key(name: &str) -> String {
    let mut key = name.to_lowercase();
    for word in WORDS {
        if let Some(at) = key.find(word) {
            let is_word = !word.is_ascii()
                || key.ends_with(word)
                || key.starts_with(word)
                || key.contains(&format!("_{word}_"));
            if is_word {
                key.replace_range(at..at + word.len(), "");
            }
        }
    }
    key.trim_matches(|c: char| matches!(c, '_' | '-' | '.' | ' ')).to_owned()
}

/// Puts files of one folder together: those whose names differ only in the words for points and lines; else the only
/// one with points and the only one with lines. Returns the networks, and the files that lack their other half.
pub(crate) fn group(
    looked: Vec<Looked>,
    named: &Path,
    map: Option<&Mapping>,
) -> (Vec<Group>, Vec<(String, &'static str)>) {
    let mut sets: Vec<(PathBuf, String, Vec<Looked>)> = Vec::new();
    let mut groups = Vec::new();
    for file in looked {
        if file.kind() == Kind::Both {
            groups.push(vec![file]);
            continue;
        }
        let folder = file.source.path.parent().unwrap_or(Path::new("")).to_owned();
        let key = key(&file.source.stem);
        match sets.iter_mut().find(|set| set.0 == folder && set.1 == key) {
            Some(set) => set.2.push(file),
            None => sets.push((folder, key, vec![file])),
        }
    }
    if named.is_file()
        && let [(folder, key, files)] = sets.as_mut_slice()
    {
        find_beside(folder, key, files, map);
    }
    let has = |files: &[Looked], kind| files.iter().any(|file| file.kind() == kind);
    // Points and lines whose names tell nothing, where there is no doubt in their folder.
    let folders: FxHashSet<PathBuf> = sets.iter().map(|set| set.0.clone()).collect();
    for folder in folders {
        let alone = |with: Kind, without: Kind| -> Vec<usize> {
            let of = sets.iter().enumerate().filter(|(_, set)| set.0 == folder);
            of.filter(|(_, set)| has(&set.2, with) && !has(&set.2, without))
                .map(|(i, _)| i)
                .collect()
        };
        let (points, lines) = (alone(Kind::Points, Kind::Lines), alone(Kind::Lines, Kind::Points));
        if let ([points], [lines]) = (points.as_slice(), lines.as_slice()) {
            let taken =
                sets.get_mut(*points).map(|set| std::mem::take(&mut set.2)).unwrap_or_default();
            if let Some(set) = sets.get_mut(*lines) {
                set.2.extend(taken);
            }
        }
    }
    let mut left = Vec::new();
    for (_, _, files) in sets {
        let is_drawn = files.iter().any(|file| file.has_shapes);
        let problem = match (has(&files, Kind::Points), has(&files, Kind::Lines)) {
            (true, true) => None,
            (false, true) if is_drawn => None,
            (true, false) => Some("it holds points, but there is no table of lines with them"),
            _ => Some(
                "it holds lines by the numbers of their points, but there is no table of points with them",
            ),
        };
        match problem {
            None => groups.push(files),
            Some(problem) => left.extend(files.into_iter().map(|file| (file.source.name, problem))),
        }
    }
    let groups = groups.into_iter().filter_map(network).collect();
    (groups, left)
}

/// Looks beside a file that was named alone for those that belong to it.
fn find_beside(folder: &Path, key_wanted: &str, files: &mut Vec<Looked>, map: Option<&Mapping>) {
    let Ok(entries) =
        std::fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
    else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (stem, _) = crate::detect::stem_and_extension(&file_name);
        let is_known =
            files.iter().any(|file| file.source.path == path || file.source.stem == stem);
        if is_known || key(stem) != key_wanted || !path.is_file() {
            continue;
        }
        let Ok(sources) = onemap_vector::open(&path.to_string_lossy()) else { continue };
        for source in sources {
            if let Ok(file) = look(source, map)
                && matches!(file.kind(), Kind::Points | Kind::Lines)
            {
                files.push(file);
            }
        }
    }
}

fn network(mut files: Vec<Looked>) -> Option<Group> {
    // Lines first: the network is called like them.
    files.sort_by_key(|file| (file.kind() == Kind::Points, file.source.name.clone()));
    let first = files.first()?;
    let stem = if files.len() == 1 {
        first.source.stem.clone()
    } else {
        let short = shared(files.iter().map(|file| file.source.stem.as_str()));
        let folder = first
            .source
            .path
            .parent()
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned());
        short.or(folder).unwrap_or_else(|| first.source.stem.clone())
    };
    let is_certain = files.iter().any(|file| file.is_certain);
    let source = Source {
        format: Format::Tables,
        path: first.source.path.clone(),
        name: first.source.name.clone(),
        stem,
        gzipped: false,
        tables: files.into_iter().map(|file| file.source).collect(),
        _unpacked: None,
    };
    Some(Group { source, is_certain })
}

/// Returns the beginning or end that names share.
fn shared<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.collect();
    let first = *names.first()?;
    let key = key(first);
    let at = first.to_lowercase().find(&key)?;
    let short = first.get(at..at + key.len())?;
    let is_shared = names.iter().all(|name| name.to_lowercase().contains(&key));
    (!short.is_empty() && is_shared).then(|| short.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_points_and_lines_differ_only_in_the_words_for_them() {
        for (a, b) in [
            ("gas_points", "gas_lines"),
            ("JSPOINT", "JSLINE"),
            ("给水点表", "给水线表"),
            ("给水点", "给水线"),
            ("heat_survey_points", "heat_survey_lines"),
            ("manholes", "pipes"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        assert_ne!(key("JSPOINT"), key("WSLINE"));
    }
}
