//! The page of an investigation in a real browser: no error, nothing loaded from outside, nothing wider than the
//! screen. Needs what `.ci/browser` installs; says so where it is absent.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use gaitkeeper::archive::history::History;
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::investigate::investigate;
use gaitkeeper::report::timeline::page::{Making, html};
use serde_json::Value;

use crate::campaigns::worm_of_one_account;
use crate::command::Place;

/// Opens a page at a width and says what happened. Every request but that of the page itself is an answer, too.
const LOOK: &str = r#"
const { chromium } = require("playwright-core");
const [page_file, width, picture] = process.argv.slice(1);
(async () => {
  const browser = await chromium.launch({ executablePath: process.env.GAITKEEPER_BROWSER, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: Number(width), height: 900 } });
  const said = { errors: [], requests: [] };
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) said.errors.push(message.text()); });
  page.on("pageerror", (error) => said.errors.push(String(error)));
  page.on("request", (request) => said.requests.push(request.url()));
  await page.goto("file://" + page_file);
  said.title = await page.title();
  said.scripts = await page.locator("script").count();
  said.overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  said.ink = await page.evaluate(() => getComputedStyle(document.querySelector(".bar .up")).fill);
  await page.screenshot({ path: picture, fullPage: true });
  await browser.close();
  console.log(JSON.stringify(said));
})();
"#;

fn browser() -> Option<(String, PathBuf)> {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
    if let (Ok(browser), true) = (std::env::var("GAITKEEPER_BROWSER"), driver.join("installed.json").exists()) {
        return Some((browser, driver));
    }
    assert!(std::env::var_os("GAITKEEPER_REQUIRE_BROWSER").is_none(), "the browser of .ci/browser must be there");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "SKIPPED {test}: no browser (GAITKEEPER_BROWSER=$(bash .ci/browser))").expect("stderr");
    None
}

/// Looks at a page in each width; the pictures stay in `target/investigate` for whoever wants to see them.
fn look(name: &str, page: &str) {
    let Some((browser, driver)) = browser() else { return };
    let place = Place::new();
    place.write("page.html", page);
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/investigate");
    std::fs::create_dir_all(&pictures).expect("a folder");
    for width in ["1280", "400"] {
        let output = Command::new("node")
            .args(["-e", LOOK, "--"])
            .arg(place.path("page.html"))
            .arg(width)
            .arg(pictures.join(format!("{name}-{width}.png")))
            .env("GAITKEEPER_BROWSER", &browser)
            .current_dir(&driver)
            .output()
            .expect("node starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(said["errors"], serde_json::json!([]), "{said}");
        assert_eq!(said["requests"].as_array().expect("requests").len(), 1, "{said}");
        assert_eq!((&said["scripts"], &said["overflow"]), (&0.into(), &0.into()), "at {width}: {said}");
        assert_ne!(said["ink"], "rgb(0, 0, 0)", "the policy keeps the style out: {said}");
    }
}

#[test]
fn a_campaign_is_shown_without_errors_and_from_nowhere_else() {
    let history = History::from_events(worm_of_one_account());
    let subject = history.events.len() - 300;
    let found = investigate(&history, &Model::embedded().expect("the model"), subject).expect("the event");
    look("campaign", &html(&found, &Making::default()).expect("a page"));
}

#[test]
fn a_release_of_the_box_is_shown_without_errors_and_from_nowhere_else() {
    if browser().is_none() {
        return;
    }
    let place = Place::new();
    place.run(&["investigate", "echarts-for-react@3.0.7", "--html", "page.html"]).exits(0);
    look("box", &std::fs::read_to_string(place.path("page.html")).expect("the page"));
}
