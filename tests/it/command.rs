//! Runs the program as its users do: in a folder of its own, with file names relative to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Outcome {
    /// The run, which must have ended with `code`.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// The run, whose standard error must hold every one of `words`.
    pub fn says(self, words: &[&str]) -> Self {
        let missing: Vec<_> = words.iter().filter(|word| !self.err.contains(**word)).collect();
        assert!(missing.is_empty(), "{missing:?} not in: {}", self.err);
        self
    }
}

/// A temporary folder in which commands run.
pub struct Place(TempDir);

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    /// The path of a name in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("written");
    }

    /// The program, ready to run in the folder: no setting of this machine reaches it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gaitkeeper"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .envs(["PATH", "TMPDIR"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .env("HOME", self.0.path().join("home"));
        command
    }

    /// Runs the program.
    pub fn run(&self, args: &[&str]) -> Outcome {
        let output = self.command(args).output().expect("the program starts");
        Outcome {
            code: output.status.code().expect("the program ends by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Runs a command on the archive in `archive`.
    pub fn on_archive(&self, args: &[&str]) -> Outcome {
        self.run(&[args, &["--archive", "archive"]].concat())
    }

    /// Writes a file and imports it into `archive`, which must succeed.
    pub fn import(&self, name: &str, bytes: impl AsRef<[u8]>) -> Outcome {
        self.write(name, bytes);
        self.on_archive(&["import", name]).exits(0)
    }

    /// Every file below a folder with its bytes.
    pub fn files(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.path(folder), &mut found);
        found
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = fs::read(&path).expect("readable");
            found.insert(path, bytes);
        }
    }
}
