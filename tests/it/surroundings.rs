//! Surroundings for tests: a home, a project, an environment, and programs that answer as a test says.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use gaitkeeper::config::{Addresses, Config, Surroundings};
use gaitkeeper::error::Result;
use tempfile::TempDir;

thread_local! {
    static ANSWERS: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn run(program: &str, args: &[&str], _cwd: &Path) -> Option<String> {
    let command = format!("{program} {}", args.join(" "));
    CALLS.with_borrow_mut(|calls| calls.push(command.clone()));
    ANSWERS.with_borrow(|answers| answers.iter().find(|(known, _)| *known == command).map(|(_, out)| out.clone()))
}

/// A world of its own: `home` and `project` beside each other in a fresh folder.
pub struct World {
    root: TempDir,
    pub s: Surroundings,
}

impl World {
    pub fn new() -> Self {
        ANSWERS.with_borrow_mut(Vec::clear);
        CALLS.with_borrow_mut(Vec::clear);
        let root = tempfile::tempdir().expect("folder");
        let (home, project) = (root.path().join("home"), root.path().join("project"));
        for folder in [&home, &project] {
            fs::create_dir(folder).expect("folder");
        }
        fs::write(project.join("package.json"), "{}").expect("file");
        let s = Surroundings { env: std::collections::BTreeMap::new(), home: Some(home), cwd: project, run };
        Self { root, s }
    }

    /// A path below the folder that holds `home` and `project`.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    /// Writes a file below that folder.
    pub fn file(self, below: &str, text: &str) -> Self {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.s.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Lets a command line answer.
    pub fn answers(self, command: &str, out: &str) -> Self {
        ANSWERS.with_borrow_mut(|answers| answers.push((command.to_owned(), out.to_owned())));
        self
    }

    /// The command lines that were run.
    pub fn calls() -> Vec<String> {
        CALLS.with_borrow(Clone::clone)
    }

    /// Everything found, with flags and gaitkeeper.toml.
    pub fn try_find(&self, flags: &[&str], toml: &str) -> Result<Addresses> {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let config = Config::parse(toml, Path::new("gaitkeeper.toml"))?;
        Addresses::find(&flags, None, &config, &self.s)
    }

    /// Everything found, without flags and gaitkeeper.toml.
    pub fn find(&self) -> Addresses {
        self.try_find(&[], "").expect("addresses")
    }
}

/// The base address and where it was found.
pub fn base(addresses: &Addresses, registry: &str, package: &str) -> (String, String) {
    let endpoint = addresses.of(registry, package).unwrap_or_else(|e| panic!("{registry}: {e}"));
    (endpoint.base.to_string(), endpoint.found)
}

/// The header that may be sent to an address: that of the longest scope.
pub fn header(addresses: &Addresses, address: &str) -> Option<String> {
    let url = url::Url::parse(address).expect("address");
    let all = addresses.credentials();
    let best = all.iter().filter(|c| c.applies_to(&url)).max_by_key(|c| c.scope.path.len())?;
    Some(best.header.reveal().to_owned())
}
