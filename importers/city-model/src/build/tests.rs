use super::*;
use crate::testing::{area, volume};

/// A box from 0 to 10 with a square tunnel of 4 by 4 from bottom to top, far from the origin.
fn pierced() -> Vec<Vec<Vec<[f64; 3]>>> {
    let far = [500_000.0, 3_760_000.0, 20.0];
    let at = |x: f64, y: f64, z: f64| [far[0] + x, far[1] + y, far[2] + z];
    let square = |a: f64, b: f64, z: f64| vec![at(a, a, z), at(b, a, z), at(b, b, z), at(a, b, z)];
    let turned = |mut ring: Vec<[f64; 3]>| {
        ring.reverse();
        ring
    };
    let mut faces = vec![
        vec![square(0.0, 10.0, 10.0), turned(square(3.0, 7.0, 10.0))],
        vec![turned(square(0.0, 10.0, 0.0)), square(3.0, 7.0, 0.0)],
    ];
    for (a, b, inward) in [(0.0, 10.0, false), (3.0, 7.0, true)] {
        let (low, high) = (square(a, b, 0.0), square(a, b, 10.0));
        for i in 0..4 {
            let j = (i + 1) % 4;
            let wall = vec![low[i], low[j], high[j], high[i], low[i]];
            faces.push(vec![if inward { turned(wall) } else { wall }]);
        }
    }
    faces
}

#[test]
fn a_solid_with_holes_keeps_its_volume_and_area() {
    let mut build = ModelBuilder::default();
    for face in pierced() {
        build.polygon("2", Surface::Unknown, None, &face, None).unwrap();
    }
    assert_eq!(build.take_dropped(), 0);
    let model = build.finish().unwrap();
    let mesh = &model.lods[0].mesh;
    assert!((volume(mesh) - (1000.0 - 160.0)).abs() < 1e-6, "{}", volume(mesh));
    assert!((area(mesh) - (2.0 * 84.0 + 400.0 + 160.0)).abs() < 1e-6, "{}", area(mesh));
    assert_eq!((mesh.positions.len(), mesh.patches.len()), (16, 1), "corners are shared");
}

#[test]
fn levels_come_coarsest_first_and_patches_by_kind_and_material() {
    let mut build = ModelBuilder::default();
    let ring = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let up = |z: f64| vec![ring.iter().map(|p| [p[0], p[1], z]).collect::<Vec<_>>()];
    let red = build.material(Material { color: [255, 0, 0, 255], ..Material::default() });
    assert_eq!(build.material(Material { color: [255, 0, 0, 255], ..Material::default() }), red);
    for (lod, surface, material) in [
        ("2.2", Surface::Roof, Some(red)),
        ("10", Surface::Roof, None),
        ("2.2", Surface::Wall, None),
        ("1", Surface::Roof, None),
        ("2.2", Surface::Roof, Some(red)),
    ] {
        build.polygon(lod, surface, material, &up(build.levels.len() as f64), None).unwrap();
    }
    let model = build.finish().unwrap();
    let levels: Vec<_> = model.lods.iter().map(|lod| lod.level.as_str()).collect();
    assert_eq!(levels, ["1", "2.2", "10"]);
    assert_eq!(model.lods[1].mesh.patches.len(), 2);
    assert!(build.finish().is_none(), "the builder begins anew");
}

#[test]
fn rings_without_area_are_left_out_and_numbers_that_are_none_refused() {
    let mut build = ModelBuilder::default();
    let line = vec![[0.0, 0.0, 0.0], [1e6, 1e6, 0.0], [2e6, 2e6, 0.0], [0.0, 0.0, 0.0]];
    build.polygon("1", Surface::Unknown, None, std::slice::from_ref(&line), None).unwrap();
    build.polygon("1", Surface::Unknown, None, &[], None).unwrap();
    assert_eq!(build.take_dropped(), 2);
    let square = vec![[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [4.0, 0.0, 4.0], [0.0, 0.0, 4.0]];
    let pit = vec![[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]];
    build.polygon("1", Surface::Wall, None, &[square, pit], None).unwrap();
    assert_eq!(build.take_dropped(), 1);
    let nan = vec![vec![[f64::NAN, 0.0, 0.0], [4.0, 0.0, 0.0], [4.0, 0.0, 4.0]]];
    assert!(build.polygon("1", Surface::Wall, None, &nan, None).is_err());
    let model = build.finish().unwrap();
    assert!((area(&model.lods[0].mesh) - 16.0).abs() < 1e-12 && model.is_well_formed());
}

#[test]
fn texture_coordinates_stay_with_their_corners() {
    let mut build = ModelBuilder::default();
    let ring = vec![[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 2.0, 0.0], [0.0, 2.0, 0.0], [0.0; 3]];
    let uvs: Vec<[f32; 2]> =
        ring.iter().map(|p| [p[0] as f32 / 2.0, 1.0 - p[1] as f32 / 2.0]).collect();
    build.polygon("2", Surface::Roof, None, std::slice::from_ref(&ring), Some(&[uvs])).unwrap();
    build.polygon("2", Surface::Wall, None, &[ring], None).unwrap();
    let model = build.finish().unwrap();
    let mesh = &model.lods[0].mesh;
    assert!(model.is_well_formed() && mesh.uvs.len() == 8);
    for (p, uv) in mesh.positions.iter().zip(&mesh.uvs).take(4) {
        assert_eq!([p[0] as f32 / 2.0, 1.0 - p[1] as f32 / 2.0], *uv);
    }
    assert_eq!(mesh.uvs[4..], [[0.0; 2]; 4]);
}
