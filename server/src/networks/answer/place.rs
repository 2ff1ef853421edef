//! What follows from where pipes lie: sections, profiles, clearances, cover, pits.

use onemap_model::{FeatureId, PipeSystem};
use onemap_network::{
    CheckState, ClearanceOptions, Layer as Part, Limits, PathQuery, PipeFacts, PitBottom,
    PlannedPipe, Section, Shape, Subject, Surface, SurveyGround, wall_allowance,
};
use serde_json::json;

use super::{Answer, Features, Form, Found, find, json_of, metres, parts, perhaps};
use crate::networks::question::{Floor, Look, Pipe};
use crate::networks::{AskError, Member};

/// The most pipes that are named of those that lie too shallow.
const MOST_SHALLOW: usize = 10_000;

/// Cuts the layers along a line.
pub(super) fn section(
    members: &[Member],
    line: &[[f64; 2]],
    look: &Look,
    form: Form,
) -> Result<Answer, AskError> {
    let layers = parts(members);
    let section = onemap_network::cross_section(line, &layers, &SurveyGround::new(&layers))?;
    Ok(match form {
        Form::Json => {
            let mut features = Features::default();
            for cut in &section.cuts {
                add(&mut features, members, &cut.pipe, "cut");
            }
            let mut json = json_of(&section);
            json["features"] = features.collection();
            Answer::Json(json)
        }
        Form::Csv => Answer::Text(onemap_network::cross_section_csv(&section, look.language())),
        Form::Svg => Answer::Text(onemap_network::cross_section_svg(&section, &look.drawing())),
    })
}

/// Draws the profile along a way: between two things, or along the pipes named.
pub(super) fn profile(
    members: &[Member],
    from: &[String],
    look: &Look,
    form: Form,
) -> Result<Answer, AskError> {
    let [member, ..] = members else { return Err(AskError::OneLayer { question: "a profile" }) };
    let layers = parts(members);
    let found: Vec<FeatureId> =
        from.iter().map(|word| find(member, word)).collect::<Result<_, _>>()?;
    let is_path =
        found.len() != 2 && found.iter().all(|id| member.network().link_of(*id).is_some());
    let path = if is_path { found } else { way(member, &found)? };
    let ground = SurveyGround::new(&layers);
    let profile = onemap_network::profile(&member.part(), &path, &layers, &ground)?;
    Ok(match form {
        Form::Json => {
            let mut features = Features::default();
            features.add(member, &path, "path");
            for crossing in &profile.crossings {
                add(&mut features, members, &crossing.pipe, "crossing");
            }
            let mut json = json_of(&profile);
            json["features"] = features.collection();
            Answer::Json(json)
        }
        Form::Csv => Answer::Text(onemap_network::profile_csv(&profile, look.language())),
        Form::Svg => Answer::Text(onemap_network::profile_svg(&profile, &look.drawing())),
    })
}

/// Finds the way between two things: with the flow where there is one, else any.
fn way(member: &Member, ends: &[FeatureId]) -> Result<Vec<FeatureId>, AskError> {
    let wrong = |why: &str| AskError::Parameter { parameter: "from", why: why.to_owned() };
    let &[from, to] = ends else {
        return Err(wrong("give two things, or the pipes of the way in their order"));
    };
    for with_flow in [true, false] {
        let query = PathQuery { from, to, with_flow, through_closed: true };
        if let Some(path) = member.network().connect(&query)?.path {
            return Ok(path.links.iter().map(|link| link.id).collect());
        }
    }
    Err(wrong("the two are not connected"))
}

/// Tells what is near a pipe, and whether it is too near.
pub(super) fn clearance(
    members: &[Member],
    pipe: &Pipe,
    reach_m: Option<f64>,
) -> Result<Found, AskError> {
    let layers = parts(members);
    let planned;
    let subject = match pipe {
        Pipe::There(word) => {
            let mut found = None;
            for (at, member) in members.iter().enumerate() {
                if let Ok(id) = find(member, word) {
                    found = Some(Subject::Link(at, id));
                    break;
                }
            }
            let why = format!("no layer shows a pipe '{word}': give its id or its code");
            found.ok_or(AskError::Parameter { parameter: "id", why })?
        }
        Pipe::Planned { line, class, diameter_mm, pressure, material } => {
            let system = PipeSystem::find(class).ok_or_else(|| AskError::Parameter {
                parameter: "class",
                why: format!(
                    "'{class}' is no class of pipelines: use a code of CJJ 61-2017 such as JS or YS"
                ),
            })?;
            let diameter = (diameter_mm / 1000.0) as f32;
            let mut section =
                Section { shape: Shape::Round, width: diameter, height: diameter, wall: 0.0 };
            let material = material.as_deref().unwrap_or_default();
            section.wall = wall_allowance(system.class, material, &section);
            planned = PlannedPipe {
                line: line.clone(),
                section,
                class: system.class,
                subclass: (!system.is_class()).then(|| system.code.to_owned()),
                pressure: pressure.clone(),
                laying: None,
                joins: Vec::new(),
            };
            Subject::Planned(&planned)
        }
    };
    let mut options = ClearanceOptions::default();
    options.radius_m = reach_m.unwrap_or(options.radius_m);
    let report = onemap_network::clearance(subject, &layers, &Limits::default(), options)?;
    let header = [
        "state",
        "layer",
        "id",
        "code",
        "class",
        "size",
        "owner",
        "crosses",
        "horizontal_m",
        "horizontal_limit_m",
        "vertical_m",
        "vertical_limit_m",
        "net_m",
        "standard",
        "source",
        "confidence",
    ];
    let mut features = Features::default();
    let mut rows = Vec::new();
    for near in &report.neighbours {
        let state = word(near.state);
        add(&mut features, members, &near.pipe, &state);
        let checks = [&near.horizontal, &near.vertical].map(Option::as_ref);
        let limit = checks.iter().flatten().find_map(|check| check.limit.as_ref());
        let of = |at: usize| {
            let check = checks[at];
            let net = check.and_then(|check| check.net_m);
            let limit = check.and_then(|check| check.limit.as_ref()).map(|limit| limit.least_m);
            [perhaps(net), perhaps(limit)]
        };
        let mut row = vec![state];
        row.extend(named(&near.pipe));
        row.push(near.crosses.to_string());
        row.extend(of(0));
        row.extend(of(1));
        row.push(perhaps(near.net_m));
        row.extend(limit.map_or_else(Default::default, |limit| {
            [limit.standard.clone(), limit.source.clone(), limit.confidence.clone()]
        }));
        rows.push(row);
    }
    let mut json = json_of(&report);
    json["features"] = features.collection();
    Ok(Found::new(json, &header, rows))
}

/// Lists pipes with too little above them.
pub(super) fn cover(members: &[Member], surface: Option<Surface>) -> Found {
    let layers = parts(members);
    let ground = SurveyGround::new(&layers);
    let header = [
        "layer",
        "id",
        "code",
        "class",
        "size",
        "owner",
        "least_m",
        "limit_m",
        "missing_m",
        "standard",
        "source",
        "confidence",
    ];
    let (mut rows, mut reports, mut features) = (Vec::new(), Vec::new(), Features::default());
    for layer in &layers {
        let above = move |_: [f64; 2]| surface;
        let report =
            onemap_network::cover_report(layer, &ground, &above, &Limits::default(), MOST_SHALLOW);
        for cover in &report.failing {
            add(&mut features, members, &cover.pipe, "fail");
            let limit = cover.limit.as_ref();
            let missing = limit.zip(cover.least_m).map(|(limit, least)| limit.least_m - least);
            let mut row = named(&cover.pipe);
            row.extend([
                perhaps(cover.least_m),
                perhaps(limit.map(|l| l.least_m)),
                perhaps(missing),
            ]);
            row.extend(limit.map_or_else(Default::default, |limit| {
                [limit.standard.clone(), limit.source.clone(), limit.confidence.clone()]
            }));
            rows.push(row);
        }
        let mut said = json_of(&report);
        said["layer"] = layer.id.into();
        reports.push(said);
    }
    let json = json!({ "layers": reports, "features": features.collection() });
    Found::new(json, &header, rows)
}

/// Digs a pit.
pub(super) fn excavation(
    members: &[Member],
    polygon: &[[f64; 2]],
    floor: Floor,
) -> Result<Found, AskError> {
    let layers: Vec<Part<'_>> = parts(members);
    let ground = SurveyGround::new(&layers);
    let bottom = match floor {
        Floor::Depth(depth) => PitBottom::Depth(depth),
        Floor::Bottom(height) => PitBottom::Elevation(height),
    };
    let found = onemap_network::excavation(polygon, bottom, &layers, &ground)?;
    let header = [
        "hit",
        "layer",
        "id",
        "code",
        "class",
        "size",
        "owner",
        "length_m",
        "top_m",
        "below_bottom_m",
    ];
    let (mut rows, mut features) = (Vec::new(), Features::default());
    for pipe in &found.pipes {
        let hit = json_of(&pipe.hit).as_str().unwrap_or_default().to_owned();
        add(&mut features, members, &pipe.pipe, &hit);
        let mut row = vec![hit];
        row.extend(named(&pipe.pipe));
        row.extend([metres(pipe.length_m), perhaps(pipe.top_m), perhaps(pipe.below_bottom_m)]);
        rows.push(row);
    }
    for node in &found.nodes {
        for member in members.iter().filter(|member| member.id.as_str() == node.layer) {
            features.add(member, node.id.as_slice(), "inside");
        }
    }
    let mut json = json_of(&found);
    json["features"] = features.collection();
    Ok(Found::new(json, &header, rows))
}

fn word(state: CheckState) -> String {
    json_of(&state).as_str().unwrap_or_default().to_owned()
}

/// Returns what a table says of a pipe: layer, id, code, class, size, owner.
fn named(pipe: &PipeFacts) -> Vec<String> {
    let id = pipe.id.map(|id| id.to_string()).unwrap_or_default();
    let class = pipe.subclass.clone().unwrap_or_else(|| pipe.class.code().to_owned());
    let owner = pipe.owner.clone().unwrap_or_default();
    vec![pipe.layer.clone(), id, pipe.code.clone(), class, pipe.size.clone(), owner]
}

fn add(features: &mut Features, members: &[Member], pipe: &PipeFacts, role: &str) {
    for member in members.iter().filter(|member| member.id.as_str() == pipe.layer) {
        features.add(member, pipe.id.as_slice(), role);
    }
}
