//! Reads DXF drawings, text and binary, of every release from R12 to R2018.
//!
//! Own reader instead of the `dxf` crate: that one holds the file and the whole drawing in memory, has no
//! HATCH, and reads text of binary files as Latin. Here the file is read twice: the first pass keeps what
//! entities refer to (code page, layers, blocks, GEODATA, which stands at the end), the second streams the
//! entities.
//!
//! A record is an entity of the model space. Layers are by shape: `points`, `lines`, `areas` (hatches, solids,
//! faces, frames of pictures), `texts`, `symbols` (block references, dimensions, tables). The drawing's layer is
//! the field `layer`. A reference to a block of up to 64 shapes is one record; one to a larger block is a
//! drawing in the drawing, and every shape is a record. Closed polylines stay lines and say so in `closed`. Arcs
//! and splines are made straight at 4 degrees a segment, as GDAL does.
//!
//! With a GEODATA object the coordinates are turned into those of its CRS, unless the user names one.
//! Without, the drawing states no CRS.

mod affine;
mod blocks;
mod color;
mod curves;
mod emit;
mod geodata;
mod hatch;
mod pairs;
mod raw;
mod shapes;
mod tables;
mod text;

use std::collections::BTreeMap;

use onemap_bounded::text::Detector;
use onemap_model::{Note, Sink};
use onemap_source::Input;

use self::affine::Affine;
use self::emit::Emitter;
use self::geodata::Georeference;
use self::pairs::Pairs;
use self::raw::Raw;
use self::tables::{Tables, wanted_encoding};
use crate::{Error, Options, Source};

const REMEDY: &str = "save it again from CAD, as DXF R2018 or R2000";

/// Entities that are no part of the map.
const NOT_DRAWN: &[&str] = &[
    "VIEWPORT",
    "LIGHT",
    "SUN",
    "OLEFRAME",
    "OLE2FRAME",
    "WIPEOUT",
    "RAY",
    "XLINE",
    "CAMERA",
    "SECTION",
    "GEOPOSITIONMARKER",
];

/// Reads a DXF file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let wanted = wanted_encoding(options.encoding.as_deref())
        .map_err(|reason| Error::unsupported(source, reason, "use --encoding UTF-8 or GBK"))?;
    let mut detector = Detector::default();
    let mut tables = first_pass(source, &mut detector, sink)?;
    let (decoder, encoding_note) = tables.decoder(wanted, &detector);
    let note = |sink: &mut dyn Sink, text: String| sink.note(None, Note::assumed(text));
    if let Some(text) = encoding_note {
        note(sink, text);
    }
    let georeference = georeference(&tables, options, sink);
    if georeference.is_none()
        && let Some(unit) = unit_name(tables.units)
    {
        note(
            sink,
            format!(
                "the drawing's unit is the {unit}; coordinates are taken as they are, as units of the CRS"
            ),
        );
    }
    if tables.too_many_blocks {
        let text = "the block definitions are larger than what is read; references to later ones are rejected";
        sink.note(None, Note::warning(text));
    }
    let mut emitter = Emitter::new(sink, options, &tables, decoder, georeference);
    let left_out = second_pass(source, &mut emitter)?;
    let closed = emitter.closed_lines;
    if closed > 0 {
        note(
            sink,
            format!("{closed} closed lines were kept as lines; the field 'closed' tells them"),
        );
    }
    if !left_out.is_empty() {
        let list: Vec<String> =
            left_out.iter().map(|(what, count)| format!("{count} {what}")).collect();
        note(sink, format!("no records were made of {}", list.join(", ")));
    }
    Ok(())
}

fn first_pass(
    source: &Source,
    detector: &mut Detector,
    sink: &mut dyn Sink,
) -> Result<Tables, Error> {
    let reader = Input::open(source)?;
    let progress = reader.progress();
    let total = progress.total();
    let mut pairs = Pairs::new(reader).map_err(|e| Error::bounded(source, None, e))?;
    let tables = Tables::read(&mut pairs, detector, &mut || {
        sink.progress(progress.done(), total.saturating_mul(2));
    });
    let tables = tables.map_err(|e| Error::bounded(source, Some(pairs.place()), e))?;
    if !tables.has_entities {
        return Err(Error::broken(source, None, "it has no section ENTITIES", REMEDY));
    }
    if !tables.is_complete {
        let reason = "the file ends before its end mark (EOF); it is cut off";
        return Err(Error::broken(source, Some(pairs.place()), reason, "get the file again"));
    }
    Ok(tables)
}

/// Finds out where the drawing is, and tells the user.
fn georeference(tables: &Tables, options: &Options, sink: &mut dyn Sink) -> Option<(u32, Affine)> {
    let geodata = tables.geodata.as_ref()?;
    match geodata.georeference() {
        Georeference::Known { epsg, .. } if options.crs.is_some() => {
            let text = format!(
                "the drawing says where it is (EPSG:{epsg}), but the CRS named by the user was taken"
            );
            sink.note(None, Note::assumed(text));
            None
        }
        Georeference::Known { epsg, map } => {
            let text =
                format!("coordinates were moved to EPSG:{epsg} by the drawing's own georeference");
            sink.note(None, Note::assumed(text));
            Some((epsg, *map))
        }
        Georeference::Unknown(reason) => {
            let text = format!("the drawing's georeference was not used: {reason}; state --crs");
            sink.note(None, Note::warning(text));
            None
        }
    }
}

/// Streams the entities. Returns what no records were made of.
fn second_pass(source: &Source, emitter: &mut Emitter<'_>) -> Result<BTreeMap<String, u64>, Error> {
    let reader = Input::open(source)?;
    let progress = reader.progress();
    let total = progress.total();
    let mut pairs = Pairs::new(reader).map_err(|e| Error::bounded(source, None, e))?;
    let mut left_out = BTreeMap::new();
    let mut is_inside = false;
    let mut number = 0;
    loop {
        let pair = match pairs.next() {
            Ok(Some(pair)) => pair,
            Ok(None) => break,
            Err(error) => return Err(Error::bounded(source, Some(pairs.place()), error)),
        };
        if pair.is(0, "SECTION") {
            let name = pairs.next().map_err(|e| Error::bounded(source, Some(pairs.place()), e))?;
            is_inside = name.is_some_and(|name| name.is(2, "ENTITIES"));
            continue;
        }
        if !is_inside || pair.code != 0 {
            continue;
        }
        if pair.is(0, "ENDSEC") || pair.is(0, "EOF") {
            break;
        }
        let raw = Raw::read(&pair, &mut pairs)
            .map_err(|e| Error::bounded(source, Some(pairs.place()), e))?;
        number += 1;
        if raw.flags(67) == 1 {
            *left_out.entry("entities of the paper space".to_owned()).or_default() += 1;
        } else if NOT_DRAWN.contains(&raw.kind.as_str()) {
            *left_out.entry(raw.kind).or_default() += 1;
        } else {
            emitter.entity(number, &raw)?;
        }
        if number % 1024 == 0 {
            emitter.sink.progress(total.saturating_add(progress.done()), total.saturating_mul(2));
        }
    }
    emitter.sink.progress(total.saturating_mul(2), total.saturating_mul(2));
    Ok(left_out)
}

/// Returns the name of a drawing's unit that is not the metre.
fn unit_name(code: i64) -> Option<&'static str> {
    Some(match code {
        1 => "inch",
        2 => "foot",
        3 => "mile",
        4 => "millimetre",
        5 => "centimetre",
        7 => "kilometre",
        14 => "decimetre",
        21 => "US survey foot",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
