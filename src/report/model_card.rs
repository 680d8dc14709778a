//! A trained model as a file, and its card.

use std::fmt::Write;

use crate::detect::model::File;
use crate::engine::evaluate::BUDGETS;
use crate::engine::train::Trained;
use crate::engine::train::boost::{Growth, POINTS_PER_NAT};
use crate::engine::train::cohorts::{Components, PACKAGE_TRAITS, PUBLISHER_TRAITS, TRAITS};
use crate::engine::train::leave_out::Measured;
use crate::error::{Error, Result};

/// What a card says besides the measures.
pub struct Made<'a> {
    /// Id of the model.
    pub model: &'a str,
    /// Day of training, `YYYY-MM-DD`.
    pub day: &'a str,
    /// Beginning of the hash of the event table.
    pub events: &'a str,
    /// Beginning of the hash of the attack table.
    pub attacks: &'a str,
    /// How trees were grown.
    pub growth: &'a Growth,
    /// What came out.
    pub trained: &'a Trained,
}

const HEADER: &str = "\
# How evidence is weighed. Made by `gaitkeeper train`; MODEL_CARD.md says from what, and how good it is.
#
# A signal's surprise is -log2 of a predictive probability under its prior:
#   beta = [a, b]                    of something that happens or not; [signals.X.cohorts] by kind of publisher, or of package
#   tail = [scale, exponent, weight] of a size: P(size >= s) = scale * s^-exponent, worth `weight` observations
#   normal = [mean, sd, weight]      of a quantity (natural logarithm of hours)
# `train` fits beta priors again, but for those marked by_hand, and leaves tail and normal priors as they are.
# A score is the forest's start and one leaf of each tree: hundredths of the natural logarithm of the odds. The points of
# a prerelease count as [calibration] says: between two steps on the line through them.

";

/// The model file.
///
/// # Errors
/// When it cannot be put into words, which only a broken number could cause.
pub fn model_file(file: &File) -> Result<String> {
    let text = toml::to_string(file).map_err(|e| Error::tool(format!("the model cannot be written: {e}")))?;
    Ok(format!("{HEADER}{text}"))
}

/// The measures with each campaign left out, for reading.
#[must_use]
pub fn table(trained: &Trained) -> String {
    let mut out = String::from("recall with each campaign left out: mean over campaigns (on the first publish)\n\n");
    let _ = write!(out, "{:<24}", "");
    for budget in BUDGETS {
        let _ = write!(out, " {:>16}", format!("1/{budget}"));
    }
    out.push('\n');
    let mut line = |name: &str, measured: &Measured| {
        let _ = write!(out, "{name:<24}");
        for (any, first) in measured.mean() {
            let _ = write!(out, "    {any:.3} ({first:.3})");
        }
        out.push('\n');
    };
    line("trees", &trained.held_out);
    line("linear (five groups)", &trained.linear.0);
    for (name, measured) in &trained.ablation {
        line(name, measured);
    }
    out
}

fn recalls(out: &mut String, name: &str, recall: &[(f64, f64)]) {
    let _ = write!(out, "| {name} |");
    for (any, first) in recall {
        let _ = write!(out, " {any:.3} ({first:.3}) |");
    }
    out.push('\n');
}

fn recall_header(out: &mut String, first: &str) {
    let _ = write!(out, "| {first} |");
    for budget in BUDGETS {
        let _ = write!(out, " 1/{budget} |");
    }
    out.push_str("\n| --- |");
    out.push_str(&" --- |".repeat(BUDGETS.len()));
    out.push('\n');
}

/// The card.
#[must_use]
pub fn card(made: &Made) -> String {
    let (trained, growth) = (made.trained, made.growth);
    let mut out = String::from("# Model card\n\n");
    let _ = writeln!(
        out,
        "Model `{}`, made on {} by\n`gaitkeeper train --events EVENTS --attacks ATTACKS --seed {} --trees {} --depth {} --rate {}{}`\n\
         from {} ordinary publishes and {} publishes of documented attacks (BLAKE3 of the tables begins `{}` and `{}`).\n",
        made.model,
        made.day,
        growth.seed,
        growth.trees,
        growth.depth,
        growth.rate,
        if trained.ablation.is_empty() { "" } else { " --ablate" },
        trained.rows.0,
        trained.rows.1,
        made.events,
        made.attacks,
    );
    let weighed = (f64::from(-trained.file.forest.start) / POINTS_PER_NAT).exp();
    let _ = write!(
        out,
        "What it is: boosted trees over the surprises of all signals, sums of them, and the circumstances of the publish;\n\
         a surprise can only raise a score. A score is the logarithm of the odds in training, where attacks were\n\
         given the weight of one in {:.0}: an order, not the probability of an attack. A score that prereleases reach more often\n\
         than other versions counts as one that as many of those reach.\n\n## Recall, each campaign left out in turn\n\n\
         Mean over campaigns of the share of incidents with an alert on any publish, in brackets on the first. A model is\n\
         made without the campaign; its thresholds are the scores that the budget's share of ordinary publishes exceeds.\n\n",
        (weighed / 100.0).round() * 100.0,
    );
    recall_header(&mut out, "model");
    recalls(&mut out, "trees (shipped)", &trained.held_out.mean());
    recalls(&mut out, "linear, weights not negative (five groups left out)", &trained.linear.0.mean());
    out.push('\n');
    recall_header(&mut out, "campaign");
    for (campaign, recall) in &trained.held_out.campaigns {
        recalls(&mut out, campaign, recall);
    }
    if !trained.ablation.is_empty() {
        out.push_str(
            "\n## Without a group of signals\n\nTrees without sums over all signals, campaigns left out in five groups.\n\n",
        );
        recall_header(&mut out, "signals");
        for (name, measured) in &trained.ablation {
            recalls(&mut out, name, &measured.mean());
        }
    }
    weights(&mut out, trained);
    cohorts(&mut out, trained);
    adversary(&mut out, trained);
    out.push_str(LIMITS);
    out
}

fn weights(out: &mut String, trained: &Trained) {
    out.push_str("\n## Weights of the linear model\n\nNatural logarithm of the odds a bit, fitted on everything:");
    let mut weights: Vec<_> = trained.linear.1.iter().filter(|(_, w)| *w > 0.0).collect();
    weights.sort_by(|a, b| b.1.total_cmp(&a.1));
    let words: Vec<String> = weights.iter().map(|(id, w)| format!(" {id} {w:.2}")).collect();
    let _ = writeln!(out, "{}.", words.join(","));
}

fn cohorts(out: &mut String, trained: &Trained) {
    let file = &trained.file;
    mixture(out, "Publishers", "accounts", &PUBLISHER_TRAITS, &file.cohorts);
    mixture(out, "Packages", "packages", &PACKAGE_TRAITS, &file.packages);
    if let Some(why) = &trained.kept_cohorts {
        let _ = writeln!(out, "\nThey are those of the model before, because {why}.");
    }
    let names = |by_package: bool| {
        let apart = file.signals.iter().filter(|(_, entry)| !entry.cohorts.is_empty());
        let chosen = apart.filter(|(_, entry)| entry.goes_by_package() == by_package);
        chosen.map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(
        out,
        "\nA signal's priors go by kind of publisher or by kind of package, whichever made the history likelier.\n\
         By publisher: {}.\nBy package: {}.",
        names(false),
        names(true)
    );
}

fn mixture(out: &mut String, title: &str, of: &str, traits: &[&str; TRAITS], components: &Components) {
    let _ = write!(
        out,
        "\n## {title}\n\nComponents of a Gaussian mixture over summaries of {of}; mean of each trait.\n\n| cohort | share |"
    );
    for name in traits {
        let _ = write!(out, " {name} |");
    }
    out.push_str("\n| --- | --- |");
    out.push_str(&" --- |".repeat(TRAITS));
    out.push('\n');
    for (name, entry) in components {
        let _ = write!(out, "| {name} | {:.3} |", entry.share);
        for mean in entry.mean {
            let _ = write!(out, " {mean:.2} |");
        }
        out.push('\n');
    }
}

fn adversary(out: &mut String, trained: &Trained) {
    let found = &trained.adversary;
    let _ = writeln!(
        out,
        "\n## Traces of the replay\n\nA model grown on columns that the scorer does not judge tells attacks from ordinary publishes of the same\n\
         half hour ({} and {} rows, campaigns left out in five groups) with an area under the curve of {:.3} (0.5: it cannot).\n\
         Each column alone: {}.\n",
        found.rows.0,
        found.rows.1,
        found.auc,
        found.columns.iter().map(|(name, auc)| format!("{name} {auc:.3}")).collect::<Vec<_>>().join(", "),
    );
    out.push_str(
        "What follows from it: the trees never see a version's numbers, names, spellings, dates or times of day; prereleases\n\
         do not teach the trees, because no documented attack is one; growth of size and files below ten per cent counts as none.\n",
    );
}

const LIMITS: &str = "
## Known failures

- One or two quick versions by the usual account with nothing else unusual, attested releases through the usual
  workflow, and a hand-over to a stranger long before the attack look like their maintainer and stay below the line.
- The attacks are documented ones, most of them put into other accounts' real histories: what reports leave open is as
  the victim always did it. Real attackers leave more traces, and other ones.
- Ordinary publishes were not left out when thresholds were taken: in a year that the model has not seen, expect more
  alerts than the budget says, and read the empirical rate that every report prints.
- The history is of packages that web front ends depend on; the long tail of single-author packages is thin.

## What not to use it for

It never says that a release is malicious, nor that one is safe. It is no ground for action against a person: it says how
unlike its maintainer a publish is, and what to look at.
";
