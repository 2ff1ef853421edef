//! Tells formats by the first bytes.

use crate::Format;

/// Words that stand in the files of a simulation program, as headings of sections.
const SWMM_SECTIONS: [&str; 12] = [
    "raingages",
    "subcatchments",
    "subareas",
    "infiltration",
    "outfalls",
    "conduits",
    "xsections",
    "dividers",
    "storage",
    "evaporation",
    "lid_controls",
    "dwf",
];
const EPANET_SECTIONS: [&str; 14] = [
    "reservoirs",
    "tanks",
    "pipes",
    "valves",
    "demands",
    "emitters",
    "energy",
    "quality",
    "sources",
    "reactions",
    "mixing",
    "times",
    "rules",
    "status",
];

/// Names of the elements that make a GML file one of utilities.
const UTILITY_WORDS: [&str; 12] = [
    "uro:WaterPipe",
    "uro:SewerPipe",
    "uro:OilGasChemicalsPipe",
    "uro:ThermalPipe",
    "uro:ElectricityCable",
    "uro:TelecommunicationsCable",
    "uro:UtilityNetworkElement",
    "uro:Manhole",
    "uro:Duct",
    "uro:Handhole",
    "uro:Appurtenance",
    "utility:Network",
];

/// Returns the format of a file that begins with these bytes; `None` where it is no network, or a table.
pub(super) fn identify(head: &[u8], extension: &str) -> Option<Format> {
    let text = String::from_utf8_lossy(head);
    let first = text.trim_start_matches('\u{feff}').trim_start();
    match extension {
        "inp" | "net" => input_file(&text),
        "json" => {
            let is_pandapipes = first.starts_with('{') && text.contains("pandapipesNet");
            is_pandapipes.then_some(Format::Pandapipes)
        }
        _ if first.starts_with('<') => {
            let is_utility = UTILITY_WORDS.iter().any(|word| text.contains(word))
                || (text.contains("UtilityNetwork") && !text.contains("<html"))
                || text.contains("/utility/");
            is_utility.then_some(Format::UtilityGml)
        }
        _ => None,
    }
}

/// Tells EPANET's input files from SWMM's by the headings of their sections.
fn input_file(text: &str) -> Option<Format> {
    let mut swmm = 0;
    let mut epanet = 0;
    let mut any = false;
    for line in text.lines() {
        let line = line.trim();
        let lower = line.to_ascii_lowercase();
        if let Some(heading) = lower.strip_prefix('[') {
            let heading = heading.trim_end_matches(']').trim();
            any |= matches!(heading, "title" | "junctions" | "options" | "coordinates");
            swmm += u32::from(SWMM_SECTIONS.contains(&heading));
            epanet += u32::from(EPANET_SECTIONS.contains(&heading));
        }
        swmm += u32::from(lower.starts_with("flow_units") || lower.starts_with("flow_routing"));
    }
    (any || swmm + epanet > 0).then_some(if swmm > epanet { Format::Swmm } else { Format::Epanet })
}
