//! Which pipes are old for what they are made of.

use onemap_model::FeatureId;
use serde::{Deserialize, Serialize};

use super::NetworkError;
use crate::network::{LinkIx, Network};

/// The table that is built in.
const BUILT_IN: &str = include_str!("../../data/service-life.tsv");

/// How near a pipe is to the end of its service life, in the colours of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgeLevel {
    /// 60 % of it is used.
    Blue,
    /// 80 % of it is used.
    Yellow,
    /// 90 % of it is used.
    Orange,
    /// It is over.
    Red,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    class: Option<String>,
    materials: Vec<String>,
    years: i16,
    source: String,
    confidence: String,
}

/// Service lives by class and material.
#[derive(Debug, Clone, PartialEq)]
pub struct AgeRules(Vec<Rule>);

impl AgeRules {
    /// Returns the table that is built in.
    pub fn built_in() -> Self {
        Self::read(BUILT_IN).unwrap_or(Self(Vec::new()))
    }

    /// Reads a table: tab-separated `class`, `material`, `years`, `source`, `confidence`, a header, `#` before comments.
    pub fn read(text: &str) -> Result<Self, NetworkError> {
        let mut rules = Vec::new();
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
        for (at, line) in lines.skip(1) {
            let wrong = |why: &str| NetworkError::Table { line: at + 1, why: why.to_owned() };
            let mut cells = line.split('\t').map(str::trim);
            let mut cell = |name: &str| cells.next().ok_or_else(|| wrong(&format!("no {name}")));
            let (class, material, years) = (cell("class")?, cell("material")?, cell("years")?);
            let years: i16 = years.parse().map_err(|_| wrong("years is not a whole number"))?;
            if years <= 0 {
                return Err(wrong("years is not positive"));
            }
            let words = material.split('|').map(str::trim).filter(|word| *word != "*");
            rules.push(Rule {
                class: Some(class.to_owned()).filter(|class| class != "*"),
                materials: words.map(str::to_lowercase).collect(),
                years,
                source: cell("source").unwrap_or_default().to_owned(),
                confidence: cell("confidence").unwrap_or_default().to_owned(),
            });
        }
        Ok(Self(rules))
    }

    fn rule(&self, class: &str, material: &str) -> Option<usize> {
        let material = material.to_lowercase();
        self.0.iter().position(|rule| {
            rule.class.as_deref().is_none_or(|code| code.eq_ignore_ascii_case(class))
                && (rule.materials.is_empty()
                    || rule.materials.iter().any(|word| material.contains(word.as_str())))
        })
    }
}

/// One pipe that is old.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgeRow {
    /// Its feature.
    pub id: FeatureId,
    /// How old for its kind.
    pub level: AgeLevel,
    /// Years since it was built.
    pub age: i16,
    /// Years that it may serve.
    pub life: i16,
    /// Its length, metres.
    pub length: f64,
    /// What the service life is taken from, and how far that is to be trusted.
    pub source: String,
    /// See [`AgeRow::source`].
    pub confidence: String,
}

/// Which pipes are old.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AgeReport {
    /// Pipes with a warning, the oldest for their life first.
    pub rows: Vec<AgeRow>,
    /// Length with each warning, blue to red, metres.
    pub length: [f64; 4],
    /// Length without one, metres.
    pub length_good: f64,
    /// Length of pipes whose year is not known, metres.
    pub length_undated: f64,
    /// Length of pipes whose service life the table does not know, metres.
    pub length_unruled: f64,
}

impl Network {
    /// Warns of pipes that are old in a year.
    pub fn ages(&self, rules: &AgeRules, year: i16) -> AgeReport {
        let mut report = AgeReport::default();
        // Classes and materials are few: the rule of each is looked up once.
        let mut known = rustc_hash::FxHashMap::default();
        for link in self.links() {
            let LinkIx(at) = link;
            let (view, facts) = (self.link(link), &self.links.facts[at as usize]);
            let length = view.length();
            let Some((built, id)) = view.built().zip(view.id()) else {
                report.length_undated += length;
                continue;
            };
            let rule = *known.entry((facts.class, facts.material)).or_insert_with(|| {
                rules.rule(view.class().code(), view.material().unwrap_or_default())
            });
            let Some(rule) = rule.map(|rule| &rules.0[rule]) else {
                report.length_unruled += length;
                continue;
            };
            let age = year.saturating_sub(built);
            let level = match i32::from(age) * 100 / i32::from(rule.years) {
                100.. => AgeLevel::Red,
                90.. => AgeLevel::Orange,
                80.. => AgeLevel::Yellow,
                60.. => AgeLevel::Blue,
                _ => {
                    report.length_good += length;
                    continue;
                }
            };
            report.length[level as usize] += length;
            let (source, confidence) = (rule.source.clone(), rule.confidence.clone());
            report.rows.push(AgeRow {
                id,
                level,
                age,
                life: rule.years,
                length,
                source,
                confidence,
            });
        }
        let used = |row: &AgeRow| f64::from(row.age) / f64::from(row.life);
        report.rows.sort_by(|a, b| used(b).total_cmp(&used(a)).then(a.id.cmp(&b.id)));
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_is_built_in_reads_and_the_first_row_that_fits_counts() {
        let rules = AgeRules::built_in();
        let life = |class, material| rules.rule(class, material).map(|rule| rules.0[rule].years);
        assert_eq!(life("RQ", "PE100"), Some(50));
        assert_eq!(life("RQ", "钢"), Some(30));
        assert_eq!(life("js", "镀锌钢管"), Some(20));
        assert_eq!(life("QT", "钢"), None);
    }

    #[test]
    fn a_table_that_is_wrong_is_refused_with_its_line() {
        let error = AgeRules::read("class\tmaterial\tyears\nJS\t*\tfifty").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2 of the table of service lives is not understood: years is not a whole number"
        );
        assert!(AgeRules::read("h\nJS\t*\t0").is_err() && AgeRules::read("h\nJS").is_err());
    }
}
