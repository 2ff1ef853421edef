use super::*;
use crate::ground::LevelGround;
use crate::section::samples::{Sample, layer, place};

fn ring(half_x: f64, half_y: f64) -> Vec<[f64; 2]> {
    [[-half_x, -half_y], [half_x, -half_y], [half_x, half_y], [-half_x, half_y]].map(place).to_vec()
}

#[test]
fn a_pit_hits_what_is_above_its_bottom_and_tells_what_lies_below() {
    let mut sample = Sample::new();
    let pipe = |class: &'static str, owner: &'static str| {
        [
            ("class", class.into()),
            ("owner", owner.into()),
            ("diameter", 200.0.into()),
            ("level", "top".into()),
        ]
    };
    let water = sample.link(&[[-50.0, 0.0, 8.9], [50.0, 0.0, 8.9]], &pipe("JS", "自来水公司"));
    let sewer = sample.link(&[[-50.0, 3.0, 4.9], [50.0, 3.0, 4.9]], &pipe("PS", "排水公司"));
    // Dives below the bottom half way: its top is 7 at x = 0.
    let gas = sample.link(&[[-10.0, -3.0, 7.9], [10.0, -3.0, 5.9]], &pipe("RQ", "燃气公司"));
    sample.link(&[[-50.0, 30.0, 8.9], [50.0, 30.0, 8.9]], &pipe("JS", "自来水公司"));
    let beside = sample.link(&[[-50.0, 5.05, 8.9], [50.0, 5.05, 8.9]], &pipe("TX", "电信"));
    sample.node([2.0, 0.0, 8.0], &[("code", "V1".into()), ("element", "valve".into())]);
    sample.node([2.0, 40.0, 8.0], &[("code", "V2".into()), ("element", "valve".into())]);
    let built = sample.build();
    let layers = [layer("pipes", &built)];
    let found =
        excavation(&ring(10.0, 5.0), PitBottom::Depth(3.0), &layers, &LevelGround(10.0)).unwrap();
    assert!((found.area_m2 - 200.0).abs() < 0.02 && found.mean_depth_m == Some(3.0));
    assert!((found.volume_m3.unwrap() - 600.0).abs() < 0.05);
    let pipe = |id| found.pipes.iter().find(|pipe| pipe.pipe.id == Some(id)).unwrap();
    assert_eq!(found.pipes.len(), 4);
    assert_eq!(pipe(water).hit, PitHit::Hit);
    assert!((pipe(water).length_m - 20.0).abs() < 2e-3);
    assert_eq!(pipe(water).top_m, Some(9.0));
    assert_eq!(pipe(sewer).hit, PitHit::Below);
    assert_eq!(pipe(sewer).below_bottom_m, Some(2.0));
    assert_eq!(pipe(gas).hit, PitHit::Hit);
    assert!((pipe(gas).length_m - 10.0).abs() < 0.01, "only as far as its top is above the bottom");
    assert_eq!(
        (pipe(beside).hit, pipe(beside).length_m),
        (PitHit::Hit, 0.0),
        "its side reaches in"
    );
    let nodes: Vec<&str> =
        found.nodes.iter().map(|node| node.code.as_str()).filter(|c| !c.is_empty()).collect();
    assert_eq!(nodes, ["V1"]);
    assert_eq!(found.owners.len(), 3, "the sewer's owner need not be told");
    assert!((found.length_by_class["JS"] - 20.0).abs() < 2e-3);
}

#[test]
fn a_pit_to_a_height_has_the_volume_of_its_mean_depth() {
    struct Slope;
    impl Ground for Slope {
        fn height(&self, at: [f64; 2]) -> Option<f64> {
            Some(10.0 + crate::section::samples::plane().place(at)[0] * 0.1)
        }
    }
    let found = excavation(&ring(10.0, 5.0), PitBottom::Elevation(8.0), &[], &Slope).unwrap();
    assert!((found.mean_depth_m.unwrap() - 2.0).abs() < 0.01);
    assert!((found.volume_m3.unwrap() - 400.0).abs() < 1.0);
}

#[test]
fn a_pipe_without_heights_may_be_hit_and_its_owner_is_told() {
    let mut sample = Sample::new();
    sample.link(&[[-5.0, 0.0, f64::NAN], [5.0, 0.0, f64::NAN]], &[("owner", "某公司".into())]);
    let built = sample.build();
    let layers = [layer("pipes", &built)];
    let found =
        excavation(&ring(10.0, 5.0), PitBottom::Depth(1.0), &layers, &LevelGround(0.0)).unwrap();
    assert_eq!(found.pipes[0].hit, PitHit::Unknown);
    assert_eq!(found.owners[0].owner.as_deref(), Some("某公司"));
    assert!(
        excavation(&ring(10.0, 5.0), PitBottom::Depth(f64::NAN), &layers, &LevelGround(0.0))
            .is_err()
    );
    assert!(
        excavation(&ring(9e4, 5.0), PitBottom::Depth(1.0), &layers, &LevelGround(0.0)).is_err()
    );
}
