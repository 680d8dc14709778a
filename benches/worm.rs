//! Worms inside of an ordinary day: how soon one is noticed, how many alerts it raises, and whether they are one campaign.
//!
//! `cargo bench --bench worm -- 10000000` simulates a registry of so many publishes with its worms, once, in target/scale, and looks at
//! the 38,000 publishes around each worm (npm's day), judged with the whole history before them.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use gaitkeeper::archive::history::History;
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::backtest::Material;
use gaitkeeper::engine::policy::Policy;
use gaitkeeper::engine::recent::fold_since;
use gaitkeeper::engine::window::Window;

/// Publishes of a day.
const DAY: usize = 38_000;
/// Shares of publishes that are alerts.
const BUDGETS: [f64; 2] = [1.0 / 1_000.0, 1.0 / 10_000.0];

fn main() {
    let size = std::env::args().skip(1).find(|arg| arg != "--bench").unwrap_or_else(|| "1000000".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scale");
    let [table, attacks] =
        [format!("{size}.worms.parquet"), format!("{size}.attacks.parquet")].map(|name| folder.join(name));
    if !attacks.exists() {
        std::fs::create_dir_all(&folder).expect("a folder");
        let made = Command::new(env!("CARGO_BIN_EXE_gaitkeeper"))
            .args(["simulate", "--seed", "7", "--events", &size, "--out"])
            .arg(&table)
            .arg("--attacks")
            .arg(&attacks)
            .status()
            .expect("the program");
        assert!(made.success(), "no table was made");
    }
    let model = Model::embedded().expect("the model");
    let material = Material::read(&table, Some(&attacks)).expect("a table and its attacks");
    say(
        "| worm | budget | alerts without it | first alert after | alerts, and raised | of its versions | campaigns | in the largest | not its own there |",
    );
    say("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for fold in material.folds() {
        let mut run = material.run(Some(fold));
        let mut worm: Vec<usize> = run.labels.keys().copied().collect();
        worm.sort_unstable();
        let (first, last) = (worm[0], worm[worm.len() - 1]);
        let around = DAY.saturating_sub(last - first) / 2;
        let from = first.saturating_sub(around);
        run.history.events.truncate((last + around).min(run.history.events.len()));
        let name = run.history.words.text(run.labels[&first].0).to_owned();
        for budget in BUDGETS {
            report(&run.history, &model, &worm, from, budget, &name);
        }
    }
}

fn report(history: &History, model: &Model, worm: &[usize], from: usize, budget: f64, name: &str) {
    let since = history.events[from].at;
    let mut window = Window::new(since, budget);
    let reaches = window.reaches(history);
    let mut alerts = Vec::new();
    fold_since(history, model, &Policy::default(), reaches, |assessed| {
        window.note(assessed);
        if assessed.look.event.at >= since && assessed.p_value <= budget {
            alerts.push(assessed.index);
        }
    });
    let found = window.close(history);
    let is_worm = |index: &usize| worm.binary_search(index).is_ok();
    let caught: Vec<usize> = alerts.iter().copied().filter(is_worm).collect();
    let raised = found.raised.keys().filter(|index| is_worm(index)).count();
    let campaigns: Vec<_> = found.campaigns.iter().filter(|c| c.members.iter().any(is_worm)).collect();
    let largest = campaigns.iter().max_by_key(|c| c.members.iter().filter(|m| is_worm(m)).count());
    let (own, others) = largest.map_or((0, 0), |c| {
        let own = c.members.iter().filter(|m| is_worm(m)).count();
        (own, c.members.len() - own)
    });
    let soon = caught.first().map_or_else(
        || "never".to_owned(),
        |at| {
            let before = worm.partition_point(|w| w <= at);
            let seconds = (history.events[*at].at - history.events[worm[0]].at) / 1_000;
            format!("{before} versions, {seconds} s")
        },
    );
    let (rate, quiet) = ((1.0 / budget).round(), alerts.len() - caught.len());
    say(&format!(
        "| {name} | 1/{rate} | {quiet} | {soon} | {}, {raised} | {} | {} | {own} | {others} |",
        caught.len(),
        worm.len(),
        campaigns.len()
    ));
}

/// A line on standard output.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output");
}
