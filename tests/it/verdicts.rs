//! Verdicts: how a table is read, and what they let teach.

use std::path::Path;

use gaitkeeper::archive::verdicts::{Verdict, Verdicts};
use gaitkeeper::baseline::Baselines;
use gaitkeeper::baseline::package::{HELD, QUARANTINE, Teaching};
use gaitkeeper::baseline::stance::{DAY, HOUR};
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::engine::embedded::{fold, fold_under};
use gaitkeeper::engine::policy::{ALERTED, Policy};
use gaitkeeper::error::{Error, printable};

use crate::command::Place;
use crate::tables::parquet;

fn read(text: &[u8]) -> Result<Verdicts, Error> {
    let place = Place::new();
    place.write("verdicts.csv", text);
    Verdicts::read(&place.path("verdicts.csv"))
}

#[test]
fn the_last_row_about_a_release_holds_and_the_others_are_counted() {
    let text = "\u{feff}version,registry,package,verdict,reason\n\
                1.0.0,npm,pkg,malicious,\"looked, odd\"\n\
                1.0.1,npm,pkg,unsure,\n\
                1.0.0, npm ,pkg,benign,\"owner says so\"\n";
    let verdicts = read(text.as_bytes()).expect("verdicts");
    let of = |version: &str| verdicts.rows.get(&["npm", "pkg", version].map(str::to_owned)).copied();
    assert_eq!((of("1.0.0"), of("1.0.1"), verdicts.rows.len()), (Some(Verdict::Benign), Some(Verdict::Unsure), 2));
    assert_eq!(verdicts.replaced, 1);
}

#[test]
fn what_is_wrong_is_said_with_file_line_and_remedy() {
    let header = "registry,package,version,verdict\n";
    let cases: [(Vec<u8>, &str, &str); 6] = [
        (b"registry,package,verdict\nnpm,a,benign\n".to_vec(), "line 1", "`version` is missing"),
        (format!("{header}npm,a,1.0.0,benign\nnpm,a,1.0.1,evil\n").into_bytes(), "line 3", "`evil` is not a verdict"),
        (format!("{header}npm,a,1.0.0,\n").into_bytes(), "line 2", "`` is not a verdict"),
        (format!("{header}npm,,1.0.0,benign\n").into_bytes(), "line 2", "`package` is empty"),
        (format!("{header}npm,a,1.0.0\n").into_bytes(), "line 2", "no table of verdicts"),
        ([header.as_bytes(), b"npm,\xff,1.0.0,benign\n"].concat(), "line 2", "no table of verdicts"),
    ];
    for (text, place, what) in cases {
        let error = read(&text).expect_err("an error");
        assert_eq!(error.place.as_deref(), Some(place), "{error}");
        assert!(error.what.contains(what) && error.remedy.is_some(), "{error}");
        assert!(error.file.as_deref().is_some_and(|file| file.ends_with("verdicts.csv")), "{error}");
    }
    let absent = Verdicts::read(Path::new("/there/is/none.csv")).expect_err("an error");
    assert!(absent.remedy.is_some() && printable(&absent.to_string()).contains("none.csv"));
}

/// Publishes that taught the package before the last publish, and whether its hook was known by then.
fn taught(scene: Scene, verdict: Option<(&str, Verdict)>) -> (u32, bool) {
    let (history, last) = scene.history();
    let mut verdicts = Verdicts::default();
    if let Some((version, verdict)) = verdict {
        verdicts.rows.insert(["npm", "pkg", version].map(str::to_owned), verdict);
    }
    let (held, unknown) = verdicts.within(&history);
    assert_eq!(unknown, 0);
    let policy = Policy { verdicts: held, hold_alerts: false };
    let mut found = None;
    fold_under(&history, &Model::embedded().expect("the embedded model"), &policy, |assessed| {
        if assessed.index == last {
            let look = assessed.look;
            found = Some((look.package.n, look.package.hooks.get(look.event.install_script_id).is_some()));
        }
    });
    found.expect("the last publish")
}

/// Ten usual publishes, one with a hook, and another with the same hook `wait` later.
fn twice(wait: i64) -> Scene {
    let hooked = |e: &mut gaitkeeper::archive::columns::PublishEvent| {
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:1");
    };
    Scene::steady(10).next(hooked).after(wait, hooked)
}

#[test]
fn malicious_never_teaches_benign_teaches_at_once_and_unsure_changes_nothing() {
    let the = |verdict| Some(("1.0.10", verdict));
    for (wait, without) in [(HOUR, (10, false)), (7 * DAY, (11, true))] {
        assert_eq!(taught(twice(wait), None), without);
        assert_eq!(taught(twice(wait), the(Verdict::Unsure)), without);
        assert_eq!(taught(twice(wait), the(Verdict::Malicious)), (10, false));
        assert_eq!(taught(twice(wait), the(Verdict::Benign)), (11, true));
    }
}

#[test]
fn held_alerts_teach_after_thirty_days_and_only_without_a_verdict() {
    let (history, last) = Scene::steady(12).history();
    let event = &history.events[last];
    let holding = Policy { hold_alerts: true, ..Policy::default() };
    assert_eq!(holding.teaching(event, ALERTED), Teaching::Held);
    assert_eq!(holding.teaching(event, ALERTED * 1.01), Teaching::Settled);
    assert_eq!(Policy::default().teaching(event, 0.0), Teaching::Settled);
    let mut judged = holding;
    for (verdict, teaching) in
        [(Verdict::Benign, Teaching::AtOnce), (Verdict::Malicious, Teaching::Never), (Verdict::Unsure, Teaching::Held)]
    {
        judged.verdicts.insert([event.registry, event.package, event.version], verdict);
        assert_eq!(judged.teaching(event, 0.0), teaching);
    }

    for (teaching, wait) in [(Teaching::Held, HELD), (Teaching::Settled, QUARANTINE)] {
        let mut baselines = Baselines::new(&history);
        for event in &history.events {
            let now = baselines.look(event, &history.words).now;
            let teaching = if event.at == history.events[last].at { teaching } else { Teaching::AtOnce };
            baselines.absorb(event, &history.words, &now, teaching);
        }
        for (after, n) in [(wait - 1, 11), (wait, 12)] {
            let mut later = event.clone();
            later.parsed.at += after;
            baselines.settle(&later, &history.words);
            assert_eq!(baselines.look(&later, &history.words).package.n, n, "{teaching:?} {after}");
        }
    }
}

#[test]
fn a_policy_without_verdicts_is_the_default() {
    let (history, _) = twice(DAY).history();
    let model = Model::embedded().expect("the embedded model");
    let (mut plain, mut under) = (Vec::new(), Vec::new());
    fold(&history, &model, |assessed| plain.push((assessed.look.now, assessed.p_value.to_bits())));
    fold_under(&history, &model, &Policy::default(), |a| under.push((a.look.now, a.p_value.to_bits())));
    assert_eq!(plain, under);
}

#[test]
fn commands_take_verdicts_and_say_what_is_of_no_use() {
    let place = Place::new();
    place.write("events.parquet", parquet(&twice(7 * DAY).events));
    place.write(
        "verdicts.csv",
        "registry,package,version,verdict\nnpm,pkg,1.0.10,unsure\nnpm,pkg,1.0.10,malicious\nnpm,no,1.0.0,benign\n",
    );
    place.write("wrong.csv", "registry,package,version,verdict\nnpm,pkg,1.0.10,guilty\n");
    place.run(&["import", "--archive", "archive", "events.parquet"]).exits(0);
    let commands: [&[&str]; 3] = [
        &["score", "--archive", "archive", "--all"],
        &["investigate", "--archive", "archive", "pkg@1.0.11"],
        &["backtest", "--events", "events.parquet", "--scores", "scores.csv"],
    ];
    for command in commands {
        let said = place.run(&[command, &["--verdicts", "verdicts.csv", "--hold-alerts"]].concat()).exits(0).err;
        assert!(said.contains("3 verdicts: 1 replaced by a later row, 1 about no publish"), "{said}");
        let said = place.run(&[command, &["--verdicts", "wrong.csv"]].concat()).exits(1).err;
        assert!(said.contains("wrong.csv") && said.contains("line 2") && said.contains("benign, malicious or unsure"));
    }
}
