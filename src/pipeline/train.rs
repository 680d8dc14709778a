//! `train`: a model from a history and documented attacks.

use std::fs;

use super::Means;
use crate::archive::files;
use crate::archive::scores::{Scores, fingerprint};
use crate::archive::table::show_time;
use crate::cli::train::Train;
use crate::detect::model::{File, Model};
use crate::engine::backtest::Material;
use crate::engine::embedded::fold;
use crate::engine::train::boost::Growth;
use crate::engine::train::leave_out::Split;
use crate::engine::train::{GROWTH, Plan, train as learn};
use crate::error::{Error, Result, exit};
use crate::report::model_card::{self, Made};
use crate::report::progress::Progress;

/// Steps that a training run announces without the ablation.
const STEPS: usize = 7;
/// Further steps of the ablation.
const ABLATION_STEPS: usize = 7;

pub(super) fn train(options: &Train, means: &Means) -> Result<u8> {
    let base = match &means.model {
        None => File::embedded()?,
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|e| files::unreadable(path, &e))?;
            File::parse(&text, path)?
        }
    };
    let material = Material::read(&options.events, Some(&options.attacks))?;
    let growth =
        Growth { trees: options.trees, depth: options.depth, rate: options.rate, seed: options.seed, ..GROWTH };
    let threads = super::threads(None);
    let split = options.groups.map_or(Split::Each, |n| Split::Groups(n.into()));
    let plan = Plan { growth, threads, split, ablate: options.ablate };
    let steps = STEPS + if options.ablate { ABLATION_STEPS } else { 0 };
    let mut progress = Progress::new("training", steps, means.terminal.quiet);
    let mut done = 0;
    let trained = learn(&material, &base, &plan, |_| {
        progress.at(done);
        done += 1;
    })?;
    drop(progress);

    let text = model_card::model_file(&trained.file)?;
    let model = Model::parse(&text, &options.out.join("model.toml"))?;
    let hash = |path| fs::read(path).map(|bytes| fingerprint(&bytes)).map_err(|e| files::unreadable(path, &e));
    let mut scores =
        Scores { model: model.id.clone(), events: hash(&options.events)?, points: Vec::with_capacity(trained.rows.0) };
    fold(&material.run(None).history, &model, |assessed| scores.points.push(assessed.assessment.points));
    let card = model_card::card(&Made {
        model: &model.id,
        day: &show_time(means.now())[..10],
        events: &scores.events,
        attacks: &hash(&options.attacks)?,
        growth: &growth,
        trained: &trained,
    });
    fs::create_dir_all(&options.out).map_err(|e| {
        Error::tool(format!("the folder cannot be made: {e}")).file(&options.out).remedy("choose another with --out")
    })?;
    files::replace(&options.out.join("model.toml"), text.as_bytes())?;
    files::replace(&options.out.join("MODEL_CARD.md"), card.as_bytes())?;
    files::replace(&options.out.join("scores.parquet"), &scores.to_parquet()?)?;
    means.terminal.remark(&format!("model {} into {}", model.id, options.out.display()));
    means.terminal.result(&model_card::table(&trained)).map(|()| exit::CLEAN)
}
