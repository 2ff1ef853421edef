use proptest::prelude::*;

use super::*;

/// Source, easting and northing as given, longitude and latitude as GDAL 3.6.2 (PROJ 9.1.1) answers:
/// `gdaltransform -s_srs SOURCE -t_srs EPSG:4326 -output_xy`; pyproj 3.7.2 (PROJ 9.5.1) agrees to 4e-13.
#[rustfmt::skip]
const GDAL: &[(&str, [f64; 2], [f64; 2])] = &[
    ("EPSG:4548", [618500.25, 3759000.5], [118.281909827453, 33.9513047870224]),
    ("EPSG:4548", [400000.0, 4400000.0], [115.833582207212, 39.7281895743871]),
    ("EPSG:4527", [39618500.25, 3759000.5], [118.281909827453, 33.9513047870224]),
    ("EPSG:4549", [341234.5, 3456789.25], [118.333844320114, 31.2220421779901]),
    ("EPSG:4509", [618500.25, 3759000.5], [118.281909827453, 33.9513047870224]),
    ("EPSG:4490", [118.28, 33.96], [118.28, 33.96]),
    ("EPSG:3857", [13166855.0, 4023590.0], [118.279870902855, 33.9611752395828]),
    ("EPSG:3857", [-8237642.3, 4970241.3], [-73.9999998319949, 40.7139556409768]),
    ("EPSG:2437", [554000.0, 4427000.0], [120.632118779694, 39.9747943306681]),
    ("EPSG:32650", [618500.25, 3759000.5], [118.282626148957, 33.9648569785215]),
    ("EPSG:4214", [118.28, 33.96], [118.28, 33.96]),
    ("EPSG:4214", [120.5, 38.5], [120.5, 38.5]),
    ("EPSG:4214", [108.9, 38.9], [108.900448249124, 38.9003128521342]),
    ("EPSG:4214", [82.5, 39.5], [82.4995835699669, 39.5003171089561]),
    ("EPSG:4610", [118.28, 33.96], [118.28, 33.96]),
    ("EPSG:2385", [618500.25, 3759000.5], [121.281908986783, 33.9512889995429]),
    ("EPSG:4269", [-100.0, 40.0], [-100.0, 40.0]),
    ("EPSG:4258", [10.0, 50.0], [10.0, 50.0]),
    ("EPSG:28992", [83000.5, 433000.25], [4.34149996691759, 51.8808774895094]),
    ("EPSG:21781", [600100.5, 200300.25], [7.43995261954491, 46.9537835748486]),
    ("EPSG:2056", [2600100.5, 1200300.25], [7.43995261954491, 46.9537835748486]),
    ("EPSG:2278", [3100000.5, 13800000.25], [-95.4371400675883, 29.6469252362541]),
    ("EPSG:4269", [-157.5, 21.25], [-157.500005214023, 21.2499958586587]),
    ("EPSG:27700", [530000.0, 180000.0], [-0.128353940479469, 51.5039908276338]),
    ("EPSG:2154", [652000.0, 6862000.0], [2.34581195868068, 48.8562481409627]),
    ("EPSG:6677", [-6000.0, -35000.0], [139.767044068991, 35.6845100765728]),
    ("EPSG:3067", [385000.0, 6672000.0], [24.9274577133122, 60.1686659998499]),
    (r#"PROJCS["CGCS2000_3_Degree_GK_CM_117E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#, [618500.25, 3759000.5], [118.281909827453, 33.9513047870224]),
    (r#"PROJCS["Suqian_Local",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",50000.0],PARAMETER["False_Northing",-3000000.0],PARAMETER["Central_Meridian",118.25],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#, [52771.5, 759000.25], [118.279984769375, 33.9579740999564]),
    (r#"PROJCS["Xian_1980_3_Degree_GK_Zone_39",GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",39500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#, [39618500.25, 3759000.5], [118.281908986783, 33.9512889995429]),
    ("+proj=tmerc +lon_0=118.25 +x_0=50000 +y_0=-3000000 +ellps=GRS80 +units=m", [52771.5, 759000.25], [118.279984769375, 33.9579740999564]),
    ("+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=500000 +y_0=0 +ellps=krass +towgs84=15.8,-154.4,-82.3,0,0,0,0 +units=m +no_defs", [554000.0, 4427000.0], [117.63279319884, 39.9750841616314]),
    ("+proj=utm +zone=50 +datum=WGS84", [618500.25, 3759000.5], [118.282626148957, 33.9648569785215]),
    ("+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +x_0=0 +y_0=0 +ellps=krass +units=m", [1200000.0, 3800000.0], [118.400255331143, 34.8584858672122]),
];

fn lonlat(crs: &str, axes: AxisPolicy, coord: [f64; 2]) -> Result<[f64; 2]> {
    let mut coords = [coord];
    Transformer::new(&Crs::parse(crs)?, axes)?.to_lonlat(&mut coords)?;
    Ok(coords[0])
}

fn metres_apart(a: [f64; 2], b: [f64; 2]) -> f64 {
    let east = (a[0] - b[0]) * 111_320.0 * a[1].to_radians().cos();
    let north = (a[1] - b[1]) * 111_320.0;
    east.hypot(north)
}

#[test]
fn coordinates_agree_with_gdal_to_a_billionth_of_a_degree() {
    for (crs, from, expected) in GDAL {
        let [lon, lat] = lonlat(crs, AxisPolicy::EastingFirst, *from).unwrap();
        let difference = (lon - expected[0]).abs().max((lat - expected[1]).abs());
        assert!(difference < 1e-9, "{crs}: {lon}, {lat}, GDAL {expected:?}");
    }
}

#[test]
fn the_way_back_ends_within_a_millimetre() {
    for (crs, from, _) in GDAL {
        let crs = Crs::parse(crs).unwrap();
        for axes in [AxisPolicy::EastingFirst, AxisPolicy::Authority, AxisPolicy::NorthingFirst] {
            let transformer = Transformer::new(&crs, axes).unwrap();
            let mut original = *from;
            if transformer.swap {
                original.reverse();
            }
            let mut coords = [original];
            transformer.to_lonlat(&mut coords).unwrap();
            transformer.from_lonlat(&mut coords).unwrap();
            let apart = match crs.metres_per_unit() {
                Some(_) => (coords[0][0] - original[0]).hypot(coords[0][1] - original[1]),
                None => metres_apart(coords[0], original),
            };
            assert!(apart < 0.001, "{crs} {axes:?}: {apart} m");
        }
    }
}

#[test]
fn the_northing_stands_where_the_policy_says() {
    let expected = lonlat("EPSG:4548", AxisPolicy::EastingFirst, [618500.0, 3759000.0]).unwrap();
    let surveyed = [3759000.0, 618500.0];
    assert_eq!(lonlat("EPSG:4548", AxisPolicy::Authority, surveyed).unwrap(), expected);
    assert_eq!(lonlat("EPSG:4548", AxisPolicy::NorthingFirst, surveyed).unwrap(), expected);
    // A local grid has no authority: only the caller knows what its X means.
    let local = "+proj=tmerc +lon_0=117 +x_0=500000 +ellps=GRS80";
    let from_local = lonlat(local, AxisPolicy::NorthingFirst, surveyed).unwrap();
    assert!(metres_apart(from_local, expected) < 1e-6);
    assert_eq!(lonlat("EPSG:4326", AxisPolicy::Authority, [33.0, 118.0]).unwrap(), [118.0, 33.0]);
    assert_eq!(lonlat("CRS84", AxisPolicy::Authority, [118.0, 33.0]).unwrap(), [118.0, 33.0]);
    assert_eq!(
        lonlat("EPSG:3857", AxisPolicy::Authority, [13166855.0, 4023590.0]),
        lonlat("EPSG:3857", AxisPolicy::EastingFirst, [13166855.0, 4023590.0])
    );
}

#[test]
fn the_stores_own_systems_pass_through_bit_by_bit() {
    for crs in
        ["EPSG:4326", "EPSG:4490", "CRS84", "+proj=longlat +datum=WGS84 +no_defs", "EPSG:4979"]
    {
        let crs = Crs::parse(crs).unwrap();
        let transformer = Transformer::new(&crs, AxisPolicy::EastingFirst).unwrap();
        assert!(transformer.is_identity(), "{crs}");
        let mut coords = [[118.123_456_789_012_34, 33.1]];
        transformer.to_lonlat(&mut coords).unwrap();
        assert_eq!(coords, [[118.123_456_789_012_34, 33.1]]);
    }
    assert!(!Crs::parse("EPSG:4214").unwrap().is_store());
}

#[test]
fn a_coordinate_that_cannot_be_is_named() {
    let crs = Crs::parse("EPSG:4548").unwrap();
    let transformer = Transformer::new(&crs, AxisPolicy::EastingFirst).unwrap();
    let mut coords = vec![[618500.0, 3759000.0]; 1_000];
    coords[700] = [f64::NAN, 5.0];
    let error = transformer.to_lonlat(&mut coords).unwrap_err();
    assert!(matches!(error, Error::Coordinate { index: 700, y: 5.0, .. }), "{error}");
    let mut coords = vec![[618500.0, 3759000.0], [1e12, 4e6]];
    let error = transformer.to_lonlat(&mut coords).unwrap_err();
    assert!(matches!(&error, Error::Coordinate { index: 1, x: 1e12, .. }), "{error}");
    // Projected coordinates under a geographic system, the most common mistake.
    let error = lonlat("EPSG:4326", AxisPolicy::EastingFirst, [618500.0, 3759000.0]).unwrap_err();
    assert!(error.to_string().contains("longitude 618500 is outside -180..180"), "{error}");
    let error = lonlat("GCJ-02", AxisPolicy::EastingFirst, [33.0, 118.0]).unwrap_err();
    assert!(error.to_string().contains("latitude 118"), "{error}");
    let mut pole = [[118.0, f64::INFINITY]];
    assert!(transformer.from_lonlat(&mut pole).is_err());
    assert!(
        Transformer::new(&Crs::wgs84(), AxisPolicy::EastingFirst)
            .unwrap()
            .from_lonlat(&mut pole)
            .is_err()
    );
}

#[test]
fn a_datum_that_is_ignored_is_told() {
    for (crs, coord, ignored) in [
        ("EPSG:4214", [118.28, 33.96], true),
        ("EPSG:4214", [82.5, 39.5], false),
        ("EPSG:4548", [618500.0, 3759000.0], false),
        ("EPSG:3857", [13166855.0, 4023590.0], false),
        ("+proj=tmerc +lon_0=118.25 +ellps=GRS80", [0.0, 3759000.0], true),
    ] {
        let transformer =
            Transformer::new(&Crs::parse(crs).unwrap(), AxisPolicy::EastingFirst).unwrap();
        transformer.to_lonlat(&mut [coord]).unwrap();
        let warnings = transformer.warnings();
        assert_eq!(!warnings.is_empty(), ignored, "{crs}: {warnings:?}");
    }
}

#[test]
fn offset_systems_are_removed_and_put_back() {
    for (name, add) in [
        ("GCJ-02", offset::wgs84_to_gcj02 as fn([f64; 2]) -> [f64; 2]),
        ("BD-09", offset::wgs84_to_bd09),
    ] {
        let transformer =
            Transformer::new(&Crs::parse(name).unwrap(), AxisPolicy::EastingFirst).unwrap();
        let mut coords = [add([118.28, 33.96])];
        transformer.to_lonlat(&mut coords).unwrap();
        assert!(metres_apart(coords[0], [118.28, 33.96]) < 0.001, "{name}");
        transformer.from_lonlat(&mut coords).unwrap();
        assert!(metres_apart(coords[0], add([118.28, 33.96])) < 0.001, "{name}");
        assert!(!transformer.is_identity());
    }
}

#[test]
fn many_threads_share_one_transformer() {
    let transformer =
        Transformer::new(&Crs::parse("EPSG:4548").unwrap(), AxisPolicy::EastingFirst).unwrap();
    let results: Vec<_> = std::thread::scope(|scope| {
        let run = || {
            let mut coords = vec![[618500.0, 3759000.0]; 5_000];
            transformer.to_lonlat(&mut coords).unwrap();
            coords[4_999]
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

proptest! {
    #[test]
    fn any_numbers_give_degrees_or_an_error(x in prop::num::f64::ANY, y in prop::num::f64::ANY, which in 0..GDAL.len()) {
        if let Ok([lon, lat]) = lonlat(GDAL[which].0, AxisPolicy::EastingFirst, [x, y]) {
            prop_assert!(lon.abs() <= 180.0 + SLACK && lat.abs() <= 90.0 + SLACK);
        }
    }

    #[test]
    fn points_of_a_city_come_back_within_a_millimetre(lon in 117.5..119.5, lat in 33.0..35.0, which in 0usize..6) {
        let crs = ["EPSG:4548", "EPSG:4527", "EPSG:3857", "EPSG:32650", "EPSG:2385", "EPSG:4498"][which];
        let transformer = Transformer::new(&Crs::parse(crs).unwrap(), AxisPolicy::Authority).unwrap();
        let mut coords = [[lon, lat]];
        transformer.from_lonlat(&mut coords).unwrap();
        transformer.to_lonlat(&mut coords).unwrap();
        prop_assert!(metres_apart(coords[0], [lon, lat]) < 0.001);
    }
}
