use super::*;
use crate::ground::LevelGround;
use crate::section::samples::{Sample, layer};
use crate::{Network, NetworkIndex};

/// Three foul sewers from west to east, the middle one drawn against its fall, a drop of 0.3 m at B; a water pipe crosses
/// the second, another ends at C.
fn sewer() -> ((Network, NetworkIndex), Vec<FeatureId>) {
    let mut sample = Sample::new();
    for (code, x, ground) in
        [("A", 0.0, 10.0), ("B", 30.0, 10.1), ("C", 70.0, 10.2), ("D", 100.0, 10.3)]
    {
        let cells = [
            ("code", code.into()),
            ("element", "manhole".into()),
            ("ground", ground.into()),
            ("bottom", 6.0.into()),
        ];
        sample.node([x, 0.0, 8.0], &cells);
    }
    let mut ids = Vec::new();
    for (from, to, line) in [
        ("A", "B", [[0.0, 0.0, 8.2], [30.0, 0.0, 8.11]]),
        ("C", "B", [[70.0, 0.0, 7.69], [30.0, 0.0, 7.81]]),
        ("C", "D", [[70.0, 0.0, 7.69], [100.0, 0.0, 7.6]]),
    ] {
        let cells = [
            ("class", "PS".into()),
            ("subclass", "WS".into()),
            ("diameter", 400.0.into()),
            ("level", "invert".into()),
            ("from_node", from.into()),
            ("to_node", to.into()),
        ];
        ids.push(sample.link(&line, &cells));
    }
    let water = || [("class", "JS".into()), ("diameter", 200.0.into()), ("level", "centre".into())];
    sample.link(&[[50.0, -10.0, 8.5], [50.0, 10.0, 8.5]], &water());
    sample.link(&[[60.0, 5.0, 8.5], [60.0, 10.0, 8.5]], &water());
    (sample.build(), ids)
}

#[test]
fn a_profile_follows_the_path_and_not_the_drawing_order() {
    let (built, ids) = sewer();
    let layers = [layer("foul", &built)];
    let found = profile(&layers[0], &ids, &layers, &LevelGround(10.0)).unwrap();
    let codes: Vec<&str> = found.stations.iter().map(|station| station.code.as_str()).collect();
    assert_eq!(codes, ["A", "B", "C", "D"]);
    for (station, chainage) in found.stations.iter().zip([0.0, 30.0, 70.0, 100.0]) {
        assert!((station.chainage_m - chainage).abs() < 2e-3);
    }
    let drop = &found.stations[1];
    let [before, after] = [drop.before.unwrap(), drop.after.unwrap()];
    assert!((before.invert_m - after.invert_m - 0.3).abs() < 1e-4);
    assert!((drop.depth_m.unwrap() - (10.1 - after.top_m)).abs() < 1e-4);
    for reach in &found.reaches {
        assert!((reach.slope_permille.unwrap() - 3.0).abs() < 0.011, "{:?}", reach.slope_permille);
        assert_eq!(reach.flow, Some(1), "it falls along the path, however it was drawn");
    }
    let backwards: Vec<FeatureId> = ids.iter().rev().copied().collect();
    let back = profile(&layers[0], &backwards, &layers, &LevelGround(10.0)).unwrap();
    assert_eq!(back.stations[0].code, "D");
    assert!(back.reaches.iter().all(|reach| reach.flow == Some(-1)));
    assert!((back.reaches[0].slope_permille.unwrap() + 3.0).abs() < 0.011);
}

#[test]
fn a_crossing_pipe_is_told_with_its_free_height() {
    let (built, ids) = sewer();
    let layers = [layer("foul", &built)];
    let found = profile(&layers[0], &ids, &layers, &LevelGround(10.0)).unwrap();
    let [crossing] = &found.crossings[..] else { panic!("{:?}", found.crossings) };
    assert!((crossing.chainage_m - 50.0).abs() < 2e-3);
    assert_eq!(crossing.above, Some(true));
    // Centres 8.5 and 7.75, outer diameters 0.208 and 0.416 (iron: 4 mm and a fiftieth).
    let expected = 0.75 - f64::midpoint(0.216, 0.424);
    assert!((crossing.gap_m.unwrap() - expected).abs() < 2e-3, "{:?}", crossing.gap_m);
}

#[test]
fn links_that_do_not_meet_are_no_path() {
    let (built, ids) = sewer();
    let layers = [layer("foul", &built)];
    let error = profile(&layers[0], &[ids[0], ids[2]], &[], &LevelGround(0.0)).unwrap_err();
    assert!(error.to_string().contains("share no node"), "{error}");
    assert!(profile(&layers[0], &[], &[], &LevelGround(0.0)).is_err());
    let nobody = FeatureId::new(999).unwrap();
    let error = profile(&layers[0], &[nobody], &[], &LevelGround(0.0)).unwrap_err();
    assert!(error.to_string().contains("has no link 999"), "{error}");
}
