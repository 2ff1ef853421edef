//! The program carries PROJ's database and looks at no other.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use onemap_crs::{AxisPolicy, Crs, Transformer};

#[test]
fn a_system_is_known_and_transformed() {
    let crs = Crs::parse("EPSG:2437").unwrap();
    let mut coords = [[554000.0, 4427000.0]];
    Transformer::new(&crs, AxisPolicy::EastingFirst).unwrap().to_lonlat(&mut coords).unwrap();
    assert!((coords[0][0] - 120.632_118_779_694).abs() < 1e-9);
}

#[test]
fn databases_in_the_environment_and_in_the_working_folder_are_not_looked_at() {
    let folder = std::env::temp_dir().join(format!("onemap-crs-database-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("proj.db"), b"this is no database").unwrap();
    std::fs::write(folder.join("proj.ini"), b"[general]\nnetwork = on\n").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_system_is_known_and_transformed"])
        .current_dir(&folder)
        .env("PROJ_DATA", &folder)
        .env("PROJ_LIB", &folder)
        .env("PROJ_NETWORK", "ON")
        .env("HOME", &folder)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
