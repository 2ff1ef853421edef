//! Running the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use wait4::Wait4;

/// The binary with a store of its own.
#[derive(Debug)]
pub struct Onemap {
    folder: tempfile::TempDir,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Wall time.
    pub took: Duration,
    /// Most memory resident at a time, bytes.
    pub peak_memory: u64,
}

impl Outcome {
    /// Returns standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}\n{}", self.stdout, self.stderr))
    }

    /// Returns itself if the exit code is as expected.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

impl Default for Onemap {
    fn default() -> Self {
        Self::new()
    }
}

impl Onemap {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Returns the path of the binary: `ONEMAP_BIN`, else beside this test's.
    pub fn binary() -> PathBuf {
        if let Some(path) = std::env::var_os("ONEMAP_BIN") {
            return path.into();
        }
        let test = std::env::current_exe().unwrap();
        let path = test.parent().and_then(Path::parent).unwrap().join("onemap");
        assert!(path.is_file(), "{} is missing: cargo build --package onemap", path.display());
        path
    }

    /// Returns the folder of the store.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns a command on this store, not yet run.
    pub fn command(&self) -> Command {
        let mut command = Command::new(Self::binary());
        command.arg("--data").arg(self.data()).env_remove("ONEMAP_DATA").stdin(Stdio::null());
        command
    }

    /// Runs a command line to its end, at most `limit` long.
    pub fn run_within<S: AsRef<std::ffi::OsStr>>(&self, args: &[S], limit: Duration) -> Outcome {
        let started = Instant::now();
        let out = self.folder.path().join(format!("out-{:?}", std::thread::current().id()));
        let err = out.with_extension("err");
        let mut child = self
            .command()
            .args(args)
            .stdout(std::fs::File::create(&out).unwrap())
            .stderr(std::fs::File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let id = child.id().to_string();
        let (done, watch) = std::sync::mpsc::channel::<()>();
        let killer = std::thread::spawn(move || {
            if watch
                .recv_timeout(limit)
                .is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                let _ = Command::new("kill").args(["-9", &id]).status();
            }
        });
        let usage = child.wait4().unwrap();
        drop(done);
        killer.join().unwrap();
        let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        Outcome {
            code: usage.status.code(),
            stdout: text(&out),
            stderr: text(&err),
            took: started.elapsed(),
            peak_memory: usage.rusage.maxrss,
        }
    }

    /// Runs a command line to its end.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Outcome {
        self.run_within(args, Duration::from_mins(5))
    }

    /// Imports a source and returns the report.
    pub fn import(&self, source: &Path, more: &[&str]) -> Outcome {
        let source = source.display().to_string();
        let args: Vec<&str> =
            ["--json", "import", &source].into_iter().chain(more.iter().copied()).collect();
        self.run(&args)
    }
}
