//! Writes the files of the sample city into a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use onemap_sample_city::{City, SEED, write};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!(
            "usage: sample-city OUT_DIR\nwrites OUT_DIR/city.json and the files it lists under OUT_DIR/city/"
        );
        return ExitCode::from(2);
    };
    match run(&PathBuf::from(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("sample-city: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &std::path::Path) -> Result<(), String> {
    let city = City::build(SEED);
    let files = write::files(&city).map_err(|e| e.to_string())?;
    let mut total = 0;
    for (path, bytes) in &files {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|e| format!("cannot create {}: {e}", parent.display()))?;
        }
        std::fs::write(&target, bytes)
            .map_err(|e| format!("cannot write {}: {e}", target.display()))?;
        println!("{:>10} {path}", bytes.len());
        total += bytes.len();
    }
    println!("{total:>10} bytes in {} files", files.len());
    println!(
        "{} buildings (and {} pulled down), {} roads, {} parcels, {} communities, {} places, {} components, {} cameras",
        city.buildings.len(),
        city.gone.len(),
        city.roads.len(),
        city.parcels.len(),
        city.communities.len(),
        city.pois.len() + city.schools.len() + city.hospitals.len(),
        city.components.len(),
        city.cameras.len()
    );
    Ok(())
}
