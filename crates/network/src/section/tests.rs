use super::samples::{Dice, Sample, layer, place};
use super::*;
use crate::ground::{Ground, LevelGround, SurveyGround};

/// A street: water on top at z 8 (DN200, cast iron), a storm sewer with invert 6, a duct bank; all run north.
fn street() -> (crate::Network, NetworkIndex) {
    let mut sample = Sample::new();
    let ends = |x: f64, z: f64| [[x, -50.0, z], [x, 50.0, z]];
    let ground = [("ground_from", 10.0.into()), ("ground_to", 11.0.into())];
    let [a, b] = ground;
    sample.link(
        &ends(2.0, 8.0),
        &[
            ("class", "JS".into()),
            ("diameter", 200.0.into()),
            ("level", "top".into()),
            ("section", "200".into()),
            ("material", "铸铁".into()),
            a,
            b,
        ],
    );
    sample.link(
        &[[5.0, -50.0, 6.5], [5.0, 50.0, 6.3]],
        &[
            ("class", "PS".into()),
            ("subclass", "YS".into()),
            ("diameter", 1000.0.into()),
            ("level", "invert".into()),
            ("material", "混凝土".into()),
            ("ground_from", 10.0.into()),
            ("ground_to", 11.0.into()),
        ],
    );
    sample.link(
        &ends(9.0, 9.0),
        &[
            ("class", "DL".into()),
            ("width", 600.0.into()),
            ("height", 400.0.into()),
            ("level", "top".into()),
        ],
    );
    sample.build()
}

#[test]
fn a_line_across_a_street_cuts_every_pipe_with_its_heights_spacing_and_depth() {
    let built = street();
    let layers = [layer("pipes", &built)];
    let ground = SurveyGround::new(&layers);
    let line = [place([0.0, 0.0]), place([10.0, 0.0])];
    let section = cross_section(&line, &layers, &ground).unwrap();
    assert!((section.length_m - 10.0).abs() < 1e-3);
    let [water, storm, power] = &section.cuts[..] else { panic!("{:?}", section.cuts) };
    assert_eq!([water.number, storm.number, power.number], [1, 2, 3]);
    for (cut, chainage) in section.cuts.iter().zip([2.0, 5.0, 9.0]) {
        assert!((cut.chainage_m - chainage).abs() < 1e-3);
        assert!((cut.angle_degrees - 90.0).abs() < 0.02);
    }
    // The survey gave the top; the importer's centre line is half the nominal diameter below it.
    let levels = water.levels.unwrap();
    assert_eq!(levels.top_m, 8.1);
    assert_eq!(water.pipe.size, "DN200");
    let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-3;
    assert!(near(water.ground_m, 10.5) && near(water.depth_m, 2.4) && near(water.spacing_m, 3.0));
    // The survey gave the inner bottom; a concrete wall is a tenth.
    let levels = storm.levels.unwrap();
    assert!((levels.invert_m - 5.9).abs() < 1e-4 && (levels.top_m - 7.0).abs() < 1e-4);
    assert!((levels.bottom_m - 5.8).abs() < 1e-4);
    assert_eq!((storm.pipe.size.as_str(), storm.pipe.width_m), ("DN1000", 1.2));
    assert_eq!((power.pipe.size.as_str(), power.pipe.width_m), ("600×400", 0.6));
    assert_eq!(power.spacing_m, None);
    let json = serde_json::to_value(&section).unwrap();
    assert_eq!(json["cuts"][1]["pipe"]["class"], "PS");
}

#[test]
fn an_oblique_cut_is_wider_by_the_sine_and_a_bent_line_counts_on() {
    let built = street();
    let layers = [layer("pipes", &built)];
    // North along x = 0, then across at 30 degrees to the pipes.
    let corner = 10.0 * 3.0_f64.sqrt();
    let line = [place([0.0, -20.0]), place([0.0, 0.0]), place([10.0, corner])];
    let section = cross_section(&line, &layers, &LevelGround(10.0)).unwrap();
    let chainages: Vec<f64> = section.cuts.iter().map(|cut| cut.chainage_m).collect();
    for (found, expected) in chainages.iter().zip([24.0, 30.0, 38.0]) {
        assert!((found - expected).abs() < 2e-3, "{chainages:?}");
    }
    let storm = &section.cuts[1];
    assert!((storm.angle_degrees - 30.0).abs() < 0.01);
    assert!((storm.cut_width_m - 2.4).abs() < 2e-3);
}

#[test]
fn a_pipe_along_the_line_within_a_hands_breadth_is_told_and_not_cut() {
    let mut sample = Sample::new();
    let facts = || [("class", "JS".into()), ("diameter", 200.0.into())];
    sample.link(&[[3.0, 0.1, 5.0], [7.0, 0.1, 5.4]], &facts());
    sample.link(&[[3.0, 0.4, 5.0], [7.0, 0.4, 5.0]], &facts());
    let built = sample.build();
    let layers = [layer("pipes", &built)];
    let line = [place([0.0, 0.0]), place([6.0, 0.0])];
    let section = cross_section(&line, &layers, &LevelGround(8.0)).unwrap();
    assert!(section.cuts.is_empty());
    let [beside] = &section.alongside[..] else { panic!("{:?}", section.alongside) };
    assert!((beside.chainage_m[0] - 3.0).abs() < 1e-3 && (beside.chainage_m[1] - 6.0).abs() < 1e-3);
    assert!((beside.levels[1].unwrap().centre_m - 5.3).abs() < 1e-3);
    assert!((beside.offset_m - 0.1).abs() < 1e-3);
}

#[test]
fn a_line_through_a_corner_of_a_pipe_cuts_it_once() {
    let mut sample = Sample::new();
    sample.link(&[[5.0, -5.0, 1.0], [5.0, 0.0, 1.0], [8.0, 5.0, 1.0]], &[("class", "JS".into())]);
    let built = sample.build();
    let layers = [layer("a", &built), layer("b", &built)];
    let line = [place([0.0, 0.0]), place([5.0, 0.0]), place([10.0, 0.0])];
    let section = cross_section(&line, &layers, &LevelGround(8.0)).unwrap();
    let found: Vec<&str> = section.cuts.iter().map(|cut| cut.pipe.layer.as_str()).collect();
    assert_eq!(found, ["a", "b"], "once in each layer");
}

#[test]
fn a_thousand_random_pipes_are_cut_as_brute_force_says() {
    let mut dice = Dice(7);
    let mut sample = Sample::new();
    let mut pipes = Vec::new();
    for _ in 0..1000 {
        let a = [dice.within(-500.0, 500.0), dice.within(-500.0, 500.0), dice.within(0.0, 9.0)];
        let b = [
            a[0] + dice.within(-60.0, 60.0),
            a[1] + dice.within(-60.0, 60.0),
            dice.within(0.0, 9.0),
        ];
        pipes.push([a, b]);
        sample.link(&[a, b], &[("class", "JS".into()), ("diameter", 100.0.into())]);
    }
    let built = sample.build();
    let layers = [layer("pipes", &built)];
    let corners = [[-400.0, -300.0], [10.0, 40.0], [380.0, 390.0]];
    let section = cross_section(&corners.map(place), &layers, &LevelGround(10.0)).unwrap();
    let mut expected = Vec::new();
    let mut start = 0.0;
    for pair in corners.windows(2) {
        let length = length2(sub2(pair[1], pair[0]));
        for [a, b] in &pipes {
            let ends = [[a[0], a[1]], [b[0], b[1]]];
            if angle_degrees(sub2(pair[1], pair[0]), sub2(ends[1], ends[0])) < LEAST_ANGLE {
                continue;
            }
            if let Some((t, u)) = crossing([pair[0], pair[1]], ends) {
                expected.push((start + t * length, a[2] + (b[2] - a[2]) * u));
            }
        }
        start += length;
    }
    expected.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(expected.len() > 20);
    assert_eq!(section.cuts.len(), expected.len());
    for (cut, (chainage, z)) in section.cuts.iter().zip(&expected) {
        // The sample's own frame is flat over a kilometre, the section's follows the ellipsoid.
        assert!((cut.chainage_m - chainage).abs() < 0.05, "{} {chainage}", cut.chainage_m);
        assert!((cut.levels.unwrap().centre_m - z).abs() < 0.02);
    }
}

#[test]
fn the_ground_is_exact_on_a_link_and_between_links_lies_between_them() {
    let built = street();
    let layers = [layer("pipes", &built)];
    let ground = SurveyGround::new(&layers);
    assert!((ground.height(place([2.0, -50.0])).unwrap() - 10.0).abs() < 1e-4);
    assert!((ground.height(place([2.0, 25.0])).unwrap() - 10.75).abs() < 1e-4);
    let between = ground.height(place([3.4, 10.0])).unwrap();
    assert!((10.5..10.7).contains(&between));
    assert_eq!(ground.height(place([900.0, 900.0])), None);
    assert_eq!(ground.height([f64::NAN, 0.0]), None);
}

#[test]
fn lines_that_are_none_are_refused_with_the_reason() {
    let no_layers: [Layer<'_>; 0] = [];
    let error = |line: &[[f64; 2]]| {
        cross_section(line, &no_layers, &LevelGround(0.0)).unwrap_err().to_string()
    };
    assert!(error(&[]).contains("at least 2"));
    assert!(error(&[[1.0, 1.0], [1.0, 1.0]]).contains("at least 2"));
    assert!(error(&[[1.0, f64::NAN], [2.0, 2.0]]).contains("outside longitude"));
    assert!(error(&[[1.0, 1.0], [2.0, 2.0]]).contains("at most 20000 m"));
}

#[test]
fn what_the_view_hides_is_in_no_answer() {
    let mut sample = Sample::new();
    sample.hidden(&[[5.0, -5.0], [5.0, 5.0]]);
    let built = sample.build();
    let layers = [layer("pipes", &built)];
    let line = [place([0.0, 0.0]), place([10.0, 0.0])];
    let section = cross_section(&line, &layers, &LevelGround(8.0)).unwrap();
    assert!(section.cuts.is_empty() && section.alongside.is_empty());
}
