//! Learns a model from a history and documented attacks: cohorts, priors, trees, calibration, and how
//! well all this finds campaigns that it never saw.
//!
//! [`cohorts`] fits the mixtures, [`examples`] lays out what the trees read, [`boost`] grows them,
//! [`linear`] is the simpler model they are held against, [`leave_out`] measures, and [`made`] puts the
//! result into a model file. One seed, one thread a campaign, no clock: the same input gives the same bytes.

pub mod adversary;
pub mod boost;
pub mod cohorts;
pub mod examples;
pub mod leave_out;
pub mod linear;
pub mod made;

use std::collections::BTreeMap;

use super::backtest::Material;
use super::survey::{self, Fitted};
use crate::detect::forest::Forest;
use crate::detect::model::{File, Model};
use crate::detect::signals::SIGNALS;
use crate::error::{Error, Result};
use boost::Growth;
use examples::Examples;

/// How trees are grown unless something else is asked for.
pub const GROWTH: Growth = Growth {
    trees: 400,
    depth: 4,
    rate: 0.1,
    ridge: 0.5,
    least: 0.1,
    gain: 0.0,
    columns: 0.5,
    rows: 0.7,
    seed: 20_260_519,
};

/// What a training run needs to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How trees are grown.
    pub growth: Growth,
    /// Threads.
    pub threads: usize,
    /// How campaigns are left out.
    pub split: leave_out::Split,
    /// Leave each signal group out in turn, too.
    pub ablate: bool,
}

/// What came out.
pub struct Trained {
    /// The model, as its file.
    pub file: File,
    /// Measured with each campaign left out.
    pub held_out: leave_out::Measured,
    /// The same for the linear model, with its weights on everything.
    pub linear: (leave_out::Measured, Vec<(&'static str, f64)>),
    /// Measured with each signal group left out of the trees, in groups of campaigns.
    pub ablation: Vec<(String, leave_out::Measured)>,
    /// What tells attack rows from ordinary ones that the scorer does not judge.
    pub adversary: adversary::Found,
    /// Why the cohorts are those of the model that this one began from, if they are.
    pub kept_cohorts: Option<String>,
    /// Rows of publishes and of attacks that the trees were grown on.
    pub rows: (usize, usize),
}

/// Trains. `progress` is told what begins.
///
/// # Errors
/// When the attacks are too few to leave one campaign out.
pub fn train(material: &Material, base: &File, plan: &Plan, mut progress: impl FnMut(&str)) -> Result<Trained> {
    let mut file = base.clone();
    file.forest = Forest::default();
    let without = |file: &File| Model::from_file(file.clone(), String::new()).map_err(Error::tool);

    progress("cohorts");
    let clean = material.run(None);
    let fitted = cohorts::fit(&clean.history, &without(&file)?, plan.growth.seed);
    let kept = fitted.as_ref().err().map(ToString::to_string);
    (file.cohorts, file.packages) = fitted.unwrap_or((file.cohorts, file.packages));
    progress("priors");
    let fitted = survey::survey(&clean.history, &without(&file)?);
    refit(&mut file, &fitted);
    progress("examples");
    let mut examples = Examples::new(&clean, &without(&file)?);
    drop(clean);
    for number in material.folds() {
        examples.add_attacks(&material.run(Some(number)), &without(&file)?);
    }
    if examples.campaigns.len() < 2 {
        return Err(Error::no_input("the attacks are of fewer than two campaigns")
            .remedy("a model is judged on campaigns that it did not see: give a table with several"));
    }
    let examples = examples.ready();
    progress("each campaign left out");
    let held_out = leave_out::measure(&examples, plan, plan.split, &|_| true);
    progress("the linear model");
    let linear = linear::measure(&examples, plan)?;
    let mut ablation = Vec::new();
    if plan.ablate {
        ablation = leave_out::ablate(&examples, plan, &mut progress);
    }
    progress("what the scorer does not judge");
    let adversary = adversary::look(material, plan);
    progress("the model");
    let grown = examples.grow(&examples.teaching(|_| true), &|_| true, &plan.growth);
    let mut points = grown.score(&examples.table);
    file.calibration.prereleases = examples.equate(&mut points);
    file.calibration.reference = made::reference(&examples, &points);
    file.held_out = held_out.campaigns.iter().map(|(name, recall)| (name.clone(), recall.to_vec())).collect();
    file.forest = grown.forest;
    Ok(Trained { file, held_out, linear, ablation, adversary, kept_cohorts: kept, rows: examples.counts() })
}

/// Takes up fitted priors, but for what was set by hand.
fn refit(file: &mut File, fitted: &[Fitted]) {
    for (signal, prior) in SIGNALS.iter().zip(fitted) {
        let Some(entry) = file.signals.get_mut(signal.id).filter(|entry| !entry.by_hand) else { continue };
        if let (Fitted::Beta { all, apart, .. }, Some(beta)) = (prior, entry.beta.as_mut()) {
            let short = |[a, b]: [f32; 2]| [made::digits(a), made::digits(b)];
            *beta = short(*all);
            let named = |(name, pair): &(&str, [f32; 2])| ((*name).to_owned(), short(*pair));
            entry.cohorts = apart.iter().map(named).collect::<BTreeMap<_, _>>();
        }
    }
}
