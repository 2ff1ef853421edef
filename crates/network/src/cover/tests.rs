use super::*;
use crate::ground::LevelGround;
use crate::section::samples::{Sample, layer};

const TABLE: &str = "kind\ta\tb\tcondition\tvalue_m\tstandard\tsource\tconfidence
C\tRQ\t\tsurface=carriageway\t0.9\tS\ts\tA
C\tRQ\t\tsurface=footway\t0.6\tS\ts\tA";

#[test]
fn a_pipe_that_rises_fails_from_where_its_cover_gets_too_little() {
    let mut sample = Sample::new();
    // The top climbs from 8.0 to 9.5 over 100 m, the ground is at 10.
    let top = |z: f64| z - 0.1;
    let gas = sample.link(
        &[[0.0, 0.0, top(8.0)], [100.0, 0.0, top(9.5)]],
        &[("class", "RQ".into()), ("diameter", 200.0.into()), ("level", "top".into())],
    );
    let built = sample.build();
    let layer = layer("gas", &built);
    let limits = Limits::parse(TABLE).unwrap();
    let look = |surface: Option<Surface>| {
        cover(&layer, gas, &LevelGround(10.0), &|_| surface, &limits).unwrap()
    };
    let road = look(Some(Surface::Carriageway));
    assert_eq!((road.state, road.least_m), (CheckState::Fail, Some(0.5)));
    assert!((road.mean_m.unwrap() - 1.25).abs() < 1e-3);
    let [stretch] = &road.shallow[..] else { panic!("{road:?}") };
    assert!(
        (stretch.chainage_m[0] - 73.333).abs() < 0.05
            && (stretch.chainage_m[1] - 100.0).abs() < 1e-3
    );
    assert!((stretch.missing_m - 0.4).abs() < 1e-3);
    let walk = look(Some(Surface::Footway));
    assert!((walk.shallow[0].missing_m - 0.1).abs() < 1e-3);
    let unknown = look(None);
    assert_eq!(unknown.limit.as_ref().unwrap().assumed, ["surface=carriageway"]);
    let report = cover_report(&layer, &LevelGround(12.0), &|_| None, &limits, 10);
    assert_eq!((report.looked_at, report.passed, report.failed), (1, 1, 0));
}

#[test]
fn what_can_not_be_told_is_not_a_pass() {
    let mut sample = Sample::new();
    let gas = [("class", "RQ".into()), ("diameter", 200.0.into())];
    let flat = sample.link(&[[0.0, 0.0, f64::NAN], [9.0, 0.0, f64::NAN]], &gas);
    let water = sample.link(&[[0.0, 5.0, 3.0], [9.0, 5.0, 3.0]], &[("class", "JS".into())]);
    let built = sample.build();
    let layer = layer("pipes", &built);
    let limits = Limits::parse(TABLE).unwrap();
    let state = |id| cover(&layer, id, &LevelGround(9.0), &|_| None, &limits).unwrap().state;
    assert_eq!([state(flat), state(water)], [CheckState::NoHeight, CheckState::NoLimit]);
}

#[test]
fn cover_counts_from_the_top_of_a_casing() {
    let mut sample = Sample::new();
    let cells = |casing: f64| {
        [
            ("class", "RQ".into()),
            ("diameter", 200.0.into()),
            ("casing", casing.into()),
            ("level", "centre".into()),
        ]
    };
    let bare = sample.link(&[[0.0, 0.0, 8.0], [50.0, 0.0, 8.0]], &cells(0.0));
    let cased = sample.link(&[[0.0, 9.0, 8.0], [50.0, 9.0, 8.0]], &cells(600.0));
    let built = sample.build();
    let layer = layer("gas", &built);
    let limits = Limits::parse(TABLE).unwrap();
    let least = |id| cover(&layer, id, &LevelGround(10.0), &|_| None, &limits).unwrap().least_m;
    assert_eq!(least(cased), Some(1.7));
    // 100 mm, and the wall that is allowed for.
    assert!((1.89..=1.9).contains(&least(bare).unwrap()));
}
