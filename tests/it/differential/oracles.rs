//! The independent verifiers, as `.ci/oracles` installs them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::cases::Case;

/// How long a verifier may take over the whole list.
const PATIENCE: Duration = Duration::from_mins(5);

/// An independent verifier.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// sigstore-python.
    Python,
    /// @sigstore/verify.
    Js,
}

impl Tool {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Python, Self::Js];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "sigstore-python",
            Self::Js => "@sigstore/verify",
        }
    }
}

/// What a verifier says about a case.
#[derive(Deserialize)]
pub struct Answer {
    /// The case.
    pub id: String,
    /// Whether the bundle verifies; none where the tool cannot judge such a bundle.
    pub verified: Option<bool>,
    /// Why not.
    pub error: Option<String>,
}

/// How long a verifier took.
#[derive(Deserialize)]
#[allow(dead_code, reason = "for the benchmark")]
pub struct Timing {
    /// Bundles in the list.
    pub cases: usize,
    /// How many verifications succeeded, over all rounds.
    pub verified: usize,
    /// How many did all the work and could not be judged.
    #[serde(default)]
    pub unjudged: usize,
    /// Seconds of processor time.
    pub cpu_seconds: f64,
}

/// The folder of the installed verifiers.
pub struct Oracles(PathBuf);

impl Oracles {
    /// Finds them. Where they are absent, a remark that the test was skipped goes past the test runner's
    /// capture, and `GAITKEEPER_REQUIRE_ORACLES` turns it into a failure.
    pub fn installed() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path =
            std::env::var_os("GAITKEEPER_ORACLES").map_or_else(|| root.join("target/oracles"), |set| root.join(set));
        if ["python.installed", "node.installed"].iter().all(|mark| path.join(mark).exists()) {
            return Some(Self(path));
        }
        assert!(std::env::var_os("GAITKEEPER_REQUIRE_ORACLES").is_none(), "{} must be there", path.display());
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let path = path.display();
        writeln!(io::stderr(), "SKIPPED {test}: no verifiers in {path} (run .ci/oracles, or set GAITKEEPER_ORACLES)")
            .expect("stderr");
        None
    }

    /// The interpreter that has the Python packages.
    #[allow(dead_code, reason = "for the figures of a night")]
    pub fn python(&self) -> PathBuf {
        self.0.join("python/bin/python")
    }

    /// Starts a verifier over the whole list, which lies in `folder` from then on.
    pub fn start(&self, tool: Tool, cases: &[Case], folder: &Path) -> Run {
        self.run(tool, &[], cases, folder)
    }

    /// Verifies the whole list so many times in one thread, and waits for it.
    #[allow(dead_code, reason = "for the benchmark")]
    pub fn time(&self, tool: Tool, times: usize, cases: &[Case], folder: &Path) -> Timing {
        let output = self.run(tool, &["--time", &times.to_string()], cases, folder).output();
        serde_json::from_str(&output).expect("a timing")
    }

    fn run(&self, tool: Tool, options: &[&str], cases: &[Case], folder: &Path) -> Run {
        let file = |what: &str| folder.join(format!("{tool:?}.{what}"));
        let lines: Vec<String> = cases.iter().map(|case| serde_json::to_string(case).expect("a line")).collect();
        fs::write(file("cases"), lines.join("\n") + "\n").expect("written");
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles");
        let mut command = match tool {
            Tool::Python => {
                let mut command = Command::new(self.0.join("python/bin/python"));
                command.arg("-I").arg(scripts.join("verify.py"));
                command
            }
            Tool::Js => {
                let mut command = Command::new("node");
                command.env_remove("NODE_OPTIONS").arg("--max-old-space-size=1024");
                command.arg(scripts.join("verify.mjs")).arg(self.0.join("node"));
                command
            }
        };
        let output = File::create(file("answers")).expect("a file");
        let errors = File::create(file("errors")).expect("a file");
        command.args(options).arg(file("cases")).stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let child = command.spawn().expect("the verifier starts");
        Run { tool, child, answers: file("answers"), errors: file("errors") }
    }
}

/// A verifier at work. It ends when this is dropped.
pub struct Run {
    tool: Tool,
    child: Child,
    answers: PathBuf,
    errors: PathBuf,
}

impl Run {
    /// Its answers, in the order of the cases.
    pub fn answers(self) -> Vec<Answer> {
        self.output().lines().map(|line| serde_json::from_str(line).expect("an answer")).collect()
    }

    fn output(mut self) -> String {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < until, "{} takes too long", self.tool.name());
            sleep(Duration::from_millis(20));
        };
        let errors = fs::read_to_string(&self.errors).unwrap_or_default();
        assert!(status.success(), "{}: {status}\n{errors}", self.tool.name());
        fs::read_to_string(&self.answers).expect("answers")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
