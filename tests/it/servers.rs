//! Real servers on loopback, as `.ci/servers` installs them: a registry that others run, and a database
//! with the change feed that npm's was made from.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Reply, ask};

/// How long a server may take to answer, or npm to publish.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs a program of node's until standard input ends, so that it cannot outlive the test process even
/// if that is killed. The first argument is the program; those after it are the program's own.
const LAUNCHER: &str = "
process.stdin.on('end', () => process.exit(0)).resume();
require(process.argv[1]);
";

/// A CouchDB-like server with the database `registry`; writes its port to the file it is told.
const POUCH: &str = "
const [, , folder, file] = process.argv;
const fs = require('node:fs');
const load = require('node:module').createRequire(folder + '/package.json');
const PouchDB = load('pouchdb-core')
  .plugin(load('pouchdb-adapter-memory'))
  .plugin(load('pouchdb-mapreduce'))
  .defaults({ adapter: 'memory' });
const app = load('express')();
const options = { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: file + '.log' };
app.use(load('express-pouchdb')(PouchDB, options));
const server = app.listen(0, '127.0.0.1', async () => {
  await new PouchDB('registry').info();
  fs.writeFileSync(file + '.new', String(server.address().port));
  fs.renameSync(file + '.new', file);
});
";

/// The folder of the installed servers. Where it is absent, a remark that the test was skipped goes past
/// the test runner's capture, and `GAITKEEPER_REQUIRE_SERVERS` turns it into a failure.
fn installed() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("GAITKEEPER_SERVERS").map_or_else(|| root.join("target/servers"), |set| root.join(set));
    if path.join("installed.json").exists() {
        return Some(path);
    }
    assert!(std::env::var_os("GAITKEEPER_REQUIRE_SERVERS").is_none(), "{} must be there", path.display());
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let path = path.display();
    writeln!(io::stderr(), "SKIPPED {test}: no servers in {path} (run .ci/servers, or set GAITKEEPER_SERVERS)")
        .expect("stderr");
    None
}

/// A process with a process group of its own, which ends as a whole when this is dropped.
struct Group(Child);

impl Group {
    /// Starts a command, whose output goes to a file.
    fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::create(log).expect("a log");
        let errors = log.try_clone().expect("a log");
        // What a proxy gets, no loopback server sees.
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "NODE_OPTIONS"]
        {
            command.env_remove(name);
        }
        let child = command.stdin(Stdio::piped()).stdout(log).stderr(errors).process_group(0).spawn();
        Self(child.expect("the program starts"))
    }

    /// Whether it still runs.
    fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Waits until it ends by itself; whether it did, and with success.
    fn succeeds(&mut self) -> bool {
        let ended = within(|| self.0.try_wait().expect("a child"));
        ended.is_some_and(|status| status.success())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group bears the number of its first process, which is not given anew before `wait`.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).stderr(Stdio::null()).status();
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again and again until there is an answer or patience is at an end.
fn within<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = attempt();
        if answer.is_some() || Instant::now() > until {
            return answer;
        }
        sleep(Duration::from_millis(25));
    }
}

fn node(program: &Path) -> Command {
    let mut command = Command::new("node");
    command.args(["-e", LAUNCHER]).arg(program);
    command
}

fn put(url: &str, token: Option<&str>, body: &Value) -> Reply {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("Content-Type", "application/json"), ("Accept", "application/json")];
    headers.extend(bearer.iter().map(|bearer| ("Authorization", bearer.as_str())));
    ask("PUT", url, &headers, body.to_string().as_bytes()).expect("an answer")
}

/// Verdaccio with storage of its own, without uplinks, in which the user `ada` publishes.
pub struct Verdaccio {
    // Before the folder: the server must be gone when that goes.
    _process: Group,
    folder: TempDir,
    url: String,
    token: String,
}

impl Verdaccio {
    /// An empty registry; `None`, and a remark, if it is not installed.
    pub fn start() -> Option<Self> {
        Self::holding(&[])
    }

    /// A registry that holds these packuments from the start, under their names.
    pub fn holding(seeds: &[(&str, &[u8])]) -> Option<Self> {
        let program = installed()?.join("node_modules/verdaccio/bin/verdaccio");
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("config.yaml"), CONFIG).expect("written");
        for (name, packument) in seeds {
            store(folder.path(), name, packument);
        }
        let names: Vec<&str> = seeds.iter().map(|(name, _)| *name).collect();
        let list = json!({"list": names, "secret": "0123456789abcdef0123456789abcdef"});
        fs::create_dir_all(folder.path().join("storage")).expect("folder");
        fs::write(folder.path().join("storage/.verdaccio-db.json"), list.to_string()).expect("written");

        // Between the choice of a free port and its use another may have taken it.
        let started = (0..3).find_map(|_| launched(&program, folder.path()));
        let (process, url) = started.unwrap_or_else(|| panic!("no verdaccio: {}", log(folder.path(), "verdaccio")));
        let user = json!({"name": "ada", "password": "loom-and-thread"});
        let joined = put(&format!("{url}/-/user/org.couchdb.user:ada"), None, &user);
        let token = joined.json()["token"].as_str().expect("a token").to_owned();
        Some(Self { _process: process, folder, url, token })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts a packument into the storage of the running server. Search does not list it.
    pub fn seed(&self, name: &str, packument: &[u8]) {
        store(self.folder.path(), name, packument);
    }

    /// Publishes a made-up package with npm, as its users do.
    pub fn publish(&self, name: &str, version: &str) {
        let place = tempfile::tempdir().expect("folder");
        let at = |file: &str| place.path().join(file);
        let manifest = json!({"name": name, "version": version, "description": "made up", "license": "MIT"});
        fs::create_dir(at("package")).expect("folder");
        fs::write(at("package/package.json"), manifest.to_string()).expect("written");
        fs::write(at("package/index.js"), format!("module.exports = '{version}'\n")).expect("written");
        let host = self.url.trim_start_matches("http:");
        let settings = [
            format!("registry={}/", self.url),
            format!("{host}/:_authToken={}", self.token),
            format!("cache={}", at("cache").display()),
            "access=public\nupdate-notifier=false\nfetch-retries=0\nfetch-timeout=30000\nignore-scripts=true"
                .to_owned(),
        ];
        fs::write(at("npmrc"), settings.join("\n")).expect("written");
        let mut npm = Command::new("npm");
        npm.args(["publish", "--userconfig"]).arg(at("npmrc")).arg("--globalconfig").arg(at("none"));
        // npm hands its settings on to what it starts: a test run under npm must not have them.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().to_ascii_lowercase().starts_with("npm_") {
                npm.env_remove(variable);
            }
        }
        let mut process = Group::start(npm.current_dir(at("package")).env("HOME", place.path()), &at("npm.log"));
        assert!(process.succeeds(), "npm publish: {}", log(place.path(), "npm"));
    }
}

const CONFIG: &str = "
storage: ./storage
auth:
  htpasswd:
    file: ./htpasswd
uplinks: {}
packages:
  '**':
    access: $all
    publish: $authenticated
    unpublish: $authenticated
log: { type: stdout, format: pretty, level: warn }
";

/// Starts verdaccio; `None` if it ends, or does not answer.
fn launched(program: &Path, folder: &Path) -> Option<(Group, String)> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|port| port.local_addr()).expect("a free port");
    let mut command = node(program);
    command.arg("--config").arg(folder.join("config.yaml")).args(["--listen", &free.to_string()]).current_dir(folder);
    let mut process = Group::start(&mut command, &folder.join("verdaccio.log"));
    let url = format!("http://{free}");
    let ready = within(|| {
        if !process.runs() {
            return Some(false);
        }
        let ping = ask("GET", &format!("{url}/-/ping"), &[], b"").ok()?;
        (ping.status == 200).then_some(true)
    });
    // Another server on that port would have answered as well.
    (ready == Some(true) && process.runs()).then_some((process, url))
}

/// Writes a packument where verdaccio's local storage has it.
fn store(folder: &Path, name: &str, packument: &[u8]) {
    let place = folder.join("storage").join(name);
    fs::create_dir_all(&place).expect("folder");
    fs::write(place.join("package.json"), packument).expect("written");
}

fn log(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default()
}

/// express-pouchdb with an empty database `registry`, in memory.
pub struct Pouch {
    _process: Group,
    _folder: TempDir,
    url: String,
}

impl Pouch {
    /// A server of its own; `None`, and a remark, if it is not installed.
    pub fn start() -> Option<Self> {
        let servers = fs::canonicalize(installed()?).expect("a path");
        let folder = tempfile::tempdir().expect("folder");
        let (program, port) = (folder.path().join("pouch.js"), folder.path().join("port"));
        fs::write(&program, POUCH).expect("written");
        let mut command = node(&program);
        command.arg(servers).arg(&port).current_dir(folder.path());
        let mut process = Group::start(&mut command, &folder.path().join("pouch.log"));
        let number = within(|| fs::read_to_string(&port).ok().or_else(|| (!process.runs()).then(String::new)));
        let number: u16 = number
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("no pouch: {}", log(folder.path(), "pouch")));
        Some(Self { _process: process, _folder: folder, url: format!("http://127.0.0.1:{number}") })
    }

    /// `http://127.0.0.1:PORT`; the feed is at `/registry/_changes`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Writes a document, over the revision that is there; returns the new `_rev`.
    pub fn put(&self, id: &str, document: &Value) -> String {
        let address = self.address(id);
        let known = ask("GET", &address, &[], b"").expect("an answer");
        let mut document = document.clone();
        if known.status == 200 {
            document["_rev"] = known.json()["_rev"].clone();
        }
        revised(&put(&address, None, &document))
    }

    /// Deletes a document, which must be there; returns the `_rev` of the deletion.
    pub fn delete(&self, id: &str) -> String {
        let address = self.address(id);
        let known = ask("GET", &address, &[], b"").expect("an answer").json();
        let rev = known["_rev"].as_str().expect("a document that is there");
        revised(&ask("DELETE", &format!("{address}?rev={rev}"), &[], b"").expect("an answer"))
    }

    fn address(&self, id: &str) -> String {
        format!("{}/registry/{}", self.url, id.replace('/', "%2f"))
    }
}

fn revised(reply: &Reply) -> String {
    let told = reply.json();
    told["rev"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}
