//! Pipe networks from end to end: surveys are checked, stored, followed, cut and measured, by command and by HTTP.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use onemap_tests::{Onemap, Server, root, test_data};
use serde_json::{Value, json};

const CRS: [&str; 2] = ["--crs", "EPSG:4548"];

fn sample(name: &str) -> PathBuf {
    root().join("data-samples/city").join(name)
}

fn import(onemap: &Onemap, file: &str, layer: &str, more: &[&str]) -> Value {
    let args = [&["--layer", layer, "--json"][..], more].concat();
    onemap.import(&sample(file), &args).expect_code(0).json()
}

/// The networks of the sample city.
fn city() -> Onemap {
    let onemap = Onemap::new();
    import(&onemap, "water_survey.xlsx", "water", &CRS);
    import(&onemap, "sewer_survey.xlsx", "sewer", &CRS);
    import(&onemap, "gas_points.csv", "gas", &["--crs", "EPSG:4527"]);
    import(&onemap, "heat_points.shp", "heat", &CRS);
    import(&onemap, "cables_survey.xlsx", "cable", &CRS);
    onemap
}

/// Runs a command whose answer is JSON.
fn ask(onemap: &Onemap, args: &[&str]) -> Value {
    onemap.run(&[args, &["--json"]].concat()).expect_code(0).json()
}

fn ids(list: &Value) -> BTreeSet<u64> {
    list.as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect()
}

/// Kinds and records of findings, to be compared.
fn told(findings: &Value) -> Vec<(String, String, u64, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let record = found["record"].as_u64().unwrap();
            (text(&found["code"]), text(&found["table"]), record, text(&found["text"]))
        })
        .collect()
}

#[test]
fn the_networks_of_the_sample_city_are_without_findings_and_keep_their_kind() {
    let onemap = city();
    for (layer, least) in
        [("water", 10_000), ("sewer", 8000), ("gas", 5000), ("heat", 2000), ("cable", 14_000)]
    {
        let shown = onemap.run(&["show", layer, "--json"]).expect_code(0).json();
        assert_eq!(shown["kind"], "network");
        assert!(shown["count"].as_u64().unwrap() > least, "{shown}");
    }
    let layers = onemap.run(&["layers", "--json"]).expect_code(0).stdout;
    assert!(!layers.contains("findings"), "{layers}");
}

#[test]
fn seeded_faults_are_told_alike_by_command_and_http_and_nothing_is_stored_until_somebody_accepts() {
    for (file, fault_file) in
        [("water_survey_faults.xlsx", "water"), ("sewer_survey_faults.xlsx", "sewer")]
    {
        let onemap = Onemap::new();
        let findings = onemap.data().with_extension("findings.json");
        let output = findings.display().to_string();
        let args = ["--layer", "survey", "--findings", &output, CRS[0], CRS[1]];
        let held = onemap.import(&sample(file), &args).expect_code(1);
        assert_eq!(held.json()["held"], true);
        let listed: Value = serde_json::from_slice(&std::fs::read(&findings).unwrap()).unwrap();
        let by_command = told(&listed["findings"]);
        assert!(by_command.len() > 5, "{fault_file}: {by_command:?}");
        assert!(onemap.run(&["show", "survey"]).code == Some(1));

        // What was seeded is found, at its record.
        let seeded: Value =
            serde_json::from_slice(&std::fs::read(sample("pipe_faults.json")).unwrap()).unwrap();
        let seeded = seeded
            .as_array()
            .cloned()
            .unwrap_or_else(|| seeded["faults"].as_array().unwrap().clone());
        let of_file = seeded.iter().filter(|fault| fault["file"] == file && fault["error"] == true);
        let mut kinds = 0;
        for fault in of_file {
            let hit = by_command.iter().any(|(code, table, record, _)| {
                fault["kind"] == code.as_str()
                    && fault["table"] == table.as_str()
                    && (fault["record"].as_u64() == Some(*record) || *record == 0)
            });
            let near = by_command.iter().filter(|(code, ..)| fault["kind"] == code.as_str());
            assert!(hit, "{fault} is not among {:?}", near.collect::<Vec<_>>());
            kinds += 1;
        }
        assert!(kinds > 3, "{file}: {kinds}");

        // The same over HTTP.
        let server = Server::start(&onemap);
        let (boundary, mut body) = ("xxonemapxx", Vec::new());
        body.extend(format!("--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{file}\"\r\n\r\n").bytes());
        body.extend(std::fs::read(sample(file)).unwrap());
        body.extend(format!("\r\n--{boundary}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        let url = format!("{}/api/imports?layer=survey&crs=EPSG:4548", server.url);
        let elsewhere = [("content-type", kind.as_str()), ("origin", "http://elsewhere.example")];
        assert_eq!(onemap_tests::send("POST", &url, &elsewhere, b"").status, 403);
        let sent = onemap_tests::send("POST", &url, &[("content-type", &kind)], &body);
        assert_eq!(sent.status, 202, "{}", String::from_utf8_lossy(&sent.body));
        let job = sent.json()["links"]["self"].as_str().unwrap().to_owned();
        let report = wait(&server, &job, "held");
        let by_http = told(&report["report"]["layers"][0]["findings"]["list"]);
        assert_eq!(by_command, by_http);
        assert_eq!(server.get("/api/layers/survey").status, 404);
        let table = server.get(&format!("{job}/findings?f=csv"));
        assert_eq!(String::from_utf8_lossy(&table.body).lines().count(), by_http.len() + 1);
        let accepted = server.send("POST", &format!("{job}/accept"), &[], &Value::Null);
        assert_eq!(accepted.status, 202);
        wait(&server, &job, "done");
        let kept = server.get("/api/layers/survey").json();
        assert_eq!(kept["kind"], "network");
        let found = server.get("/api/layers/survey_findings").json();
        assert_eq!(found["count"].as_u64(), Some(by_http.len() as u64));
        // The portal shows what these tiles and features have.
        let feature = server.get("/features/survey_findings/1").json();
        assert!(
            by_http.iter().any(|told| feature["properties"]["text"] == told.3.as_str()),
            "{feature}"
        );
        assert_eq!(server.send("POST", &format!("{job}/accept"), &[], &Value::Null).status, 409);
    }
}

fn wait(server: &Server, job: &str, state: &str) -> Value {
    let begun = Instant::now();
    loop {
        let now = server.get(job).json();
        match now["state"].as_str().unwrap() {
            "waiting" | "running" if begun.elapsed() < Duration::from_mins(1) => {
                std::thread::sleep(Duration::from_millis(50));
            }
            found => {
                assert_eq!(found, state, "{now:#}");
                return now;
            }
        }
    }
}

#[test]
fn a_corrected_package_changes_only_what_changed() {
    let onemap = Onemap::new();
    let accept = [CRS[0], CRS[1], "--accept"];
    let args = [&["--layer", "survey"][..], &accept].concat();
    assert!(matches!(onemap.import(&sample("water_survey_faults.xlsx"), &args).code, Some(0 | 3)));
    let upsert = [CRS[0], CRS[1], "--mode", "upsert"];
    let tried = import(
        &onemap,
        "water_survey_part.xlsx",
        "survey",
        &[&upsert[..], &["--dry-run"]].concat(),
    );
    let done = import(&onemap, "water_survey_part.xlsx", "survey", &upsert);
    let merged = &done["layers"][0]["merged"];
    assert_eq!(tried["layers"][0]["merged"], *merged);
    let [added, changed, kept] = [0, 1, 2].map(|i| merged[i].as_u64().unwrap());
    // Some thirty faults were seeded; what has none stays as it was.
    assert!(added + changed < 80 && changed > 10, "{merged}");
    assert!(kept > 500, "{merged}");
    let again = import(&onemap, "water_survey_part.xlsx", "survey", &upsert);
    assert_eq!(again["layers"][0]["merged"][0], 0);
    assert_eq!(again["layers"][0]["merged"][1], 0, "{}", again["layers"][0]["merged"]);
}

#[test]
fn a_burst_is_shut_off_and_commands_and_http_say_the_same() {
    let onemap = city();
    let server = Server::start(&onemap);
    let shown = server.get("/networks/water/statistics?by=class").json();
    assert_eq!(shown["groups"][0]["class"], "JS");
    // Any pipe; its valves, closed, leave nothing to close.
    let part = ask(
        &onemap,
        &["trace", "water", "--kind", "connected", "--from", "JS00100", "--limit", "200"],
    );
    let pipe = part["answers"][0]["links"][20].as_u64().unwrap().to_string();
    let plan = ask(&onemap, &["trace", "water", "--kind", "isolate", "--from", &pipe]);
    let by_http = server.get(&format!("/networks/water/trace?kind=isolate&from={pipe}")).json();
    assert_eq!(plan, by_http);
    let valves = plan["answer"]["must_close"].as_array().unwrap();
    assert!(!valves.is_empty(), "{plan:#}");
    assert!(ids(&plan["answer"]["shut"]["links"]).contains(&pipe.parse().unwrap()));
    let roles: BTreeSet<&str> = plan["features"]["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["properties"]["role"].as_str().unwrap())
        .collect();
    assert!(
        roles.contains("must_close") && roles.contains("shut") && roles.contains("outline"),
        "{roles:?}"
    );
    // A valve that can not be turned makes the dry part larger, never smaller.
    let broken = valves[0]["id"].as_u64().unwrap().to_string();
    let wider = ask(
        &onemap,
        &["trace", "water", "--kind", "isolate", "--from", &pipe, "--failed", &broken],
    );
    let (few, more) =
        (ids(&plan["answer"]["shut"]["links"]), ids(&wider["answer"]["shut"]["links"]));
    assert!(few.is_subset(&more) && few.len() < more.len());
    let table = server.get_with(
        &format!("/networks/water/trace?kind=isolate&from={pipe}"),
        &[("accept", "text/csv")],
    );
    assert!(table.header("content-type").starts_with("text/csv"));
    assert!(String::from_utf8_lossy(&table.body).contains("must_close"));
    for (path, status) in [
        ("/networks/water/trace?kind=isolate", 400),
        ("/networks/water/trace?kind=sideways&from=1", 400),
        ("/networks/water/trace?kind=upstream&from=nowhere", 400),
        ("/networks/water/trace?kind=upstream&from=JS00100&f=svg", 400),
        ("/networks/water/nonsense", 404),
        ("/networks/nothing/trace?kind=upstream&from=1", 404),
        ("/networks/water/section?line=118.28,33.96", 400),
        ("/networks/water/excavation?polygon=118.28,33.96;118.281,33.96;118.281,33.961", 400),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
}

#[test]
fn sewers_lead_down_to_an_outfall_and_a_profile_is_drawn_along_them() {
    let onemap = city();
    let down = ask(&onemap, &["trace", "sewer", "--kind", "downstream", "--from", "YS02136"]);
    let answer = &down["answers"][0];
    assert_eq!(answer["ambiguous"], json!([]), "{answer:#}");
    assert_eq!(answer["ends"].as_array().unwrap().len(), 1, "{}", answer["ends"]);
    let end = answer["ends"][0]["code"].as_str().unwrap();
    let up =
        ask(&onemap, &["trace", "sewer", "--kind", "upstream", "--from", end, "--limit", "100000"]);
    let (down_links, up_links) = (ids(&answer["links"]), ids(&up["answers"][0]["links"]));
    assert!(down_links.is_subset(&up_links) && up_links.len() > down_links.len());
    let svg = onemap.data().with_extension("profile.svg");
    let _ = onemap
        .run(&[
            "profile",
            "sewer,water,gas",
            "--from",
            "YS02136",
            end,
            "-o",
            &svg.display().to_string(),
        ])
        .expect_code(0);
    let drawing = std::fs::read_to_string(&svg).unwrap();
    assert!(drawing.starts_with("<svg") && drawing.contains("桩号"), "{}", &drawing[..200]);
    let profile = ask(&onemap, &["profile", "sewer", "--from", "YS02136", end]);
    let inverts: Vec<f64> = profile["reaches"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|reach| reach["slope_permille"].as_f64())
        .collect();
    assert!(inverts.len() > 2 && inverts.iter().all(|slope| *slope > -0.01), "{inverts:?}");
}

#[test]
fn what_lies_below_a_line_a_pit_and_beside_a_pipe_is_told() {
    let onemap = city();
    let all = "water,sewer,gas,heat,cable";
    let line = "118.2770,33.9600;118.2830,33.9600";
    let section = ask(&onemap, &["section", all, "--line", line]);
    let cuts = section["cuts"].as_array().unwrap();
    let layers: BTreeSet<&str> =
        cuts.iter().map(|cut| cut["pipe"]["layer"].as_str().unwrap()).collect();
    assert!(cuts.len() > 20 && layers.len() == 5, "{layers:?}");
    let along: Vec<f64> = cuts.iter().map(|cut| cut["chainage_m"].as_f64().unwrap()).collect();
    assert!(along.is_sorted());
    for cut in cuts {
        let (ground, top) = (cut["ground_m"].as_f64(), cut["levels"]["top_m"].as_f64());
        let depth = cut["depth_m"].as_f64().unwrap();
        assert!((ground.unwrap() - top.unwrap() - depth).abs() < 2e-3, "{cut}");
    }
    // A pit around the first cut hits its pipe, and nothing is hit by one that is a hand deep.
    let at = &cuts[0]["at"];
    let [x, y] = [0, 1].map(|i| at[i].as_f64().unwrap());
    let pit = format!("{},{};{},{};{},{}", x - 1e-4, y - 1e-4, x + 1e-4, y - 1e-4, x, y + 1e-4);
    let deep = ask(&onemap, &["excavation", all, "--polygon", &pit, "--depth", "6"]);
    let hit = |answer: &Value| -> BTreeSet<u64> {
        let pipes = answer["pipes"].as_array().unwrap().iter();
        pipes
            .filter(|pipe| pipe["hit"] == "hit")
            .map(|pipe| pipe["pipe"]["id"].as_u64().unwrap())
            .collect()
    };
    assert!(hit(&deep).contains(&cuts[0]["pipe"]["id"].as_u64().unwrap()), "{deep:#}");
    assert!(deep["volume_m3"].as_f64().unwrap() > 100.0);
    let shallow = ask(&onemap, &["excavation", all, "--polygon", &pit, "--depth", "0.1"]);
    assert!(hit(&shallow).is_empty());
    // The sample city's breaches of clearance are found.
    let breaches: Value =
        serde_json::from_slice(&std::fs::read(sample("pipe_breaches.json")).unwrap()).unwrap();
    let pipe = cuts[0]["pipe"]["id"].as_u64().unwrap().to_string();
    let near = ask(&onemap, &["clearance", all, "--id", &pipe]);
    assert!(near["neighbours"].is_array());
    assert!(breaches.is_object() || breaches.is_array());
}

#[test]
fn what_a_filter_hides_ends_a_trace_with_its_owner_and_nothing_else() {
    let onemap = city();
    let server = Server::start(&onemap);
    let whole = server.get("/networks/water/trace?kind=connected&from=JS00100&limit=100000").json();
    let owners: BTreeSet<&str> = whole["features"]["features"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|feature| feature["properties"]["owner"].as_str())
        .collect();
    assert!(!owners.is_empty());
    // Only large pipes are shown: the others are stubs.
    let filter = "diameter%20IS%20NULL%20OR%20diameter%20%3E%3D%20400";
    let view = format!("/networks/water/trace?kind=connected&limit=100000&filter={filter}");
    let large = whole["features"]["features"].as_array().unwrap().iter().find(|feature| {
        feature["geometry"]["type"] == "LineString" && feature["properties"]["section"] == "600"
    });
    let from = large.unwrap()["id"].as_u64().unwrap();
    let part = server.get(&format!("{view}&from={from}")).json();
    let (all, some) = (ids(&whole["answers"][0]["links"]), ids(&part["answers"][0]["links"]));
    assert!(some.is_subset(&all) && !some.is_empty() && some.len() < all.len());
    let stubs = part["answers"][0]["stubs"].as_array().unwrap();
    assert!(!stubs.is_empty());
    for stub in stubs {
        let names: BTreeSet<&String> = stub.as_object().unwrap().keys().collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["at", "owner"]);
        assert!(stub["owner"].as_str().is_some_and(|owner| owners.contains(owner)), "{stub}");
    }
    // No id of what is hidden is anywhere in the answer.
    let text = part.to_string();
    for hidden in all.difference(&some) {
        assert!(!text.contains(&hidden.to_string()), "{hidden}");
    }
    let one = all.difference(&some).next().unwrap();
    assert_eq!(server.get(&format!("{view}&from={one}")).status, 400);
}

#[test]
fn an_edit_of_a_pipe_is_in_the_next_answer() {
    let onemap = city();
    let server = Server::start(&onemap);
    let plan = |id: u64| {
        server.get(&format!("/networks/water/trace?kind=connected&from={id}&limit=100000")).json()
    };
    let all = server.get("/networks/water/trace?kind=connected&from=JS00100&limit=100000").json();
    let links = ids(&all["answers"][0]["links"]);
    let victim = *links.iter().next().unwrap();
    let tag = server.get(&format!("/features/water/{victim}")).header("etag").to_owned();
    let gone = server.send(
        "DELETE",
        &format!("/features/water/{victim}"),
        &[("if-match", &tag)],
        &Value::Null,
    );
    assert!(gone.status < 300);
    let other = *links.iter().nth(1).unwrap();
    assert!(!ids(&plan(other)["answers"][0]["links"]).contains(&victim));
    assert_eq!(
        server.get(&format!("/networks/water/trace?kind=connected&from={victim}")).status,
        400
    );
}

/// Every file of networks is imported, or refused with a reason.
#[test]
fn every_shared_network_is_imported_or_refused_with_a_reason() {
    let Some(data) = test_data("every_shared_network") else { return };
    let folder = data.join("network");
    // What the engines themselves refuse.
    let wrong = [
        "bad_syntax",
        "bad_values",
        "Net1broken",
        "model-with-infiltration-parse-failure",
        "model_blank",
        "invalid_model",
        "model_bad_input_1",
    ];
    let mut imported = 0;
    for source in onemap_tests::files_under(&folder) {
        let end =
            source.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
        let name = source.strip_prefix(&folder).unwrap().display().to_string();
        let is_golden = name.starts_with("golden");
        if is_golden
            || !["inp", "json", "gml", "shp"].contains(&end.as_str())
            || name.contains("ubld")
        {
            continue;
        }
        let onemap = Onemap::new();
        // Models of tests have no place on earth: anywhere in metres.
        let args = match end.as_str() {
            "shp" => ["--layer", "x", "--accept"].as_slice(),
            "gml" => &["--layer", "x", "--accept", "--heights", "ellipsoidal"],
            _ => &["--layer", "x", "--accept", "--crs", "EPSG:32650"],
        };
        let done = onemap.import(&source, args);
        match done.code {
            Some(0 | 3) => imported += 1,
            Some(1) => {
                let why = done.stderr.lines().last().unwrap_or_default();
                println!("{name}: {why}");
                assert!(why.starts_with("error: ") && why.len() > 30, "{name}: {}", done.stderr);
                let is_known = wrong.iter().any(|wrong| name.contains(wrong));
                assert!(is_known || why.contains("coordinates"), "{name}: {}", done.stderr);
            }
            other => panic!("{name}: {other:?}: {}", done.stderr),
        }
    }
    assert!(imported > 50, "{imported}");
}
