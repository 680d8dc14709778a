//! `train`: a model and its card from a history and attacks; the same seed gives the same bytes.

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::detect::scene::{Scene, said};
use polars::prelude::Column;

use crate::command::Place;
use crate::tables::{parquet, with_columns};

/// Some hundred accounts, each with a package and habits of its own.
fn events() -> Vec<PublishEvent> {
    let mut all = Vec::new();
    for account in 0..120 {
        let scene = Scene::steady(30).all(|e| {
            let shift = i64::from(account) * 7_919_000 * (1 + i64::from(account % 5));
            e.publisher = Some(format!("ann-{account}"));
            e.package = Some(format!("pkg-{account}"));
            e.published_at = e.published_at.map(|at| at + shift);
            e.git_head = e.git_head.take().filter(|_| account % 3 > 0);
        });
        all.extend(scene.events);
    }
    all
}

/// Three campaigns of four incidents: a stranger with an install hook, nothing else.
fn attacks(events: &[PublishEvent]) -> Vec<u8> {
    let (mut rows, mut campaigns, mut instances) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..12 {
        rows.push(PublishEvent {
            publisher: Some(format!("eve-{i}")),
            publisher_email_id: said("eeeeeeeeeeee"),
            install_scripts: said("postinstall"),
            install_script_id: Some(format!("h{i}")),
            git_head: None,
            ..events[i * 300 + 25].clone()
        });
        campaigns.push(["worm", "clipper", "miner"][i % 3]);
        instances.push(format!("made:{i}"));
    }
    let fold = Column::new("fold".into(), vec![0_i64; rows.len()]);
    let columns = [Column::new("campaign".into(), campaigns), Column::new("instance".into(), instances), fold];
    with_columns(&rows, columns.to_vec())
}

fn train(place: &Place, out: &str) -> String {
    let args =
        ["train", "--events", "e.parquet", "--attacks", "a.parquet", "--trees", "30", "--groups", "3", "--ablate"];
    place.run(&[&args[..], &["--out", out]].concat()).exits(0).out
}

#[test]
fn a_model_is_learnt_and_scores() {
    let place = Place::new();
    let events = events();
    place.write("e.parquet", parquet(&events));
    place.write("a.parquet", attacks(&events));
    let table = train(&place, "one");
    assert!(table.contains("trees") && table.contains("linear") && table.contains("without footprint"), "{table}");
    assert_eq!(train(&place, "two"), table);
    for file in ["model.toml", "MODEL_CARD.md", "scores.parquet"] {
        let read = |out: &str| std::fs::read(place.path(&format!("{out}/{file}"))).expect(file);
        assert_eq!(read("one"), read("two"), "the same seed, the same bytes: {file}");
    }
    let card = std::fs::read_to_string(place.path("one/MODEL_CARD.md")).expect("the card");
    for part in
        ["gaitkeeper train --events", "| worm |", "## Without a group", "## Known failures", "area under the curve"]
    {
        assert!(card.contains(part), "the card lacks `{part}`");
    }

    let backtest = ["backtest", "--events", "e.parquet", "--attacks", "a.parquet", "--scores", "s.csv"];
    place.run(&[&backtest[..], &["--model", "one/model.toml"]].concat()).exits(0);
    let mut scores: Vec<(f64, bool)> = csv::Reader::from_path(place.path("s.csv"))
        .expect("scores")
        .records()
        .map(|row| row.expect("a row"))
        .map(|row| (row[4].parse().expect("a score"), &row[6] == "true"))
        .collect();
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert!(scores[..12].iter().all(|(_, attack)| *attack), "the twelve attacks lead: {:?}", &scores[..14]);
}

#[test]
fn one_campaign_is_too_few() {
    let place = Place::new();
    let events = events();
    place.write("e.parquet", parquet(&events));
    let one = with_columns(
        &[PublishEvent { publisher: said("eve"), ..events[325].clone() }],
        vec![
            Column::new("campaign".into(), ["worm"]),
            Column::new("instance".into(), ["made:1"]),
            Column::new("fold".into(), [0_i64]),
        ],
    );
    place.write("a.parquet", one);
    let run = place.run(&["train", "--events", "e.parquet", "--attacks", "a.parquet", "--out", "m"]).exits(3);
    run.says(&["fewer than two campaigns", "help: "]);
    assert!(!place.path("m").exists(), "nothing was written");
}
