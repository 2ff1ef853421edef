use super::*;
use crate::ground::{LevelGround, SurveyGround};
use crate::profile::profile;
use crate::section::samples::{Sample, layer, place};
use crate::section::{CrossSection, cross_section};
use crate::{Network, NetworkIndex};

fn street() -> (Network, NetworkIndex) {
    let mut sample = Sample::new();
    for (x, class, diameter) in
        [(2.0, "PS", 1000.0), (5.0, "JS", 300.0), (5.6, "DL", 100.0), (6.0, "TX", 100.0)]
    {
        let cells = [
            ("class", class.into()),
            ("diameter", diameter.into()),
            ("material", "<b>&\"砼\"</b>\u{1}".into()),
            ("level", "centre".into()),
            ("owner", "=1+1, \"某\"公司".into()),
            ("ground_from", 10.0.into()),
            ("ground_to", 10.2.into()),
        ];
        sample.link(&[[x, -20.0, 7.0], [x, 20.0, 7.0]], &cells);
    }
    sample.build()
}

fn drawn() -> CrossSection {
    let built = street();
    let layers = [layer("pipes", &built)];
    cross_section(&[place([0.0, 0.0]), place([10.0, 0.0])], &layers, &SurveyGround::new(&layers))
        .unwrap()
}

/// Returns the numbers of an attribute of all elements of a name.
fn attribute(svg: &str, element: &str, name: &str) -> Vec<f64> {
    let lines = svg.lines().filter(|line| line.starts_with(&format!("<{element} ")));
    lines
        .filter_map(|line| {
            line.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.parse().ok()
        })
        .collect()
}

#[test]
fn a_ruler_on_the_paper_measures_the_pipes_at_the_stated_scale() {
    let section = drawn();
    let options = DrawingOptions {
        horizontal: Some(50.0),
        vertical: Some(50.0),
        ..DrawingOptions::default()
    };
    let svg = cross_section_svg(&section, &options);
    assert!(svg.contains("1:50"));
    let storm = &section.cuts[0];
    // Tenths of millimetres of paper.
    let expected = storm.cut_width_m / 2.0 / 50.0 * 10_000.0;
    let (rx, ry) = (attribute(&svg, "ellipse", "rx"), attribute(&svg, "ellipse", "ry"));
    let at = rx.iter().position(|rx| (rx - expected).abs() < 0.2).unwrap();
    assert!((ry[at] - expected).abs() < 0.2, "round");
    let water = attribute(&svg, "ellipse", "cx");
    let apart = (section.cuts[1].chainage_m - storm.chainage_m) / 50.0 * 10_000.0;
    assert!(water.iter().any(|x| (x - water[at] - apart).abs() < 0.5));
}

#[test]
fn texts_of_the_data_can_not_break_out_of_a_drawing_or_a_table() {
    let section = drawn();
    let options =
        DrawingOptions { title: Some("<script>".to_owned()), ..DrawingOptions::default() };
    let svg = cross_section_svg(&section, &options);
    assert!(!svg.contains("<script>") && !svg.contains("<b>") && !svg.contains('\u{1}'));
    assert!(svg.contains("&lt;b&gt;&amp;&quot;砼&quot;"));
    let csv = cross_section_csv(&section, Language::Zh);
    assert!(csv.starts_with("\u{feff}编号,图层,"));
    assert!(csv.contains("\"'=1+1, \"\"某\"\"公司\""), "{csv}");
    assert_eq!(csv.lines().count(), 5);
}

#[test]
fn a_section_or_profile_of_nothing_is_still_a_drawing() {
    let no_layers = [];
    let line = [place([0.0, 0.0]), place([19_000.0, 0.0])];
    let empty = cross_section(&line, &no_layers, &LevelGround(3.0)).unwrap();
    let mut sample = Sample::new();
    let id = sample.link(&[[0.0, 0.0, f64::NAN], [0.5, 0.0, f64::NAN]], &[]);
    let built = sample.build();
    let layer = layer("a", &built);
    let nothing = SurveyGround::new(&[]);
    let flat = profile(&layer, &[id], &[], &nothing).unwrap();
    for language in [Language::Zh, Language::En] {
        let options =
            DrawingOptions { language, horizontal: Some(f64::NAN), ..DrawingOptions::default() };
        for svg in [cross_section_svg(&empty, &options), profile_svg(&flat, &options)] {
            assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"));
        }
    }
    assert_eq!(profile_csv(&flat, Language::Zh).lines().count(), 3);
}

#[test]
fn heights_that_can_not_be_are_not_drawn() {
    let mut sample = Sample::new();
    for (x, z) in [(2.0, 1e30), (3.0, -9999.0), (4.0, 7.0)] {
        sample.link(
            &[[x, -20.0, z], [x, 20.0, z]],
            &[("class", "JS".into()), ("ground_from", 1e30.into())],
        );
    }
    let built = sample.build();
    let layers = [layer("pipes", &built)];
    let ground = SurveyGround::new(&layers);
    let section =
        cross_section(&[place([0.0, 0.0]), place([10.0, 0.0])], &layers, &ground).unwrap();
    let known: Vec<bool> = section.cuts.iter().map(|cut| cut.levels.is_some()).collect();
    assert_eq!(known, [false, false, true]);
    assert!(section.ground.is_empty());
    let svg = cross_section_svg(&section, &DrawingOptions::default());
    assert!(attribute(&svg, "line", "y2").into_iter().all(|y| y < 2970.0));
}
