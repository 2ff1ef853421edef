//! What follows from how pipes are joined: traces, shut-offs, statistics, ages.

use onemap_model::FeatureId;
use onemap_network::{
    AgeRules, Ambiguous, GroupBy, IsolateQuery, PathQuery, TraceDirection, TraceQuery, Valve,
};
use serde_json::{Value, json};

use super::{Features, Found, by_name, find, ids, json_of, metres};
use crate::networks::{AskError, Member};

/// Links that a trace lists unless more are asked for.
const USUAL_LINKS: usize = 10_000;

/// Columns of the table of a trace.
const TRACED: [&str; 9] =
    ["role", "id", "code", "element", "class", "section", "material", "owner", "length_m"];

/// Tells whether two things are connected, and how; of one thing, what it is connected with.
pub(super) fn connected(
    member: &Member,
    from: &[String],
    with_flow: bool,
    limit: usize,
) -> Result<Found, AskError> {
    let [first, last] = from else {
        if let [only] = from {
            let all = std::slice::from_ref(only);
            return traced(member, all, TraceDirection::Both, Ambiguous::Pass, limit);
        }
        let why =
            "give one thing, for all that it is connected with, or two, for the way between them";
        return Err(AskError::Parameter { parameter: "from", why: why.to_owned() });
    };
    let (from, to) = (find(member, first)?, find(member, last)?);
    let found =
        member.network().connect(&PathQuery { from, to, with_flow, through_closed: false })?;
    let mut features = Features::default();
    if let Some(path) = &found.path {
        let links: Vec<FeatureId> = path.links.iter().map(|link| link.id).collect();
        valves(&mut features, &path.valves, "valve");
        features.add(member, &links, "path");
        features.add(member, &path.nodes, "path");
    }
    valves(&mut features, &found.barriers, "barrier");
    let json = json!({ "kind": "connected", "layer": member.id, "from": [from, to], "answer": json_of(&found) });
    Ok(of_features(json, features))
}

/// Follows the flow, or goes against it, from several places.
pub(super) fn traced(
    member: &Member,
    from: &[String],
    direction: TraceDirection,
    ambiguous: Ambiguous,
    limit: usize,
) -> Result<Found, AskError> {
    let from = ids(member, from)?;
    let limit = if limit == 0 { USUAL_LINKS } else { limit };
    let mut features = Features::default();
    let mut answers = Vec::new();
    for &from in &from {
        let query = TraceQuery { from, direction, ambiguous, limit };
        let trace = member.network().trace(&query)?;
        let ends: Vec<FeatureId> = trace.ends.iter().filter_map(|end| end.id).collect();
        valves(&mut features, &trace.barriers, "barrier");
        features.add(member, &trace.ambiguous, "ambiguous");
        features.add(member, &ends, "end");
        features.add(member, &trace.links, "traced");
        features.add(member, &trace.nodes, "traced");
        for stub in &trace.stubs {
            features.point(stub.at, &json!({ "role": "stub", "owner": stub.owner }));
        }
        answers.push(json_of(&trace));
    }
    let json = json!({
        "kind": direction, "layer": member.id, "from": from, "answers": answers,
    });
    Ok(of_features(json, features))
}

/// Plans a shut-off: what burst, what can not be closed, what is closed anyway.
pub(super) fn isolated(
    member: &Member,
    [from, failed, closed]: [&[String]; 3],
    limit: usize,
) -> Result<Found, AskError> {
    let query = IsolateQuery {
        bursts: ids(member, from)?,
        failed: ids(member, failed)?,
        closed: ids(member, closed)?,
        limit,
        outline: true,
        alternatives: true,
    };
    let found = member.network().isolate(&query)?;
    let mut features = Features::default();
    features.add(member, &query.bursts, "burst");
    valves(&mut features, &found.must_close, "must_close");
    valves(&mut features, &found.optional, "optional");
    valves(&mut features, &found.already_closed, "already_closed");
    valves(&mut features, &found.inoperable, "inoperable");
    features.add(member, &found.check_valves, "check_valve");
    features.add(member, &found.customers, "customer");
    features.add(member, &found.hydrants, "hydrant");
    features.add(member, &found.shut.links, "shut");
    features.add(member, &found.shut.nodes, "shut");
    features.add(member, &found.behind.links, "behind");
    features.add(member, &found.behind.nodes, "behind");
    for stub in &found.stubs {
        features.point(stub.at, &json!({ "role": "stub", "owner": stub.owner }));
    }
    if !found.outline.is_empty() {
        let geometry = json!({ "type": "MultiPolygon", "coordinates": found.outline });
        features.list.push(json!({
            "type": "Feature", "geometry": geometry, "properties": { "role": "outline" },
        }));
    }
    let json = json!({
        "kind": "isolate", "layer": member.id, "from": query.bursts, "answer": json_of(&found),
    });
    Ok(of_features(json, features))
}

fn valves(features: &mut Features, valves: &[Valve], role: &str) {
    for (i, valve) in valves.iter().enumerate() {
        let number = i + 1;
        if !features.seen.insert(valve.id) {
            continue;
        }
        let Some(at) = valve.at else { continue };
        features.list.push(json!({
            "type": "Feature",
            "id": valve.id.get(),
            "geometry": { "type": "Point", "coordinates": at },
            "properties": {
                "role": role, "number": number, "code": valve.code, "element": "valve",
                "closed": valve.closed, "operable": valve.operable,
            },
        }));
    }
}

/// Makes an answer whose table lists its features.
fn of_features(mut json: Value, features: Features) -> Found {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let row = |feature: &Value| {
        let of = |name: &str| match name {
            "id" => text(&feature["id"]),
            name => text(&feature["properties"][name]),
        };
        TRACED.map(of).into()
    };
    let rows = features.list.iter().map(row).collect();
    json["features"] = features.collection();
    Found::new(json, &TRACED, rows)
}

/// Sums lengths by what pipes are.
pub(super) fn statistics(members: &[Member], by: &[GroupBy]) -> Found {
    let mut header = vec!["layer".to_owned()];
    header.extend(by.iter().map(|by| json_of(by).as_str().unwrap_or_default().to_owned()));
    header.extend(["links", "length_m"].map(str::to_owned));
    let mut rows = Vec::new();
    let mut groups = Vec::new();
    for member in members {
        for group in member.network().statistics(by, None) {
            let mut row = vec![member.id.to_string()];
            row.extend(group.key.iter().map(|key| key.clone().unwrap_or_default()));
            row.extend([group.links.to_string(), metres(group.length)]);
            let mut named = by_name(&header, &row);
            named["links"] = group.links.into();
            named["length_m"] = group.length.into();
            groups.push(named);
            rows.push(row);
        }
    }
    Found { json: json!({ "groups": groups }), header, rows }
}

/// Lists pipes that are old for what they are made of.
pub(super) fn aged(members: &[Member], year: i16) -> Found {
    let rules = AgeRules::built_in();
    let header =
        ["layer", "id", "code", "level", "age", "life", "length_m", "source", "confidence"];
    let (mut rows, mut layers, mut features) = (Vec::new(), Vec::new(), Features::default());
    for member in members {
        let report = member.network().ages(&rules, year);
        for row in &report.rows {
            let level = json_of(&row.level).as_str().unwrap_or_default().to_owned();
            features.add(member, &[row.id], &level);
            let code = member.network().link_of(row.id);
            let code = code.map(|link| member.network().link(link).code().to_owned());
            rows.push(vec![
                member.id.to_string(),
                row.id.to_string(),
                code.unwrap_or_default(),
                level,
                row.age.to_string(),
                row.life.to_string(),
                metres(row.length),
                row.source.clone(),
                row.confidence.clone(),
            ]);
        }
        let mut said = json_of(&report);
        said["layer"] = member.id.as_str().into();
        layers.push(said);
    }
    let json = json!({ "year": year, "layers": layers, "features": features.collection() });
    Found::new(json, &header, rows)
}
