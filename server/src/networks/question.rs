//! Questions, read from the words of a request or a command.

use onemap_model::FeatureId;
use onemap_network::{Ambiguous, DrawingOptions, GroupBy, Language, Surface, TraceDirection};

use super::AskError;

/// What was said of a question, by name.
pub(crate) trait Given {
    /// Returns what was said.
    fn get(&self, name: &str) -> Option<&str>;
}

/// A question to one network or several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Question {
    /// Is there a way from the first to the last, and which is the shortest?
    Connected { from: Vec<String>, with_flow: bool, limit: usize },
    /// What is upstream, or downstream?
    Trace { from: Vec<String>, direction: TraceDirection, ambiguous: Ambiguous, limit: usize },
    /// Which valves have to be closed?
    Isolate { from: Vec<String>, failed: Vec<String>, closed: Vec<String>, limit: usize },
    /// What lies below a line?
    Section { line: Vec<[f64; 2]>, look: Look },
    /// What is along the pipes from one place to another?
    Profile { from: Vec<String>, look: Look },
    /// What comes too near?
    Clearance { pipe: Pipe, reach_m: Option<f64> },
    /// What lies too shallow?
    Cover { surface: Option<Surface> },
    /// What is hit by a pit?
    Excavation { polygon: Vec<[f64; 2]>, floor: Floor },
    /// How much is there, by what it is?
    Statistics { by: Vec<GroupBy> },
    /// What is old?
    Age { year: i16 },
}

/// How a drawing is to look.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Look {
    pub(crate) english: bool,
    pub(crate) title: Option<String>,
    pub(crate) scale: Option<[f64; 2]>,
}

/// How deep a pit is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Floor {
    /// Metres below the ground.
    Depth(f64),
    /// Height of its floor, metres.
    Bottom(f64),
}

/// A pipe that is there, or one that is planned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pipe {
    There(String),
    Planned {
        line: Vec<[f64; 3]>,
        class: String,
        diameter_mm: f64,
        pressure: Option<String>,
        material: Option<String>,
    },
}

impl Question {
    /// Reads a question by the last word of its path.
    pub(crate) fn read(name: &str, given: &dyn Given) -> Result<Option<Self>, AskError> {
        Ok(Some(match name {
            "trace" => Self::trace(given)?,
            "section" => {
                Self::Section { line: places::<2>(given, "line")?, look: Look::read(given)? }
            }
            "profile" => Self::Profile {
                from: match given.get("to") {
                    Some(to) => {
                        let mut from = list(given, "from");
                        from.extend(to.split(',').map(str::to_owned));
                        from
                    }
                    None => list(given, "from"),
                },
                look: Look::read(given)?,
            },
            "clearance" => Self::Clearance {
                pipe: match given.get("id") {
                    Some(id) => Pipe::There(id.to_owned()),
                    None => Pipe::Planned {
                        line: places::<3>(given, "line")?,
                        class: needed(given, "class")?.to_owned(),
                        diameter_mm: number(given, "diameter")?
                            .ok_or_else(|| missing("diameter"))?,
                        pressure: given.get("pressure").map(str::to_owned),
                        material: given.get("material").map(str::to_owned),
                    },
                },
                reach_m: number(given, "reach")?,
            },
            "cover" => Self::Cover { surface: given.get("surface").map(surface).transpose()? },
            "excavation" => Self::Excavation {
                polygon: places::<2>(given, "polygon")?,
                floor: match (number(given, "depth")?, number(given, "bottom")?) {
                    (Some(depth), None) => Floor::Depth(depth),
                    (None, Some(bottom)) => Floor::Bottom(bottom),
                    _ => {
                        let why = "give either the depth below the ground or the height of the bottom, in metres";
                        return Err(wrong("depth", why));
                    }
                },
            },
            "statistics" => Self::Statistics {
                by: list_or(given, "by", "class,size,material")
                    .iter()
                    .map(|word| group(word))
                    .collect::<Result<_, _>>()?,
            },
            "age" => Self::Age {
                year: match number(given, "year")? {
                    Some(year) => year as i16,
                    None => this_year(),
                },
            },
            _ => return Ok(None),
        }))
    }

    fn trace(given: &dyn Given) -> Result<Self, AskError> {
        let from = list(given, "from");
        if from.is_empty() {
            return Err(missing("from"));
        }
        let limit = number(given, "limit")?.map_or(0, |limit| limit.clamp(1.0, 1e6) as usize);
        let direction = match needed(given, "kind")? {
            "connected" => {
                let with_flow = matches!(given.get("flow"), Some("true" | "1"));
                return Ok(Self::Connected { from, with_flow, limit });
            }
            "isolate" => {
                let (failed, closed) = (list(given, "failed"), list(given, "closed"));
                return Ok(Self::Isolate { from, failed, closed, limit });
            }
            "upstream" => TraceDirection::Upstream,
            "downstream" => TraceDirection::Downstream,
            other => {
                let why =
                    format!("'{other}' is unknown: use connected, upstream, downstream or isolate");
                return Err(AskError::Parameter { parameter: "kind", why });
            }
        };
        let ambiguous = match given.get("ambiguous") {
            None | Some("pass") => Ambiguous::Pass,
            Some("stop") => Ambiguous::Stop,
            Some(_) => return Err(wrong("ambiguous", "use pass or stop")),
        };
        Ok(Self::Trace { from, direction, ambiguous, limit })
    }
}

impl Look {
    pub(crate) fn language(&self) -> Language {
        if self.english { Language::En } else { Language::Zh }
    }

    pub(crate) fn drawing(&self) -> DrawingOptions {
        let [horizontal, vertical] = self.scale.map_or([None; 2], |scale| scale.map(Some));
        DrawingOptions {
            language: self.language(),
            title: self.title.clone(),
            horizontal,
            vertical,
            ..DrawingOptions::default()
        }
    }

    fn read(given: &dyn Given) -> Result<Self, AskError> {
        let scale = match (number(given, "scale")?, number(given, "vertical")?) {
            (Some(scale), vertical) => Some([scale, vertical.unwrap_or(scale)]),
            (None, Some(_)) => return Err(missing("scale")),
            (None, None) => None,
        };
        let english = match given.get("lang") {
            None | Some("zh") => false,
            Some("en") => true,
            Some(_) => return Err(wrong("lang", "use zh or en")),
        };
        Ok(Self { english, title: given.get("title").map(str::to_owned), scale })
    }
}

fn group(word: &str) -> Result<GroupBy, AskError> {
    Ok(match word {
        "class" => GroupBy::Class,
        "subclass" => GroupBy::Subclass,
        "size" => GroupBy::Size,
        "material" => GroupBy::Material,
        "decade" => GroupBy::Decade,
        "owner" => GroupBy::Owner,
        "road" => GroupBy::Road,
        "element" => GroupBy::Element,
        _ => {
            let why = "use class, subclass, size, material, decade, owner, road, element";
            return Err(wrong("by", why));
        }
    })
}

fn this_year() -> i16 {
    let today = onemap_model::Timestamp::now().to_string();
    today.get(..4).and_then(|year| year.parse().ok()).unwrap_or(i16::MAX)
}

/// Reads a feature's id.
pub(super) fn id(text: &str) -> Option<FeatureId> {
    text.trim().parse().ok()
}

fn list(given: &dyn Given, name: &str) -> Vec<String> {
    list_or(given, name, "")
}

fn list_or(given: &dyn Given, name: &str, usual: &str) -> Vec<String> {
    let text = given.get(name).unwrap_or(usual);
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn needed<'g>(given: &'g dyn Given, name: &'static str) -> Result<&'g str, AskError> {
    given.get(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

fn missing(parameter: &'static str) -> AskError {
    wrong(parameter, "it is needed")
}

fn wrong(parameter: &'static str, why: &str) -> AskError {
    AskError::Parameter { parameter, why: why.to_owned() }
}

fn number(given: &dyn Given, name: &'static str) -> Result<Option<f64>, AskError> {
    let Some(text) = given.get(name) else { return Ok(None) };
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(Some).ok_or_else(|| wrong(name, "it is no number"))
}

fn surface(word: &str) -> Result<Surface, AskError> {
    Ok(match word {
        "carriageway" => Surface::Carriageway,
        "footway" => Surface::Footway,
        "courtyard" => Surface::Courtyard,
        "paddy" => Surface::Paddy,
        _ => return Err(wrong("surface", "use carriageway, footway, courtyard or paddy")),
    })
}

/// Reads `lon,lat;lon,lat`, or with heights `lon,lat,height;...`.
fn places<const N: usize>(
    given: &dyn Given,
    name: &'static str,
) -> Result<Vec<[f64; N]>, AskError> {
    let text = needed(given, name)?;
    let why = if N == 2 {
        "use lon,lat;lon,lat;... in degrees"
    } else {
        "use lon,lat,height;lon,lat,height;... in degrees and metres"
    };
    let place = |text: &str| -> Option<[f64; N]> {
        let numbers: Option<Vec<f64>> = text
            .split(',')
            .map(|part| part.trim().parse().ok().filter(|t: &f64| t.is_finite()))
            .collect();
        numbers?.try_into().ok()
    };
    let places: Option<Vec<[f64; N]>> =
        text.split(';').filter(|part| !part.trim().is_empty()).map(place).collect();
    places.filter(|places| places.len() > 1).ok_or_else(|| wrong(name, why))
}
