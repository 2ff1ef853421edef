//! `onemap layers`, `show`, `set` and `remove`.

use std::fmt;

use anyhow::{Context, bail};
use clap::Args;
use onemap_model::{Importance, Layer, LayerId, ViewSpec};
use serde::Serialize;

use super::{Common, DONE, actor};

#[derive(Args)]
pub(super) struct ShowArgs {
    /// Layer id
    layer: LayerId,
}

#[derive(Args)]
#[command(after_help = "Example:\n  onemap set roads title=道路 department=交通运输局 style=roads")]
pub(super) struct SetArgs {
    /// Layer id
    layer: LayerId,
    /// title, title_en, department, group, style, states, minzoom or maxzoom, and the value
    #[arg(required = true, value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

#[derive(Args)]
pub(super) struct RemoveArgs {
    /// Layer id
    layer: LayerId,
}

#[derive(Serialize)]
struct Catalogue {
    layers: Vec<Layer>,
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.layers.is_empty() {
            return write!(f, "no layers yet: import some with 'onemap import FILE'");
        }
        let width = self.layers.iter().map(|layer| layer.id.as_str().len()).max().unwrap_or(0);
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            let (id, title, kind) = (layer.id.as_str(), &layer.title, layer.kind);
            write!(f, "{id:width$}  {kind:8} {:>9}  {title} ({})", layer.count, layer.department)?;
        }
        Ok(())
    }
}

/// One layer, for people: the catalogue entry as indented JSON reads well enough.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Layer);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = &self.0;
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<12} {value}");
        line("layer", &layer.id)?;
        line("title", &layer.title)?;
        line("department", &layer.department)?;
        line("group", &layer.group)?;
        line("kind", &layer.kind)?;
        line("features", &layer.count)?;
        line("revision", &layer.revision)?;
        line("source crs", &layer.source_crs)?;
        if let Some(bounds) = layer.bounds {
            line("extent", &bounds)?;
        }
        line("zooms", &format_args!("{} to {}", layer.minzoom, layer.maxzoom))?;
        for field in &layer.schema.fields {
            let title = field.title.as_deref().unwrap_or_default();
            line("field", &format_args!("{} {} {title}", field.name, field.kind.name()))?;
        }
        for import in &layer.lineage {
            let (at, source, format) = (import.at, &import.source, &import.format);
            line(
                "imported",
                &format_args!("{at} from {source} [{format}], revision {}", import.revision),
            )?;
        }
        Ok(())
    }
}

pub(super) fn layers(common: &Common) -> anyhow::Result<u8> {
    let view = common.store_to_read()?.view(ViewSpec::default());
    common.print(&Catalogue { layers: view.layers().cloned().collect() })?;
    Ok(DONE)
}

pub(super) fn show(common: &Common, args: &ShowArgs) -> anyhow::Result<u8> {
    let view = common.store_to_read()?.view(ViewSpec::default());
    let layer = view.layer(&args.layer).with_context(|| unknown(&args.layer))?;
    common.print(&Shown(layer.layer().clone()))?;
    Ok(DONE)
}

pub(super) fn set(common: &Common, args: &SetArgs) -> anyhow::Result<u8> {
    let store = common.store()?;
    let view = store.view(ViewSpec::default());
    let mut layer = view.layer(&args.layer).with_context(|| unknown(&args.layer))?.layer().clone();
    for change in &args.changes {
        let Some((key, value)) = change.split_once('=') else {
            bail!("'{change}' is not KEY=VALUE");
        };
        apply(&mut layer, key.trim(), value.trim())?;
    }
    let display = layer.display.clone();
    let before = view.layer(&args.layer).map(|before| before.layer().display.clone());
    layer.display = before.clone().unwrap_or_default();
    store.set_layer(layer, &actor())?;
    if before.is_some_and(|before| before != display) {
        store.redraw(&args.layer, display, &actor())?;
    }
    let view = store.view(ViewSpec::default());
    let layer = view.layer(&args.layer).with_context(|| unknown(&args.layer))?;
    common.print(&Shown(layer.layer().clone()))?;
    Ok(DONE)
}

fn apply(layer: &mut Layer, key: &str, value: &str) -> anyhow::Result<()> {
    let optional = (!value.is_empty()).then(|| value.to_owned());
    let zoom = || -> anyhow::Result<u8> {
        let zoom = value.parse().ok().filter(|&z| z <= onemap_model::MAX_ZOOM);
        zoom.with_context(|| {
            format!("'{value}' is not a zoom: use 0 to {}", onemap_model::MAX_ZOOM)
        })
    };
    match key {
        "title" => value.clone_into(&mut layer.title),
        "title_en" => layer.title_en = optional,
        "department" => value.clone_into(&mut layer.department),
        "group" => value.clone_into(&mut layer.group),
        "style" => layer.style = optional,
        "states" => layer.states = value.parse()?,
        "minzoom" if value.is_empty() => layer.display.minzoom = None,
        "minzoom" => layer.display.minzoom = Some(zoom()?),
        "maxzoom" if value.is_empty() => layer.display.maxzoom = None,
        "maxzoom" => layer.display.maxzoom = Some(zoom()?),
        "importance" => layer.display.importance = importance(layer, value)?,
        "merge" => layer.display.merge = merge(layer, value)?,
        _ => return solid(layer, key, value),
    }
    Ok(())
}

/// Sets how features become solid in 3D.
fn solid(layer: &mut Layer, key: &str, value: &str) -> anyhow::Result<()> {
    if !matches!(key, "symbol" | "wall" | "roof" | "floor_height") && !value.is_empty() {
        known_field(layer, value)?;
    }
    let text = (!value.is_empty()).then(|| value.to_owned());
    let solid = &mut layer.solid;
    match key {
        "height" => solid.height = text,
        "floors" => solid.floors = text,
        "base" => solid.base = text,
        "min_height" => solid.min_height = text,
        "roof_shape" => solid.roof_shape = text,
        "roof_height" => solid.roof_height = text,
        "landmark" => solid.landmark = text,
        "colour" => solid.colour = text,
        "roof_colour" => solid.roof_colour = text,
        "wall" => solid.wall_colour = text,
        "roof" => solid.default_roof_colour = text,
        "symbol" => {
            if !matches!(value, "" | "tree") {
                bail!("'{value}' is no symbol: use tree, or nothing");
            }
            solid.symbol = text;
        }
        "floor_height" => {
            let metres = text.map(|text| text.parse::<f64>()).transpose();
            let metres = metres.ok().filter(|m| m.is_none_or(|m| m > 0.0 && m < 100.0));
            solid.floor_height =
                metres.with_context(|| format!("'{value}' is no height of a floor in metres"))?;
        }
        _ => bail!(
            "'{key}' can not be set: use title, title_en, department, group, style, states, minzoom, maxzoom, importance, merge; for 3D the fields height, floors, base, min_height, roof_shape, roof_height, landmark, colour, roof_colour, and the values floor_height, wall, roof, symbol"
        ),
    }
    Ok(())
}

/// Reads `FIELD` (numbers, greatest first) or `FIELD:VALUE|VALUE|...` (most important first).
fn importance(layer: &Layer, value: &str) -> anyhow::Result<Option<Importance>> {
    if value.is_empty() {
        return Ok(None);
    }
    let (field, order) = value.split_once(':').unwrap_or((value, ""));
    let order = order.split('|').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
    known_field(layer, field)?;
    Ok(Some(Importance { field: field.to_owned(), order: order.collect() }))
}

/// Reads a list of fields; `none` joins nothing, an empty list leaves it to the program.
fn merge(layer: &Layer, value: &str) -> anyhow::Result<Option<Vec<String>>> {
    match value {
        "" => Ok(None),
        "none" => Ok(Some(Vec::new())),
        fields => {
            let fields: Vec<String> = fields.split(',').map(|f| f.trim().to_owned()).collect();
            fields.iter().try_for_each(|field| known_field(layer, field))?;
            Ok(Some(fields))
        }
    }
}

fn known_field(layer: &Layer, field: &str) -> anyhow::Result<()> {
    if layer.schema.field(field).is_some() {
        return Ok(());
    }
    let fields: Vec<&str> = layer.schema.fields.iter().map(|f| f.name.as_str()).collect();
    bail!("layer '{}' has no field '{field}'; it has: {}", layer.id, fields.join(", "))
}

pub(super) fn remove(common: &Common, args: &RemoveArgs) -> anyhow::Result<u8> {
    let revision = common.store()?.remove_layer(&args.layer, &actor())?.revision;
    if common.json {
        println!("{}", serde_json::json!({ "layer": args.layer, "revision": revision }));
    } else {
        println!("{} removed, revision {revision}", args.layer);
    }
    Ok(DONE)
}

/// What to tell when there is no such layer.
pub(super) fn unknown(layer: &LayerId) -> String {
    format!("there is no layer '{layer}': 'onemap layers' lists them")
}
