//! `onemap trace`, `section`, `profile`, `clearance`, `cover`, `excavation`, `statistics`: questions to pipe networks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use onemap_model::{LayerId, State, StateSet, Timestamp, ViewSpec, When};

use super::{Common, DONE};
use crate::networks::{Answer, Form, Given, Networks, Question};

/// What every question has.
#[derive(Args)]
struct Asked {
    /// The network; several separated by commas where the question may be asked of several
    #[arg(value_name = "LAYER", value_delimiter = ',')]
    layers: Vec<LayerId>,
    /// The network as it is at this time [default: now]
    #[arg(long, value_name = "T")]
    datetime: Option<Timestamp>,
    /// States of life that count, separated by commas [default: as the layer has it]
    #[arg(long, value_name = "S", value_delimiter = ',')]
    state: Vec<State>,
    /// File to write: .json, .csv or .svg; without it, JSON or a table is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  onemap trace water --kind connected --from J12 J80    the way between two
  onemap trace sewer --kind downstream --from WS0123    by code, or by feature id
  onemap trace water --kind isolate --from P77 --failed V3 -o plan.json")]
pub(super) struct TraceArgs {
    #[command(flatten)]
    asked: Asked,
    /// connected, upstream, downstream or isolate
    #[arg(long)]
    kind: String,
    /// Pipes or points, by feature id or code
    #[arg(long, num_args = 1.., required = true, value_name = "ID")]
    from: Vec<String>,
    /// isolate: valves that can not be closed
    #[arg(long, num_args = 1.., value_name = "ID")]
    failed: Vec<String>,
    /// isolate: valves that are closed anyway
    #[arg(long, num_args = 1.., value_name = "ID")]
    closed: Vec<String>,
    /// upstream, downstream: what to do where the direction is not known: pass or stop
    #[arg(long)]
    ambiguous: Option<String>,
    /// The most links to list
    #[arg(long)]
    limit: Option<u32>,
}

/// How a drawing looks.
#[derive(Args)]
struct Look {
    /// Scale of the drawing, 1 to so many
    #[arg(long, value_name = "N")]
    scale: Option<f64>,
    /// Scale of its heights, 1 to so many
    #[arg(long, value_name = "N")]
    vertical: Option<f64>,
    /// Title in the drawing's block
    #[arg(long)]
    title: Option<String>,
    /// Language of the drawing and the table: zh or en
    #[arg(long)]
    lang: Option<String>,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  onemap section water,sewer,gas --line '118.28,33.96;118.2805,33.9601' -o section.svg"
)]
pub(super) struct SectionArgs {
    #[command(flatten)]
    asked: Asked,
    /// The line: LON,LAT;LON,LAT;...
    #[arg(long, allow_hyphen_values = true)]
    line: String,
    #[command(flatten)]
    look: Look,
}

#[derive(Args)]
#[command(after_help = "Example:\n  onemap profile sewer --from WS0001 WS0042 -o profile.svg")]
pub(super) struct ProfileArgs {
    #[command(flatten)]
    asked: Asked,
    /// Two points for the way between them, or the pipes of the way in their order
    #[arg(long, num_args = 1.., required = true, value_name = "ID")]
    from: Vec<String>,
    #[command(flatten)]
    look: Look,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  onemap clearance water,sewer,gas --id P77 --reach 3
  onemap clearance sewer,gas --line '118.28,33.96,12.1;118.281,33.96,12.0' --class JS --diameter 300")]
pub(super) struct ClearanceArgs {
    #[command(flatten)]
    asked: Asked,
    /// A pipe that is there, by feature id or code
    #[arg(long)]
    id: Option<String>,
    /// A planned pipe's centre line: LON,LAT,HEIGHT;LON,LAT,HEIGHT;...
    #[arg(long, allow_hyphen_values = true)]
    line: Option<String>,
    /// Its class, such as JS
    #[arg(long)]
    class: Option<String>,
    /// Its diameter, millimetres
    #[arg(long)]
    diameter: Option<f64>,
    /// Its pressure or voltage
    #[arg(long)]
    pressure: Option<String>,
    /// Its material
    #[arg(long)]
    material: Option<String>,
    /// How far to look, metres [default: 5]
    #[arg(long)]
    reach: Option<f64>,
}

#[derive(Args)]
pub(super) struct CoverArgs {
    #[command(flatten)]
    asked: Asked,
    /// What lies above: carriageway, footway, courtyard or paddy [default: not known, the strictest counts]
    #[arg(long)]
    surface: Option<String>,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  onemap excavation water,gas --polygon '118.28,33.96;118.281,33.96;118.281,33.961' --depth 4"
)]
pub(super) struct ExcavationArgs {
    #[command(flatten)]
    asked: Asked,
    /// The pit's corners: LON,LAT;LON,LAT;...
    #[arg(long, allow_hyphen_values = true)]
    polygon: String,
    /// Depth below the ground, metres
    #[arg(long)]
    depth: Option<f64>,
    /// Height of the pit's floor, metres
    #[arg(long, allow_hyphen_values = true)]
    bottom: Option<f64>,
}

#[derive(Args)]
pub(super) struct StatisticsArgs {
    #[command(flatten)]
    asked: Asked,
    /// class, subclass, size, material, decade, owner, road, element
    #[arg(long, default_value = "class,size,material")]
    by: String,
}

#[derive(Args)]
pub(super) struct AgeArgs {
    #[command(flatten)]
    asked: Asked,
    /// The year to look at [default: this one]
    #[arg(long)]
    year: Option<u16>,
}

/// Words by name, as a request would have them.
#[derive(Default)]
struct Words(BTreeMap<&'static str, String>);

impl Words {
    fn with(mut self, name: &'static str, word: Option<impl ToString>) -> Self {
        if let Some(word) = word {
            self.0.insert(name, word.to_string());
        }
        self
    }

    fn list(self, name: &'static str, words: &[String]) -> Self {
        let word = (!words.is_empty()).then(|| words.join(","));
        self.with(name, word)
    }

    fn look(self, look: &Look) -> Self {
        let words = self.with("scale", look.scale).with("vertical", look.vertical);
        words.with("title", look.title.as_ref()).with("lang", look.lang.as_ref())
    }
}

impl Given for Words {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

pub(super) fn trace(common: &Common, args: &TraceArgs) -> anyhow::Result<u8> {
    let words = Words::default()
        .with("kind", Some(&args.kind))
        .list("from", &args.from)
        .list("failed", &args.failed)
        .list("closed", &args.closed)
        .with("ambiguous", args.ambiguous.as_ref())
        .with("limit", args.limit);
    ask(common, &args.asked, "trace", &words)
}

pub(super) fn section(common: &Common, args: &SectionArgs) -> anyhow::Result<u8> {
    let words = Words::default().with("line", Some(&args.line)).look(&args.look);
    ask(common, &args.asked, "section", &words)
}

pub(super) fn profile(common: &Common, args: &ProfileArgs) -> anyhow::Result<u8> {
    let words = Words::default().list("from", &args.from).look(&args.look);
    ask(common, &args.asked, "profile", &words)
}

pub(super) fn clearance(common: &Common, args: &ClearanceArgs) -> anyhow::Result<u8> {
    let words = Words::default()
        .with("id", args.id.as_ref())
        .with("line", args.line.as_ref())
        .with("class", args.class.as_ref())
        .with("diameter", args.diameter)
        .with("pressure", args.pressure.as_ref())
        .with("material", args.material.as_ref())
        .with("reach", args.reach);
    ask(common, &args.asked, "clearance", &words)
}

pub(super) fn cover(common: &Common, args: &CoverArgs) -> anyhow::Result<u8> {
    let words = Words::default().with("surface", args.surface.as_ref());
    ask(common, &args.asked, "cover", &words)
}

pub(super) fn excavation(common: &Common, args: &ExcavationArgs) -> anyhow::Result<u8> {
    let words = Words::default()
        .with("polygon", Some(&args.polygon))
        .with("depth", args.depth)
        .with("bottom", args.bottom);
    ask(common, &args.asked, "excavation", &words)
}

pub(super) fn statistics(common: &Common, args: &StatisticsArgs) -> anyhow::Result<u8> {
    let words = Words::default().with("by", Some(&args.by));
    ask(common, &args.asked, "statistics", &words)
}

pub(super) fn age(common: &Common, args: &AgeArgs) -> anyhow::Result<u8> {
    let words = Words::default().with("year", args.year);
    ask(common, &args.asked, "age", &words)
}

fn ask(common: &Common, asked: &Asked, question: &str, words: &Words) -> anyhow::Result<u8> {
    let Some(question) = Question::read(question, words)? else {
        bail!("'{question}' is no question")
    };
    let extension = asked.output.as_ref().map(|file| {
        file.extension()
            .map(|extension| extension.to_string_lossy().to_lowercase())
            .unwrap_or_default()
    });
    let form = match extension.as_deref() {
        None if common.json => Form::Json,
        None | Some("csv") => Form::Csv,
        Some("json" | "geojson") => Form::Json,
        Some("svg") => Form::Svg,
        Some(other) => bail!("an answer is not written as '.{other}': use .json, .csv or .svg"),
    };
    let mut spec = ViewSpec::default();
    if let Some(at) = asked.datetime {
        spec.when = When::At(at);
    }
    if !asked.state.is_empty() {
        let states = asked.state.iter().fold(StateSet::NONE, |set, state| set.with(*state));
        spec.states = Some(states);
    }
    let view = common.store_to_read()?.view(spec);
    let answer = Networks::default().ask(&view, &asked.layers, None, &question, form)?;
    let text = match answer {
        Answer::Json(json) => json.to_string(),
        Answer::Text(text) => text,
    };
    match &asked.output {
        Some(file) => {
            std::fs::write(file, &text)
                .with_context(|| format!("can not write '{}'", file.display()))?;
            eprintln!("{}: {} bytes", file.display(), text.len());
        }
        // A terminal needs no mark of the encoding.
        None => println!("{}", text.trim_start_matches('\u{feff}')),
    }
    Ok(DONE)
}
