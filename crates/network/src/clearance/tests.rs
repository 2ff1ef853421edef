use super::*;
use crate::section::samples::{Dice, Sample, layer, place, round};
use crate::{Network, NetworkIndex};

fn planned(class: PipeClass, line: &[[f64; 3]], diameter: f32) -> PlannedPipe {
    let line = line.iter().map(|at| {
        let [lon, lat] = place([at[0], at[1]]);
        [lon, lat, at[2]]
    });
    PlannedPipe {
        line: line.collect(),
        section: round(diameter),
        class,
        subclass: None,
        pressure: None,
        laying: None,
        joins: Vec::new(),
    }
}

fn one(
    line: &[[f64; 3]],
    cells: &[(&str, crate::section::samples::Cell<'_>)],
) -> (Network, NetworkIndex) {
    let mut sample = Sample::new();
    sample.link(line, cells);
    sample.build()
}

fn check(planned: &PlannedPipe, built: &(Network, NetworkIndex)) -> ClearanceReport {
    let layers = [layer("pipes", built)];
    clearance(Subject::Planned(planned), &layers, &Limits::default(), ClearanceOptions::default())
        .unwrap()
}

#[test]
fn parallel_pipes_are_apart_by_the_plan_distance_less_both_half_widths() {
    // A duct bank, 0.6 m wide, 2 m beside a planned DN400 storm sewer.
    let duct = [
        ("class", "DL".into()),
        ("width", 600.0.into()),
        ("height", 400.0.into()),
        ("laying", "GK".into()),
    ];
    let built = one(&[[-50.0, 2.0, 5.0], [50.0, 2.0, 5.0]], &duct);
    let sewer = planned(PipeClass::Drainage, &[[-20.0, 0.0, 5.0], [20.0, 0.0, 5.0]], 0.4);
    let report = check(&sewer, &built);
    let [neighbour] = &report.neighbours[..] else { panic!("{report:?}") };
    let horizontal = neighbour.horizontal.as_ref().unwrap();
    assert!((horizontal.net_m.unwrap() - 1.5).abs() < 1e-3);
    assert!((neighbour.net_m.unwrap() - 1.5).abs() < 1e-3);
    let limit = horizontal.limit.as_ref().unwrap();
    assert_eq!((limit.least_m, limit.confidence.as_str(), limit.assumed.len()), (0.5, "A", 0));
    assert_eq!((neighbour.state, neighbour.crosses), (CheckState::Pass, false));
    assert_eq!(neighbour.vertical, None);
    let near = planned(PipeClass::Drainage, &[[-20.0, 1.1, 5.0], [20.0, 1.1, 5.0]], 0.4);
    let report = check(&near, &built);
    let horizontal = report.neighbours[0].horizontal.as_ref().unwrap();
    assert_eq!(horizontal.state, CheckState::Fail);
    assert!((horizontal.net_m.unwrap() - 0.4).abs() < 1e-3);
    assert!((horizontal.missing_m.unwrap() - 0.1).abs() < 1e-3);
}

#[test]
fn crossing_pipes_are_apart_by_the_height_between_top_and_bottom() {
    let gas = [
        ("class", "RQ".into()),
        ("diameter", 200.0.into()),
        ("level", "centre".into()),
        ("material", "PE".into()),
    ];
    let built = one(&[[0.0, -20.0, 6.0], [0.0, 20.0, 7.0]], &gas);
    let wall = 2.0 * 0.2 / 9.0;
    for (z, state) in [(7.5, CheckState::Pass), (6.85, CheckState::Fail), (6.6, CheckState::Fail)] {
        let water = planned(PipeClass::Water, &[[-10.0, 0.0, z], [30.0, 0.0, z]], 0.3);
        let report = check(&water, &built);
        let neighbour = &report.neighbours[0];
        let vertical = neighbour.vertical.as_ref().unwrap();
        let expected = z - 6.5 - (0.3 + 0.2 + wall) / 2.0;
        assert!((vertical.net_m.unwrap() - expected).abs() < 1e-3, "{vertical:?}");
        assert_eq!(vertical.limit.as_ref().unwrap().least_m, 0.15);
        assert_eq!((neighbour.state, neighbour.crosses), (state, true));
        assert_eq!(neighbour.horizontal, None);
        assert!((vertical.chainage_m - 10.0).abs() < 1e-3);
        // In space they are a little nearer: the gas pipe climbs at 1:40.
        assert!(neighbour.net_m.unwrap() <= expected + 1e-3);
    }
}

#[test]
fn what_no_row_covers_and_what_has_no_height_is_said_to_be_so() {
    let other = [("class", "GY".into()), ("diameter", 200.0.into())];
    let built = one(&[[-50.0, 2.0, 5.0], [50.0, 2.0, 5.0]], &other);
    let water = planned(PipeClass::Water, &[[-10.0, 0.0, 5.0], [10.0, 0.0, 5.0]], 0.3);
    let report = check(&water, &built);
    assert_eq!((report.without_limit, report.passed), (1, 0));
    assert_eq!(report.neighbours[0].state, CheckState::NoLimit);
    // Overlap fails whether a limit is known or not.
    let through = planned(PipeClass::Water, &[[0.0, -9.0, 5.1], [0.0, 9.0, 5.1]], 0.3);
    assert_eq!(check(&through, &built).neighbours[0].state, CheckState::Fail);
    let unknown = one(&[[0.0, -9.0, f64::NAN], [0.0, 9.0, f64::NAN]], &[("class", "PS".into())]);
    let report = check(&water, &unknown);
    assert_eq!((report.without_height, report.neighbours[0].net_m), (1, None));
    assert!(report.neighbours[0].size_unknown);
}

#[test]
fn connected_pipes_are_not_collisions() {
    let mut sample = Sample::new();
    let pipe = || [("class", "JS".into()), ("diameter", 200.0.into())];
    let first = sample.link(&[[0.0, 0.0, 5.0], [10.0, 0.0, 5.0]], &pipe());
    let second = sample.link(&[[10.0, 0.0, 5.0], [20.0, 5.0, 5.0]], &pipe());
    sample.link(&[[5.0, -5.0, 5.0], [5.0, 5.0, 5.0]], &pipe());
    let built = sample.build();
    let layers = [layer("water", &built)];
    let (limits, options) = (Limits::default(), ClearanceOptions::default());
    let report = clearance(Subject::Link(0, first), &layers, &limits, options).unwrap();
    assert_eq!(report.neighbours.len(), 1, "only the one that crosses");
    assert!((report.neighbours[0].net_m.unwrap() + 0.216).abs() < 1e-3);
    let mut joined = planned(PipeClass::Water, &[[20.0, 5.0, 5.0], [30.0, 5.0, 5.0]], 0.2);
    assert_eq!(check(&joined, &built).failed, 1);
    joined.joins = vec![("water".to_owned(), second)];
    let report = clearance(Subject::Planned(&joined), &layers, &limits, options).unwrap();
    assert!(report.neighbours.is_empty(), "{report:?}");
}

#[test]
fn every_neighbour_that_brute_force_finds_is_found_and_is_as_far_both_ways() {
    let mut dice = Dice(3);
    let mut sample = Sample::new();
    let mut lines = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..400 {
        let a = [dice.within(-100.0, 100.0), dice.within(-100.0, 100.0), dice.within(0.0, 6.0)];
        let b = [
            a[0] + dice.within(-30.0, 30.0),
            a[1] + dice.within(-30.0, 30.0),
            dice.within(0.0, 6.0),
        ];
        lines.push([a, b]);
        let cells = [
            ("class", "JS".into()),
            ("diameter", 300.0.into()),
            ("level", "centre".into()),
            ("material", "x".into()),
        ];
        ids.push(sample.link(&[a, b], &cells));
    }
    let built = sample.build();
    let layers = [layer("pipes", &built)];
    let limits =
        Limits::parse("kind\ta\tb\tcondition\tvalue_m\tstandard\tsource\tconfidence").unwrap();
    let report = |at: usize| {
        let options = ClearanceOptions { radius_m: 2.0, ..ClearanceOptions::default() };
        clearance(Subject::Link(0, ids[at]), &layers, &limits, options).unwrap()
    };
    let outer = 0.3 + 2.0 * (0.004 + 0.3 / 50.0);
    let flat = |at: usize| lines[at].map(|[x, y, _]| [x, y]);
    for at in 0..60 {
        let found = report(at);
        let mut names: Vec<FeatureId> = found.neighbours.iter().filter_map(|n| n.pipe.id).collect();
        names.sort_unstable();
        let near = (0..lines.len())
            .filter(|other| *other != at && nearest(flat(at), flat(*other)).0 - outer <= 2.0);
        let expected: Vec<FeatureId> = near.map(|other| ids[other]).collect();
        assert_eq!(names, expected);
        for neighbour in &found.neighbours {
            let other = ids.iter().position(|id| Some(*id) == neighbour.pipe.id).unwrap();
            let back = report(other);
            let mirror = back.neighbours.iter().find(|n| n.pipe.id == Some(ids[at])).unwrap();
            let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 2e-4,
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(close(neighbour.net_m, mirror.net_m), "{neighbour:?} {mirror:?}");
            let nets = |n: &Neighbour| {
                [&n.horizontal, &n.vertical].map(|c| c.as_ref().and_then(|c| c.net_m))
            };
            let (a, b) = (nets(neighbour), nets(mirror));
            assert!(close(a[0], b[0]) && close(a[1], b[1]), "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_casing_is_what_distances_count_from() {
    // DN200 gas in a DN600 casing, beside and below a planned DN400 storm sewer.
    let gas = [("class", "RQ".into()), ("diameter", 200.0.into()), ("casing", 600.0.into())];
    let beside = one(&[[-50.0, 2.0, 5.0], [50.0, 2.0, 5.0]], &gas);
    let below = one(&[[0.0, -50.0, 4.0], [0.0, 50.0, 4.0]], &gas);
    let sewer = planned(PipeClass::Drainage, &[[-20.0, 0.0, 5.0], [20.0, 0.0, 5.0]], 0.4);
    let report = check(&sewer, &beside);
    let neighbour = &report.neighbours[0];
    assert!((neighbour.horizontal.as_ref().unwrap().net_m.unwrap() - 1.5).abs() < 1e-3);
    assert!((neighbour.net_m.unwrap() - 1.5).abs() < 1e-3);
    // What it is called stays the pipe.
    assert!(neighbour.pipe.width_m < 0.22);
    let report = check(&sewer, &below);
    let vertical = report.neighbours[0].vertical.as_ref().unwrap();
    assert!((vertical.net_m.unwrap() - 0.5).abs() < 1e-3, "{vertical:?}");
    // And from the gas pipe's side.
    let both = {
        let mut sample = Sample::new();
        let gas = sample.link(&[[-50.0, 2.0, 5.0], [50.0, 2.0, 5.0]], &gas);
        let duct = [("class", "DL".into()), ("width", 400.0.into()), ("height", 400.0.into())];
        sample.link(&[[-50.0, 0.0, 5.0], [50.0, 0.0, 5.0]], &duct);
        (gas, sample.build())
    };
    let layers = [layer("pipes", &both.1)];
    let options = ClearanceOptions::default();
    let report = clearance(Subject::Link(0, both.0), &layers, &Limits::default(), options).unwrap();
    let horizontal = report.neighbours[0].horizontal.as_ref().unwrap();
    assert!((horizontal.net_m.unwrap() - 1.5).abs() < 1e-3, "{horizontal:?}");
    // What a pipe does not fit into is an error of the data.
    let tight = [("class", "RQ".into()), ("diameter", 200.0.into()), ("casing", 150.0.into())];
    let report = check(&sewer, &one(&[[-50.0, 2.0, 5.0], [50.0, 2.0, 5.0]], &tight));
    assert!(report.neighbours[0].horizontal.as_ref().unwrap().net_m.unwrap() > 1.68);
}
