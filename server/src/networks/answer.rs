//! Answers in the forms that people and programs read: JSON with GeoJSON features, tables, drawings.

mod graph;
mod place;

use onemap_model::FeatureId;
use onemap_network::Layer as Part;
use serde_json::{Value, json};

use super::question::id;
use super::{AskError, Member, Question};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
    Svg,
}

/// An answer.
pub(crate) enum Answer {
    Json(Value),
    /// A table or a drawing.
    Text(String),
}

/// Answers a question.
pub(super) fn answer(
    members: &[Member],
    question: &Question,
    form: Form,
) -> Result<Answer, AskError> {
    let one = |question: &'static str| match members {
        [member] => Ok(member),
        _ => Err(AskError::OneLayer { question }),
    };
    match question {
        Question::Connected { from, with_flow, limit } => {
            graph::connected(one("a trace")?, from, *with_flow, *limit)?.form("a trace", form)
        }
        Question::Trace { from, direction, ambiguous, limit } => {
            let member = one("a trace")?;
            graph::traced(member, from, *direction, *ambiguous, *limit)?.form("a trace", form)
        }
        Question::Isolate { from, failed, closed, limit } => {
            let member = one("a shut-off")?;
            graph::isolated(member, [from, failed, closed], *limit)?.form("a shut-off", form)
        }
        Question::Statistics { by } => graph::statistics(members, by).form("a statistic", form),
        Question::Age { year } => graph::aged(members, *year).form("a warning", form),
        Question::Section { line, look } => place::section(members, line, look, form),
        Question::Profile { from, look } => place::profile(members, from, look, form),
        Question::Clearance { pipe, reach_m } => {
            place::clearance(members, pipe, *reach_m)?.form("a clearance", form)
        }
        Question::Cover { surface } => place::cover(members, *surface).form("a cover", form),
        Question::Excavation { polygon, floor } => {
            place::excavation(members, polygon, *floor)?.form("an excavation", form)
        }
    }
}

/// An answer before it is written.
struct Found {
    json: Value,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Found {
    fn new(json: Value, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self { json, header: header.iter().map(|name| (*name).to_owned()).collect(), rows }
    }

    fn form(self, what: &'static str, form: Form) -> Result<Answer, AskError> {
        match form {
            Form::Json => Ok(Answer::Json(self.json)),
            Form::Csv => Ok(Answer::Text(table(&self.header, &self.rows))),
            Form::Svg => Err(AskError::NoDrawing(what)),
        }
    }
}

fn parts(members: &[Member]) -> Vec<Part<'_>> {
    members.iter().map(Member::part).collect()
}

/// Finds features by their ids, or by what their source calls them.
fn ids(member: &Member, words: &[String]) -> Result<Vec<FeatureId>, AskError> {
    words.iter().map(|word| find(member, word)).collect()
}

fn find(member: &Member, word: &str) -> Result<FeatureId, AskError> {
    let network = member.network();
    let by_id = id(word).filter(|id| network.contains(*id));
    by_id.or_else(|| network.find_code(word)).ok_or_else(|| AskError::Parameter {
        parameter: "from",
        why: format!(
            "layer '{}' shows no pipe or point '{word}': give its id or its code",
            member.id
        ),
    })
}

/// Collects features for the map, each once, with the first role that it has.
#[derive(Default)]
struct Features {
    seen: std::collections::HashSet<FeatureId>,
    list: Vec<Value>,
}

impl Features {
    fn add(&mut self, member: &Member, ids: &[FeatureId], role: &str) {
        for &id in ids {
            if self.seen.insert(id) {
                self.list.extend(member.network().geojson(id, role).map(|mut feature| {
                    feature["properties"]["layer"] = member.id.as_str().into();
                    feature
                }));
            }
        }
    }

    fn point(&mut self, at: Option<[f64; 2]>, properties: &Value) {
        let Some(at) = at else { return };
        let geometry = json!({ "type": "Point", "coordinates": at });
        self.list
            .push(json!({ "type": "Feature", "geometry": geometry, "properties": properties }));
    }

    fn collection(self) -> Value {
        json!({ "type": "FeatureCollection", "features": self.list })
    }
}

fn json_of(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

fn by_name(header: &[String], row: &[String]) -> Value {
    header.iter().cloned().zip(row.iter().cloned().map(Value::from)).collect()
}

/// Writes a length to the millimetre.
fn metres(length: f64) -> String {
    format!("{length:.3}")
}

fn perhaps(length: Option<f64>) -> String {
    length.map(metres).unwrap_or_default()
}

/// Writes a table that spreadsheets open as UTF-8.
fn table(header: &[String], rows: &[Vec<String>]) -> String {
    let cell = |text: &String| {
        let plain = text.replace(['\r', '\n'], " ");
        if plain.contains([',', '"']) {
            format!("\"{}\"", plain.replace('"', "\"\""))
        } else {
            plain
        }
    };
    let mut text = String::from("\u{feff}");
    for row in std::iter::once(header).chain(rows.iter().map(Vec::as_slice)) {
        text.push_str(&row.iter().map(cell).collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    text
}
