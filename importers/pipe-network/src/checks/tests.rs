//! The sample city's workbooks: every seeded fault is found where it is, and nothing on the clean copies.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::*;
use crate::testing::{CollectSink, read_path};
use crate::{Options, codes};

fn city(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data-samples/city").join(name)
}

fn options() -> Options {
    Options { crs: Some("EPSG:4548".into()), ..Options::default() }
}

fn read(name: &str) -> CollectSink {
    read_path(city(name).to_str().unwrap(), &options())
}

#[test]
fn every_rule_has_a_code_of_its_own_and_says_what_to_do() {
    let mut seen = std::collections::HashSet::new();
    for rule in codes() {
        assert!(seen.insert(rule.code), "{}", rule.code);
        assert!(!rule.zh.is_empty() && !rule.en.is_empty() && !rule.remedy.is_empty());
    }
    assert!(codes().len() >= 30);
}

#[test]
fn a_city_may_set_its_own_limits() {
    let limits: crate::Limits = serde_json::from_str(r#"{"length_m": 20.0}"#).unwrap();
    assert_eq!(limits.depth_m, crate::Limits::default().depth_m);
    let options = Options { limits, ..options() };
    let sink = read_path(city("water_survey_part.xlsx").to_str().unwrap(), &options);
    assert_eq!(sink.codes(), ["too-long"]);
    assert!(sink.findings.is_sorted_by_key(|finding| (finding.table.clone(), finding.record)));
    assert!(serde_json::from_str::<crate::Limits>(r#"{"lenght_m": 1}"#).is_err());
}

#[test]
fn every_seeded_fault_is_found_where_it_is() {
    let list: Json =
        serde_json::from_slice(&std::fs::read(city("pipe_faults.json")).unwrap()).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    let mut missed = Vec::new();
    for file in ["water_survey_faults.xlsx", "sewer_survey_faults.xlsx"] {
        let sink = read(file);
        let faults = list["faults"].as_array().unwrap();
        let mut explained = std::collections::BTreeSet::new();
        for fault in faults.iter().filter(|fault| fault["file"] == file) {
            let (kind, table) = (fault["kind"].as_str().unwrap(), fault["table"].as_str().unwrap());
            let record = fault["record"].as_u64().unwrap();
            let here = |f: &&Finding| f.table == table && f.record == record;
            if fault["error"] == false {
                missed.extend(
                    sink.findings.iter().filter(here).map(|f| format!("false alarm: {f:?}")),
                );
                continue;
            }
            kinds.insert(kind.to_owned());
            // A line with two records is found at either.
            let line = |f: &Finding| {
                let ends = (fault["line"]["from"].as_str(), fault["line"]["to"].as_str());
                let (Some(from), Some(to)) = ends else { return false };
                let code = f.feature.as_deref().unwrap_or_default();
                table.len() == 1
                    && (code == format!("{from}-{to}") || code == format!("{to}-{from}"))
            };
            let found = sink.findings.iter().any(|f| f.code == kind && (here(&f) || line(f)));
            if !found {
                let near: Vec<_> =
                    sink.findings.iter().filter(|f| here(f) || f.code == kind).collect();
                missed.push(format!("{file} {fault}: {near:#?}"));
            }
            explained.insert((table.to_owned(), record));
        }
        for finding in &sink.findings {
            if !explained.contains(&(finding.table.clone(), finding.record)) {
                eprintln!(
                    "follows from others: {} {} {} {}",
                    finding.table, finding.record, finding.code, finding.text
                );
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
    assert!(kinds.len() >= 30, "{} kinds", kinds.len());
}

#[test]
fn nothing_is_found_in_the_clean_networks_of_the_sample_city() {
    for name in [
        "water_survey_part.xlsx",
        "sewer_survey_part.xlsx",
        "water_survey.xlsx",
        "sewer_survey.xlsx",
        "cables_survey.xlsx",
        "gas_points.csv",
        "heat_lines.shp",
    ] {
        let sink = read(name);
        eprintln!(
            "{name}: {} records, {} links, {} rejects",
            sink.records.len(),
            sink.links(),
            sink.rejects.len()
        );
        for note in &sink.notes {
            eprintln!("  {}", note.text);
        }
        let findings = &sink.findings;
        let shown: Vec<String> = findings
            .iter()
            .take(8)
            .map(|f| format!("{} {} {} {}", f.table, f.record, f.code, f.text))
            .collect();
        assert!(
            findings.is_empty(),
            "{name}: {} {:?}\n{}",
            findings.len(),
            sink.codes(),
            shown.join("\n")
        );
        assert!(sink.rejects.is_empty(), "{name}: {:?}", sink.rejects.first());
    }
}
