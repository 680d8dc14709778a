//! Findings as people read them: campaigns of several members together, where the highest of them stands.

use std::collections::{BTreeMap, HashMap};

use super::escape::shown;
use super::view::View;
use crate::archive::table::show_time;
use crate::detect::alert::Finding;
use crate::detect::wording::span;
use crate::engine::campaign::Campaign;

/// Accounts of a campaign named.
const ACCOUNTS: usize = 3;

/// What stands together.
pub enum Block<'a> {
    /// A finding of its own.
    One(&'a Finding),
    /// A campaign with those of its members that the view lists, the highest score first.
    Campaign(&'a Campaign, Vec<&'a Finding>),
}

/// The findings of a view, in its order.
#[must_use]
pub fn blocks(view: &View) -> Vec<Block<'_>> {
    let several: BTreeMap<&str, &Campaign> =
        view.campaigns.iter().filter(|c| c.members.len() > 1).map(|c| (c.id.as_str(), c)).collect();
    let mut place_of: HashMap<&str, usize> = HashMap::new();
    let mut blocks = Vec::new();
    for finding in &view.findings {
        let campaign = finding.campaign.as_ref().and_then(|of| several.get(of.id.as_str()).copied());
        let Some(campaign) = campaign else {
            blocks.push(Block::One(finding));
            continue;
        };
        let place = *place_of.entry(&campaign.id).or_insert(blocks.len());
        match blocks.get_mut(place) {
            Some(Block::Campaign(_, members)) => members.push(finding),
            _ => blocks.push(Block::Campaign(campaign, vec![finding])),
        }
    }
    blocks
}

/// How many of a campaign's members are no findings, as the end of a sentence; nothing where all are.
#[must_use]
pub fn quiet(campaign: &Campaign) -> String {
    match campaign.quiet.len() {
        0 => String::new(),
        n => format!("; {n} of them alike and below the budget"),
    }
}

/// A campaign in one sentence: how many, by whom, when, and what its alerts have in common.
#[must_use]
pub fn in_brief(campaign: &Campaign) -> String {
    let accounts = match campaign.accounts.as_slice() {
        [] => "publishers not recorded".to_owned(),
        few if few.len() <= ACCOUNTS => few.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", "),
        many => format!("{} accounts", many.len()),
    };
    let shared = if campaign.shared.is_empty() {
        "no signal in most of them".to_owned()
    } else {
        format!("in common: {}", campaign.shared.join(", "))
    };
    let raised = if campaign.raised > 0 { format!("; {} of them raised", campaign.raised) } else { String::new() };
    let quiet = quiet(campaign);
    format!(
        "{} publishes of {} {} by {accounts} in {} from {}; {shared}{raised}{quiet}",
        campaign.members.len(),
        campaign.packages,
        if campaign.packages == 1 { "package" } else { "packages" },
        span(campaign.last - campaign.first),
        show_time(campaign.first),
    )
}
