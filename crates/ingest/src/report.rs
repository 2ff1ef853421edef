//! What came of an import, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::comparison::{self, Comparison};
use crate::findings::{Findings, name};

/// Rejected records named in the report itself; all of them are in the rejects file.
const NAMED_REJECTS: usize = 10;

/// What came of an import.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The revision it made; `None` for a dry run, or when nothing was kept.
    pub revision: Option<u64>,
    /// One entry for each layer of the sources.
    pub layers: Vec<LayerReport>,
    /// Whether nothing was stored because the checks found errors that were not accepted.
    pub held: bool,
    /// Notes on the sources as a whole.
    pub notes: Vec<String>,
    /// Where all rejected records are listed.
    pub rejects_file: Option<String>,
    /// Wall time, seconds.
    pub seconds: f64,
}

/// What came of one layer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LayerReport {
    /// Layer id.
    pub layer: String,
    /// Layer title.
    pub title: String,
    /// Source as the user named it.
    pub source: String,
    /// Name of the layer within the source.
    pub source_layer: String,
    /// Format.
    pub format: String,
    /// CRS and how it is known.
    pub crs: String,
    /// Height datum of z values, where there are any.
    pub heights: Option<String>,
    /// Records in the source; always `kept + rejected`.
    pub read: u64,
    /// Records kept.
    pub kept: u64,
    /// Records not kept.
    pub rejected: u64,
    /// What became of the layer's features, where the import adds to them: added, changed, left as they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<[u64; 3]>,
    /// What the import changes in the layer that was there, in detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Records kept after a repair.
    pub repaired: u64,
    /// Repairs by kind.
    pub repairs: BTreeMap<String, u64>,
    /// The first rejected records.
    pub rejects: Vec<NamedReject>,
    /// What the checks found, where the source's kind has checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Findings>,
    /// Extent `[west, south, east, north]`, degrees.
    pub bounds: Option<[f64; 4]>,
    /// Names of the fields.
    pub fields: Vec<String>,
    /// What was assumed, and what looks wrong.
    pub notes: Vec<String>,
}

/// A rejected record.
#[derive(Debug, Clone, Serialize)]
pub struct NamedReject {
    /// Number in the source, from 1.
    pub record: u64,
    /// What the source calls it.
    pub id: Option<String>,
    /// Why, and what to do.
    pub reason: String,
}

impl LayerReport {
    /// Counts a rejected record and names it while there is room.
    pub(crate) fn reject(&mut self, reject: NamedReject) {
        self.rejected += 1;
        if self.rejects.len() < NAMED_REJECTS {
            self.rejects.push(reject);
        }
    }

    /// Counts a kept record and its repairs.
    pub(crate) fn keep(&mut self, repairs: &[&'static str]) {
        self.kept += 1;
        self.repaired += u64::from(!repairs.is_empty());
        for &repair in repairs {
            *self.repairs.entry(repair.to_owned()).or_default() += 1;
        }
    }
}

impl Report {
    /// Errors that the checks found in all layers.
    pub fn errors_found(&self) -> u64 {
        self.layers
            .iter()
            .filter_map(|layer| layer.findings.as_ref())
            .map(|found| found.errors)
            .sum()
    }

    /// Records rejected in all layers.
    pub fn rejected(&self) -> u64 {
        self.layers.iter().map(|layer| layer.rejected).sum()
    }

    /// Records kept in all layers.
    pub fn kept(&self) -> u64 {
        self.layers.iter().map(|layer| layer.kept).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in &self.layers {
            write!(f, "{layer}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note       {note}")?;
        }
        if let Some(file) = &self.rejects_file {
            writeln!(f, "rejected records are listed in {file}")?;
        }
        let rate = self.kept() as f64 / self.seconds.max(1e-3);
        match self.revision {
            Some(revision) => {
                write!(
                    f,
                    "revision {revision}: {} features in {:.2} s ({rate:.0}/s)",
                    self.kept(),
                    self.seconds
                )
            }
            None if self.held => write!(
                f,
                "nothing was stored: the checks found {} errors; correct them, or store the data as they are with --accept",
                self.errors_found()
            ),
            None => write!(f, "nothing was stored ({:.2} s)", self.seconds),
        }
    }
}

impl fmt::Display for LayerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.layer, self.title)?;
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "  {name:<10} {value}");
        line("source", &format_args!("{} [{}]", self.source, self.format))?;
        line("crs", &self.crs)?;
        if let Some(heights) = &self.heights {
            line("heights", heights)?;
        }
        line(
            "records",
            &format_args!(
                "{} read, {} kept, {} rejected, {} repaired",
                self.read, self.kept, self.rejected, self.repaired
            ),
        )?;
        if let Some([added, changed, kept]) = self.merged {
            line("merged", &format_args!("{added} added, {changed} changed, {kept} kept"))?;
        }
        if let Some([w, s, e, n]) = self.bounds {
            line("extent", &format_args!("{w:.6}, {s:.6}, {e:.6}, {n:.6}"))?;
        }
        if !self.fields.is_empty() {
            line("fields", &self.fields.join(", "))?;
        }
        for (repair, count) in &self.repairs {
            line("repaired", &format_args!("{count} × {repair}"))?;
        }
        for reject in &self.rejects {
            let id = reject.id.as_deref().map(|id| format!(" ({id})")).unwrap_or_default();
            line("rejected", &format_args!("record {}{id}: {}", reject.record, reject.reason))?;
        }
        if self.rejected > self.rejects.len() as u64 {
            line("", &format_args!("and {} more", self.rejected - self.rejects.len() as u64))?;
        }
        for note in &self.notes {
            line("note", note)?;
        }
        if let Some(comparison) = &self.comparison {
            comparison::tell(comparison, f)?;
        }
        self.findings.as_ref().map_or(Ok(()), |findings| tell(findings, f))
    }
}

/// Findings told in the report for people; all of them are in the file that the user may ask for.
const TOLD_FINDINGS: usize = 20;

fn tell(findings: &Findings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Findings { errors, warnings, infos, .. } = findings;
    writeln!(f, "  {:<10} {errors} errors, {warnings} warnings, {infos} remarks", "checked")?;
    for found in findings.list.iter().take(TOLD_FINDINGS) {
        let finding = &found.finding;
        let whose = finding.feature.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        let place = format!("{}, record {}{whose}", finding.table, finding.record);
        let (severity, code) = (name(finding.severity), &finding.code);
        writeln!(f, "  {severity:<10} {code}: {place}: {}; {}", finding.text, finding.remedy)?;
    }
    let rest = findings.count().saturating_sub(TOLD_FINDINGS as u64);
    if rest > 0 {
        writeln!(f, "  {:<10} and {rest} more (--findings FILE lists all)", "")?;
    }
    Ok(())
}
