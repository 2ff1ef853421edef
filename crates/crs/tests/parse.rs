//! What files and people call a coordinate system, and what it is found to be.
#![allow(clippy::unwrap_used)]

use onemap_crs::{AxisPolicy, Crs, Error, Transformer, Vertical};

const ESRI_4548: &str = r#"PROJCS["CGCS2000_3_Degree_GK_CM_117E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
const ESRI_WGS84: &str = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
const LOCAL: &str = "+proj=tmerc +lat_0=0 +lon_0=118.25 +k=1 +x_0=50000 +y_0=-3000000 +ellps=GRS80 +units=m +no_defs";

#[test]
fn esri_prj_files_are_found_to_be_their_epsg_code() {
    let crs = Crs::parse(ESRI_4548).unwrap();
    assert_eq!(crs.to_string(), "EPSG:4548");
    assert_eq!(crs.epsg(), Some(4548));
    assert!(!crs.is_geographic() && crs.northing_first());
    assert_eq!(crs.metres_per_unit(), Some(1.0));
    let crs = Crs::parse(ESRI_WGS84).unwrap();
    assert_eq!(crs.to_string(), "EPSG:4326");
    assert!(crs.is_geographic() && crs.is_store());
    // With another central meridian it is no longer the official one, whatever its name says.
    let moved = Crs::parse(&ESRI_4548.replace("117.0", "118.25")).unwrap();
    assert_eq!(moved.code(), None);
    assert!(!moved.is_store());
}

#[test]
fn every_official_form_of_a_system_is_the_same_system() {
    let wkt2 = r#"PROJCRS["CGCS2000 / 3-degree Gauss-Kruger CM 117E",BASEGEOGCRS["China Geodetic Coordinate System 2000",DATUM["China 2000",ELLIPSOID["CGCS2000",6378137,298.257222101]]],CONVERSION["3-degree Gauss-Kruger CM 117E",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Longitude of natural origin",117,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Scale factor at natural origin",1],PARAMETER["False easting",500000,LENGTHUNIT["metre",1]],PARAMETER["False northing",0,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["northing (X)",north],AXIS["easting (Y)",east],LENGTHUNIT["metre",1]]"#;
    let wkt1 = r#"PROJCS["CGCS2000 / 3-degree Gauss-Kruger CM 117E",GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",117],PARAMETER["scale_factor",1],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],AUTHORITY["EPSG","4548"]]"#;
    for text in ["4548", "EPSG:4548", wkt1, wkt2] {
        let crs = Crs::parse(text).unwrap();
        assert_eq!(crs.to_string(), "EPSG:4548", "{text}");
        assert_eq!(crs.name(), "CGCS2000 / 3-degree Gauss-Kruger CM 117E");
    }
}

#[test]
fn a_code_that_contradicts_its_parameters_is_not_believed() {
    let lying = ESRI_4548
        .replace("UNIT[\"Meter\",1.0]]", "UNIT[\"Meter\",1.0],AUTHORITY[\"EPSG\",\"4549\"]]");
    let crs = Crs::parse(&lying).unwrap();
    assert_ne!(crs.code(), Some("EPSG:4549"));
    assert!(crs.definition().contains("PARAMETER"));
}

#[test]
fn names_of_the_databases_are_found() {
    for (name, code) in [
        ("CGCS2000 / 3-degree Gauss-Kruger zone 39", "EPSG:4527"),
        ("Xian 1980 / 3-degree Gauss-Kruger CM 117E", "EPSG:2384"),
        ("WGS 84 / UTM zone 50N", "EPSG:32650"),
        ("Beijing 1954", "EPSG:4214"),
        ("Xian_1980_3_Degree_GK_CM_117E", "EPSG:2384"),
        ("西安80", "EPSG:4610"),
    ] {
        assert_eq!(Crs::parse(name).unwrap().to_string(), code, "{name}");
    }
}

#[test]
fn a_local_grid_keeps_its_definition() {
    let crs = Crs::parse(LOCAL).unwrap();
    assert_eq!(crs.code(), None);
    assert_eq!(Crs::parse(crs.definition()).unwrap(), crs);
    assert!(crs.to_string().contains("+lon_0=118.25"), "{crs}");
    let written = serde_json::to_string(&crs).unwrap();
    assert_eq!(serde_json::from_str::<Crs>(&written).unwrap(), crs);
}

#[test]
fn what_a_system_says_about_heights_is_known() {
    assert_eq!(Crs::parse("EPSG:4548").unwrap().vertical(), &Vertical::None);
    assert_eq!(Crs::parse("EPSG:4979").unwrap().vertical(), &Vertical::Ellipsoidal);
    assert_eq!(Crs::parse("EPSG:4480").unwrap().vertical(), &Vertical::Ellipsoidal);
    let compound = Crs::parse("EPSG:4548+5737").unwrap();
    assert!(
        matches!(compound.vertical(), Vertical::Datum(name) if name.contains("Yellow Sea 1985"))
    );
    assert!(compound.northing_first() && !compound.is_geographic());
}

#[test]
fn the_area_of_use_tells_a_wrong_system() {
    let crs = Crs::parse("EPSG:4548").unwrap();
    let area = crs.area().unwrap();
    assert!(area.bounds[0] < 117.0 && area.bounds[2] > 117.0, "{area:?}");
    assert_eq!(crs.outside_area([118.0, 33.0, 119.0, 34.0]), None);
    let warning = crs.outside_area([10.0, 0.0, 10.1, 0.1]).unwrap();
    assert!(warning.contains("EPSG:4548") && warning.contains("China"), "{warning}");
}

#[test]
fn what_is_no_coordinate_system_is_refused_with_its_reason() {
    for text in [
        "",
        "nonsense",
        "EPSG:1",
        "EPSG:99999999999",
        "EPSG:5737",
        "EPSG:7001",
        "PROJCS[",
        "{\"type\":1}",
        "+proj=nothing",
        "+proj=utm",
        "+proj=pipeline +step +proj=utm +zone=50",
        "urn:ogc:def:crs:EPSG",
        "a\0b",
        "EPSG:4978",
    ] {
        let error = Crs::parse(text).unwrap_err();
        assert!(matches!(error, Error::Unknown { .. }), "{text}: {error}");
        assert!(error.to_string().contains("EPSG:4548"), "the remedy is named: {error}");
    }
    assert!(Crs::parse(&"PROJCS[".repeat(100_000)).is_err());
    assert!(Crs::parse(&"PROJCS[".repeat(9_000)).is_err());
    assert!(Crs::parse(&format!("{{\"a\":{}", "[".repeat(60_000))).is_err());
}

#[test]
fn the_prj_files_of_the_test_data_are_understood() {
    let Some(folder) = std::env::var_os("ONEMAP_TEST_DATA") else {
        println!("SKIPPED: ONEMAP_TEST_DATA is not set, no real .prj file is read");
        return;
    };
    let mut folders = vec![std::path::PathBuf::from(folder)];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "prj") {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                let crs =
                    Crs::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                println!("{}: {crs} {}", path.display(), crs.name());
                Transformer::new(&crs, AxisPolicy::EastingFirst).unwrap();
                count += 1;
            }
        }
    }
    assert!(count > 0, "the test data has no .prj file");
}
