//! `onemap demo`: the sample city, then the server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use onemap_ingest::{FieldTitle, Mode, Options, StateRule, TimeRule};
use onemap_model::{Kind, LayerId, ViewSpec};
use onemap_store::Store;
use serde::Deserialize;

use super::serve::{self, ServeArgs};
use super::{Common, actor};
use crate::importing::{self, Reading, Said};
use crate::progress::Bar;

#[derive(Args)]
pub(super) struct DemoArgs {
    /// Folder of the sample city
    #[arg(long, default_value = "data-samples", value_name = "DIR")]
    samples: PathBuf,
    #[command(flatten)]
    serve: ServeArgs,
}

/// `city.json`: what the files of the sample city are.
#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Entry>,
    /// What lies below the ground.
    #[serde(default)]
    networks: Vec<NetworkEntry>,
}

#[derive(Deserialize)]
struct NetworkEntry {
    paths: Vec<String>,
    id: LayerId,
    title: String,
    title_en: Option<String>,
    department: String,
    group: String,
    crs: Option<String>,
    /// Whether it is part of the demo; else it is for trying things out.
    #[serde(default = "yes")]
    demo: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    /// Layer of a file that holds several.
    table: Option<String>,
    id: LayerId,
    title: String,
    title_en: Option<String>,
    department: String,
    group: String,
    style: Option<String>,
    id_field: Option<String>,
    crs: Option<String>,
    valid_from_field: Option<String>,
    valid_to_field: Option<String>,
    state_field: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, FieldTitle>,
    /// How its features become solid in 3D.
    #[serde(default)]
    solid: onemap_model::Solid,
}

pub(super) fn run(common: &Common, args: &DemoArgs) -> anyhow::Result<u8> {
    let store = common.store()?;
    if store.view(ViewSpec::default()).layers().next().is_none() {
        import_city(&store, &args.samples, common.json)?;
    }
    serve::serve(store, &args.serve)
}

fn import_city(store: &Store, folder: &Path, quiet: bool) -> anyhow::Result<()> {
    let path = folder.join("city.json");
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "can not read '{}': run this from the project's folder, or name it with --samples",
            path.display()
        )
    })?;
    let manifest: Manifest = serde_json::from_str(&text)
        .with_context(|| format!("'{}' is not a manifest of samples", path.display()))?;
    for entry in manifest.layers {
        let names = [folder.join(&entry.path).display().to_string()];
        let said = Said {
            crs: entry.crs.clone(),
            only: entry.table.clone().into_iter().collect(),
            ..Said::default()
        };
        let kind =
            if onemap_city_model::is_city_model(&names[0]) { Kind::Model } else { Kind::Vector };
        import_one(store, &names, &Said { kind: Some(kind), ..said }, &entry.options(), quiet)?;
    }
    for entry in manifest.networks.into_iter().filter(|entry| entry.demo) {
        let names: Vec<String> =
            entry.paths.iter().map(|path| folder.join(path).display().to_string()).collect();
        let said = Said { kind: Some(Kind::Network), crs: entry.crs.clone(), ..Said::default() };
        import_one(store, &names, &said, &entry.options(), quiet)?;
    }
    Ok(())
}

fn import_one(
    store: &Store,
    names: &[String],
    said: &Said,
    options: &Options,
    quiet: bool,
) -> anyhow::Result<()> {
    let bar = Bar::new(quiet);
    let report = importing::import(store, names, &Reading::of(names, said)?, options, &bar);
    bar.finish();
    let report = report?;
    if report.held {
        bail!("the sample city is damaged: {report}");
    }
    if !quiet {
        println!("{report}");
    }
    Ok(())
}

impl NetworkEntry {
    fn options(self) -> Options {
        Options {
            layer: Some(self.id),
            title: Some(self.title),
            title_en: self.title_en,
            department: Some(self.department),
            group: Some(self.group),
            crs: self.crs,
            actor: actor(),
            ..Options::default()
        }
    }
}

impl Entry {
    fn options(self) -> Options {
        Options {
            layer: Some(self.id),
            title: Some(self.title),
            title_en: self.title_en,
            department: Some(self.department),
            group: Some(self.group),
            style: self.style,
            crs: self.crs,
            id_field: self.id_field,
            valid_from: self.valid_from_field.map(TimeRule::Field),
            valid_to: self.valid_to_field.map(TimeRule::Field),
            state: self.state_field.map(StateRule::Field),
            field_titles: self.fields,
            solid: self.solid,
            mode: Mode::Create,
            actor: actor(),
            ..Options::default()
        }
    }
}
