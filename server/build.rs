//! Makes the portal's files and the style fragments ready to be embedded.
//!
//! The portal is taken from the first of these that there is:
//!
//! 1. the folder named by `ONEMAP_PORTAL_DIST` (packagers, builds without network);
//! 2. `portal/dist`, when `npm run build` made it from exactly these sources (its `.stamp` says so);
//! 3. a fresh build: the sources are copied to `OUT_DIR` and built with `npm`;
//! 4. a page that says that the portal was not built, and how to get it.
//!
//! The build of the server never fails because of the portal. Text is compressed here once, so that
//! the server sends it as it lies in the binary. A stamp over the sources keeps a rebuild of the Rust
//! code from running `npm` again.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::{Compression, GzBuilder};

/// What the portal is built from, below `portal/`; `src` is a folder. The same list stands in
/// `portal/stamp.ts`.
const SOURCES: [&str; 10] = [
    ".npmrc",
    "cesium-folder.ts",
    "cesium.ts",
    "index.html",
    "package-lock.json",
    "package.json",
    "src",
    "stamp.ts",
    "tsconfig.json",
    "vite.config.ts",
];

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=ONEMAP_PORTAL_DIST");

    let dist = if env::var_os("CARGO_FEATURE_PORTAL").is_some() {
        find_dist(&root.join("portal"), &out)
    } else {
        Err("this onemap was built without the cargo feature `portal`".to_owned())
    };
    let assets = match dist {
        Ok(dist) => pack(&dist, &out.join("packed")),
        Err(reason) => placeholder(&out.join("packed"), &reason),
    };
    let written = assets
        .and_then(|table| fs::write(out.join("portal_assets.rs"), table))
        .and_then(|()| styles_table(&root.join("../styles")))
        .and_then(|table| fs::write(out.join("styles.rs"), table));
    if let Err(error) = written {
        // Only a full or broken disk gets here; the include! of the missing file then says the rest.
        println!("cargo:warning=the portal could not be embedded: {error}");
    }
}

/// Finds or builds the folder that holds the portal, or says why there is none.
fn find_dist(portal: &Path, out: &Path) -> Result<PathBuf, String> {
    if let Some(given) = env::var_os("ONEMAP_PORTAL_DIST").filter(|given| !given.is_empty()) {
        let given = PathBuf::from(given);
        println!("cargo:rerun-if-changed={}", given.display());
        if given.join("index.html").is_file() {
            return Ok(given);
        }
        return Err(warn(&format!("ONEMAP_PORTAL_DIST={} has no index.html", given.display())));
    }

    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", portal.join(source).display());
    }
    let stamp = stamp(portal)
        .map_err(|error| warn(&format!("the portal's sources cannot be read: {error}")))?;

    let own = portal.join("dist");
    if own.is_dir() {
        println!("cargo:rerun-if-changed={}", own.join(".stamp").display());
        if fs::read_to_string(own.join(".stamp")).is_ok_and(|found| found.trim() == stamp) {
            return Ok(own);
        }
    }

    let copy = out.join("portal");
    let built = copy.join("dist");
    if fs::read_to_string(built.join(".stamp")).is_ok_and(|found| found.trim() == stamp) {
        return Ok(built);
    }
    npm_build(portal, &copy).map_err(|reason| {
        // With another PATH, or with the network back, the next build tries again.
        println!("cargo:rerun-if-env-changed=PATH");
        warn(&reason)
    })?;
    Ok(built)
}

/// Copies the sources and builds them there; the checkout is not written to.
fn npm_build(portal: &Path, copy: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("the portal's sources cannot be copied: {error}");
    if copy.exists() {
        fs::remove_dir_all(copy).map_err(failed)?;
    }
    for file in source_files(portal).map_err(failed)? {
        let target = copy.join(&file);
        fs::create_dir_all(target.parent().unwrap_or(copy)).map_err(failed)?;
        fs::copy(portal.join(&file), target).map_err(failed)?;
    }
    npm(copy, &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"])?;
    npm(copy, &["run", "build"])?;
    // 100 MB that only another build of the portal would need.
    fs::remove_dir_all(copy.join("node_modules")).map_err(failed)
}

/// Runs npm and answers with the end of what it said, when it fails.
fn npm(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output =
        Command::new(program).args(arguments).current_dir(folder).env("CI", "1").output().map_err(
            |error| format!("npm cannot be started ({error}); install Node.js 20.19 or newer"),
        )?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let end = lines.get(lines.len().saturating_sub(6)..).unwrap_or_default().join(" | ");
    Err(format!("`npm {}` failed: {end}", arguments.join(" ")))
}

fn warn(reason: &str) -> String {
    println!("cargo:warning=the portal is not in this build: {reason}");
    reason.to_owned()
}

/// The files of the portal's sources, relative to its folder, in the order of their names.
fn source_files(portal: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for source in SOURCES {
        let path = portal.join(source);
        if path.is_dir() {
            files.extend(files_below(&path)?.into_iter().map(|file| Path::new(source).join(file)));
        } else {
            files.push(PathBuf::from(source));
        }
    }
    files.sort_by_key(|file| url_path(file));
    Ok(files)
}

/// All files below a folder, relative to it, in the order of their names.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        for entry in fs::read_dir(folder.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort_by_key(|file| url_path(file));
    Ok(files)
}

fn url_path(path: &Path) -> String {
    path.iter().map(OsStr::to_string_lossy).collect::<Vec<_>>().join("/")
}

/// One number for the state of the sources: FNV-1a, 64 bits, over each name and content with a zero
/// byte after each. `portal/stamp.ts` computes the same.
fn stamp(portal: &Path) -> io::Result<String> {
    let mut hash = Fnv::new();
    for file in source_files(portal)? {
        hash.add(url_path(&file).as_bytes());
        hash.add(&[0]);
        hash.add(&fs::read(portal.join(&file))?);
        hash.add(&[0]);
    }
    Ok(hash.hex())
}

/// Compresses the files of a finished portal and writes the table that embeds them.
fn pack(dist: &Path, packed: &Path) -> io::Result<String> {
    let mut table = String::from("&[\n");
    for file in files_below(dist)? {
        let name = url_path(&file);
        if name.starts_with('.') || file.extension() == Some(OsStr::new("map")) {
            continue;
        }
        let bytes = fs::read(dist.join(&file))?;
        add_asset(&mut table, packed, &name, &bytes)?;
    }
    table.push(']');
    Ok(table)
}

fn add_asset(table: &mut String, packed: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let (content_type, text) = content_type(name);
    let target = packed.join(name);
    fs::create_dir_all(target.parent().unwrap_or(packed))?;
    if text {
        // No time in the header: the same portal gives the same binary.
        let mut gzip = GzBuilder::new().write(fs::File::create(&target)?, Compression::best());
        gzip.write_all(bytes)?;
        gzip.finish()?;
    } else {
        fs::write(&target, bytes)?;
    }
    let path = target.to_string_lossy();
    let mut hash = Fnv::new();
    hash.add(bytes);
    let etag = format!("\"{}\"", hash.hex());
    // Vite puts a hash of the content into the names below assets/.
    let immutable = name.starts_with("assets/");
    writeln!(
        table,
        "    ({name:?}, Asset {{ bytes: include_bytes!({path:?}), gzip: {text}, \
         content_type: {content_type:?}, etag: {etag:?}, immutable: {immutable} }}),"
    )
    .map_err(io::Error::other)
}

/// The media type of a file, and whether it shrinks when compressed.
fn content_type(name: &str) -> (&'static str, bool) {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => ("text/html; charset=utf-8", true),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "json" => ("application/json", true),
        "webmanifest" => ("application/manifest+json", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "wasm" => ("application/wasm", true),
        "png" => ("image/png", false),
        "webp" => ("image/webp", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

/// The page that stands where the portal would be.
fn placeholder(packed: &Path, reason: &str) -> io::Result<String> {
    let reason = reason.replace('&', "&amp;").replace('<', "&lt;");
    let page = include_str!("portal/not-built.html").replace("{reason}", &reason);
    let mut table = String::from("&[\n");
    add_asset(&mut table, packed, "index.html", page.as_bytes())?;
    table.push(']');
    Ok(table)
}

/// The table that embeds the style fragments, by the stem of their file names.
fn styles_table(folder: &Path) -> io::Result<String> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let folder = folder.canonicalize()?;
    let mut table = String::from("const STYLES: &[(&str, &str)] = &[\n");
    for file in files_below(&folder)? {
        let Some(stem) = url_path(&file).strip_suffix(".json").map(str::to_owned) else {
            continue;
        };
        let path = folder.join(&file);
        let path = path.to_string_lossy();
        writeln!(table, "    ({stem:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    Ok(table)
}

/// FNV-1a with 64 bits: tells versions apart, guards against nothing.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn hex(&self) -> String {
        format!("{:016x}", self.0)
    }
}
