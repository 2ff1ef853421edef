//! `onemap import`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use onemap_city_model::Placement;
use onemap_ingest::{Mode, Options, Remove, StateRule, TimeRule};
use onemap_model::{Kind, LayerId, State, Timestamp};

use super::{Common, DONE, DONE_WITH_REJECTS, FAILED, actor, archive_import, tileset_import};
use crate::importing::{self, Reading, Said};
use crate::progress::Bar;

#[derive(Args)]
#[command(after_help = "\
Examples:
  onemap import parcels.shp                        encoding and CRS are found out and reported
  onemap import points.csv --crs EPSG:4527         x/y columns in a stated CRS
  onemap import city.gpkg --layer base             layers base_roads, base_buildings, ...
  onemap import new.geojson --layer parcels --mode upsert --id-field parcel_no
  onemap import basemap.pmtiles                    vector tiles made elsewhere, served as they are
  onemap import quarter.city.json --layer models   CityJSON, CityGML: shapes in 3D, a footprint on the map
  onemap import survey.xlsx --crs EPSG:4548 --dry-run --findings found.csv
                                                   点表/线表: checks a pipe network, stores nothing
  onemap import update.xlsx --layer water --crs EPSG:4548 --mode upsert --dry-run --changes changes.csv
                                                   what an update would change; the same without --dry-run stores it
  onemap import network.inp --crs EPSG:4548        EPANET, SWMM; --accept stores what has errors, too
  onemap import tower.glb --place 118.28,33.96,12,90
  onemap import tiles3d/                           3D Tiles (tileset.json), served as they are
  onemap import 'postgres://gis@localhost/city?table=public.roads'
  cat roads.geojsonl | onemap import - --layer roads")]
pub(super) struct ImportArgs {
    /// Files, folders, zips, archives of vector tiles, `-` for standard input, or postgres:// addresses
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    /// Layer id; with several layers in the sources, its prefix [default: from the file's name]
    #[arg(long, value_name = "ID")]
    layer: Option<LayerId>,
    /// Only these layers (tables, sheets) of the sources
    #[arg(long = "only", value_name = "NAME")]
    only: Vec<String>,
    /// Title for people
    #[arg(long, value_name = "T")]
    title: Option<String>,
    /// Department that owns the layer
    #[arg(long, value_name = "D")]
    department: Option<String>,
    /// Group in the catalogue
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// Kind of the layer
    #[arg(long, value_name = "K")]
    kind: Option<Kind>,
    /// CRS of the coordinates (EPSG code, WKT, PROJ string, gcj02, bd09), instead of what the source says
    #[arg(long, value_name = "CRS")]
    crs: Option<String>,
    /// Datum of heights: ellipsoidal, offset=METRES or grid=FILE
    #[arg(long, value_name = "H")]
    heights: Option<String>,
    /// Encoding of text, such as GBK [default: detected]
    #[arg(long, value_name = "E")]
    encoding: Option<String>,
    /// Field that identifies features, so that ids stay the same over imports
    #[arg(long, value_name = "F")]
    id_field: Option<String>,
    /// Where a model without a place stands (OBJ, glTF): degrees, ellipsoidal metres, degrees clockwise from north
    #[arg(long, value_name = "LON,LAT[,HEIGHT[,HEADING]]", value_parser = placement, allow_hyphen_values = true)]
    place: Option<Placement>,
    /// Field with the height above ground, metres: features become solid in 3D
    #[arg(long, value_name = "F")]
    height_field: Option<String>,
    /// Field with the number of floors, where there is no height
    #[arg(long, value_name = "F")]
    floors_field: Option<String>,
    /// When the facts begin to hold: a date, or the name of a field
    #[arg(long, value_name = "T")]
    valid_from: Option<String>,
    /// When they cease to hold: a date, or the name of a field
    #[arg(long, value_name = "T")]
    valid_to: Option<String>,
    /// Lifecycle state: planned, building, existing, retired, or the name of a field
    #[arg(long, value_name = "S")]
    state: Option<String>,
    /// What to do when the layer exists
    #[arg(long, value_enum, default_value = "create")]
    mode: ModeArg,
    /// Read and check everything, store nothing
    #[arg(long)]
    dry_run: bool,
    /// What the headers and codes of survey tables mean (JSON: columns, values, tables)
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Join lines without named ends that are at most so far apart, metres [default: 0.1]
    #[arg(long, value_name = "M")]
    snap: Option<f64>,
    /// Divide such lines where another one ends on them
    #[arg(long)]
    split: bool,
    /// Store a network although the checks find errors in it
    #[arg(long)]
    accept: bool,
    /// Where to list what the checks find (.csv, .json, or .geojson as a map)
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Where to list what an update or a replacement changes (.csv, .json, or .geojson as a map)
    #[arg(long, value_name = "FILE")]
    changes: Option<PathBuf>,
    /// What an update does with stored features that it does not hold, of those that lie where it is
    #[arg(long, value_enum, default_value = "nothing")]
    remove: RemoveArg,
    /// Where to list rejected records (CSV) [default: rejects/ in the store's folder]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ModeArg {
    /// A new layer; an error when it exists
    Create,
    /// Add to the layer
    Append,
    /// Put the records in the place of what the layer holds
    Replace,
    /// Change features of the same id, add the others
    Upsert,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RemoveArg {
    /// They stay
    Nothing,
    /// Those end that the update holds under a new number
    Renumbered,
    /// All of them end
    Absent,
}

pub(super) fn run(common: &Common, args: &ImportArgs) -> anyhow::Result<u8> {
    let options = args.options();
    if args.remove != RemoveArg::Nothing && options.mode != Mode::Upsert {
        bail!(
            "--remove is for updates: add --mode upsert (--mode replace removes what is not there any more)"
        );
    }
    if args.changes.is_some() && !matches!(options.mode, Mode::Upsert | Mode::Replace) {
        bail!("--changes is for updates and replacements: add --mode upsert or --mode replace");
    }
    if archive_import::are_archives(&args.sources)? {
        if args.encoding.is_some() || !args.only.is_empty() {
            bail!("--encoding and --only say nothing of an archive of tiles: leave them out");
        }
        let store = common.store()?;
        let bar = Bar::new(common.json);
        common.print(&archive_import::import(&store, &args.sources, &options, &bar)?)?;
        return Ok(DONE);
    }
    if tileset_import::are_tilesets(&args.sources)? {
        let store = common.store()?;
        let bar = Bar::new(common.json);
        common.print(&tileset_import::import(&store, &args.sources, &options, &bar)?)?;
        return Ok(DONE);
    }
    let reading = Reading::of(&args.sources, &args.said()?)?;
    if args.findings.is_some() && !matches!(reading, Reading::Network(_)) {
        bail!("--findings is for pipe networks; say --kind network where the sources are one");
    }
    let (store, bar) = (common.store()?, Bar::new(common.json));
    let report = importing::import(&store, &args.sources, &reading, &options, &bar);
    bar.finish();
    let report = report?;
    if let Some(file) = &args.findings {
        let layers = report.layers.iter();
        let found =
            layers.filter_map(|layer| Some((layer.layer.as_str(), layer.findings.as_ref()?)));
        onemap_ingest::write_findings(file, found)?;
    }
    if let Some(file) = &args.changes {
        let layers = report.layers.iter();
        let changes = layers.filter_map(|layer| {
            Some((layer.layer.as_str(), layer.comparison.as_ref()?.list.as_slice()))
        });
        onemap_ingest::write_changes(file, changes)?;
    }
    common.print(&report)?;
    Ok(match () {
        // Where the checks find errors that the user does not accept, nothing is stored.
        () if report.held => FAILED,
        () if report.rejected() > 0 => DONE_WITH_REJECTS,
        () => DONE,
    })
}

impl ImportArgs {
    /// Returns what was said about how to read the sources.
    fn said(&self) -> anyhow::Result<Said> {
        let map = self.map.as_ref().map(|file| {
            std::fs::read_to_string(file)
                .with_context(|| format!("can not read '{}'", file.display()))
        });
        Ok(Said {
            kind: self.kind,
            crs: self.crs.clone(),
            encoding: self.encoding.clone(),
            only: self.only.clone(),
            place: self.place,
            map: map.transpose()?,
            snap: self.snap,
            split: self.split,
        })
    }

    fn options(&self) -> Options {
        let time = |text: &String| match text.parse::<Timestamp>() {
            Ok(time) => TimeRule::Fixed(time),
            Err(_) => TimeRule::Field(text.clone()),
        };
        Options {
            layer: self.layer.clone(),
            title: self.title.clone(),
            department: self.department.clone(),
            group: self.group.clone(),
            kind: self.kind,
            crs: self.crs.clone(),
            heights: self.heights.clone(),
            id_field: self.id_field.clone(),
            valid_from: self.valid_from.as_ref().map(time),
            valid_to: self.valid_to.as_ref().map(time),
            state: self.state.as_ref().map(|text| match State::from_name(text) {
                Some(state) => StateRule::Fixed(state),
                None => StateRule::Field(text.clone()),
            }),
            mode: match self.mode {
                ModeArg::Create => Mode::Create,
                ModeArg::Append => Mode::Append,
                ModeArg::Replace => Mode::Replace,
                ModeArg::Upsert => Mode::Upsert,
            },
            solid: onemap_model::Solid {
                height: self.height_field.clone(),
                floors: self.floors_field.clone(),
                ..onemap_model::Solid::default()
            },
            dry_run: self.dry_run,
            accept: self.accept,
            remove: match self.remove {
                RemoveArg::Nothing => Remove::Nothing,
                RemoveArg::Renumbered => Remove::Renumbered,
                RemoveArg::Absent => Remove::Absent,
            },
            rejects: self.rejects.clone(),
            actor: actor(),
            ..Options::default()
        }
    }
}

/// Reads `LON,LAT[,HEIGHT[,HEADING]]`: degrees, ellipsoidal metres, degrees clockwise from north.
fn placement(text: &str) -> Result<Placement, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let bad = || format!("'{text}' is no place: use LON,LAT[,HEIGHT[,HEADING]]");
    let numbers = numbers.map_err(|_| bad())?;
    let at = |i: usize| numbers.get(i).copied();
    let (Some(lon), Some(lat), 2..=4) = (at(0), at(1), numbers.len()) else { return Err(bad()) };
    let (height, heading_degrees) = (at(2).unwrap_or(0.0), at(3).unwrap_or(0.0));
    let place = Placement { lon, lat, height, heading_degrees };
    if place.is_valid() { Ok(place) } else { Err(bad()) }
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
