//! An archive with alerts to decide, and a desk that is open on it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::baseline::stance::{DAY, MINUTE};
use gaitkeeper::detect::scene::{Scene, said};

use crate::command::Place;
use crate::tables::parquet;

/// 2024-06-01.
const OUTBREAK: i64 = 1_717_200_000_000;
/// What a stranger may call a package, a version, an account.
pub const HOSTILE: &str = "\"><script>alert(1)</script>";

/// Ten weeks of `account`'s package `name`, and then one with a hook and a dependency by address at `at`.
fn taken_over(account: &str, name: &str, at: i64, version: &str) -> Vec<PublishEvent> {
    let mut scene = Scene::default();
    for week in 0..10 {
        scene = scene.after(0, |e| {
            e.publisher = said(account);
            e.maintainers = said(account);
            e.package = said(name);
            e.version = Some(format!("1.{week}.0"));
            e.published_at = Some(OUTBREAK - (11 - week) * 7 * DAY);
        });
    }
    let scene = scene.after(0, |e| {
        e.publisher = said(account);
        e.maintainers = said(account);
        e.package = said(name);
        e.version = said(version);
        e.published_at = Some(at);
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:1");
    });
    scene.events
}

/// An archive in `archive`: `bob` was taken over with three packages within minutes, `eve` and the account with the
/// hostile name with one each.
pub fn archive() -> Place {
    let place = Place::new();
    let mut events = Vec::new();
    for (number, name) in ["left", "right", "@bob/middle"].into_iter().enumerate() {
        let at = OUTBREAK + i64::try_from(number).expect("few") * 2 * MINUTE;
        events.extend(taken_over("bob", name, at, "1.10"));
    }
    events.extend(taken_over("eve", "lonely", OUTBREAK - 3 * DAY, "2.0.0"));
    events.extend(taken_over(HOSTILE, "<img>", OUTBREAK - 2 * DAY, "1.0.0-\u{202e}<b>"));
    place.import("events.parquet", parquet(&events));
    place
}

/// An open desk; it ends with this value.
pub struct Open {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub host: String,
    /// The printed address.
    pub url: String,
    /// The cookie that it gave.
    pub cookie: String,
    /// The secret of its forms.
    pub csrf: String,
}

/// An answer, as it came.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Options that make every publish of the outbreak an alert of a small history.
pub const WINDOW: [&str; 4] = ["--budget", "1/10", "--since", "30d"];

impl Open {
    /// Opens the desk of an archive, and goes in with the token.
    pub fn at(place: &Place) -> Self {
        let args = [&["review", "serve", "--archive", "archive", "--reviewer", "ann"], &WINDOW[..]].concat();
        let mut child =
            place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut url).expect("a line");
        if url.is_empty() {
            let mut said = String::new();
            child.stderr.take().expect("its remarks").read_to_string(&mut said).expect("text");
            panic!("the desk did not open: {said}");
        }
        let url = url.trim().to_owned();
        let host = url.strip_prefix("http://").and_then(|r| r.split('/').next()).expect("an address").to_owned();
        let mut open = Self { child, host, url, cookie: String::new(), csrf: String::new() };
        let token = open.url.split_once("token=").expect("a token").1.to_owned();
        let entrance = open.raw(&format!("GET /?token={token} HTTP/1.1\r\nHost: {}\r\n\r\n", open.host));
        entrance.header("set-cookie").split(';').next().expect("a cookie").clone_into(&mut open.cookie);
        let queue = open.get("/").body;
        queue.split("name=\"csrf\" value=\"").nth(1).expect("a form")[..48].clone_into(&mut open.csrf);
        open
    }

    /// Sends bytes and reads what comes.
    pub fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).expect("the desk listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a limit");
        let once = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        stream.write_all(once.as_bytes()).expect("sent");
        let mut bytes = Vec::new();
        // What was refused early is not read to its end by the desk.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Reads a page, let in.
    pub fn get(&self, path: &str) -> Answer {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", self.host, self.cookie))
    }

    /// Sends a form as the desk's own page does.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = ("csrf", self.csrf.as_str());
        self.form(
            path,
            &[&[csrf], fields].concat(),
            &format!("Origin: http://{}\r\nCookie: {}\r\n", self.host, self.cookie),
        )
    }

    /// Sends a form with these headers and nothing else.
    pub fn form(&self, path: &str, fields: &[(&str, &str)], headers: &str) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            body.append_pair(name, value);
        }
        let body = body.finish();
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        ))
    }

    /// The page of the alert about a release, found in the queue.
    pub fn alert(&self, release: &str) -> String {
        let queue = self.get("/").body;
        let before = queue.split(&format!(">{release}</span>")).next().expect("a page");
        assert!(before.len() < queue.len(), "{release} is not in the queue: {queue}");
        before.rsplit("href=\"").next().and_then(|rest| rest.split('"').next()).expect("a link").to_owned()
    }

    /// Ends it as a service manager does, and gives its exit code and remarks.
    pub fn terminate(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        std::process::Command::new("kill").args(["-TERM", &id]).status().expect("kill");
        let mut said = String::new();
        self.child.stderr.take().expect("its remarks").read_to_string(&mut said).expect("text");
        (self.child.wait().expect("it ends").code(), said)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}
