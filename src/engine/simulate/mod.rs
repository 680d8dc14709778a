//! A registry that never was: accounts with habits like those of a real one, publishing in the order of time, as many
//! events as are wanted. For measurements of speed, and for worms inside of ordinary traffic.
//!
//! [`fit`] measures habits on a history, [`habits`] keeps them, [`population`] draws who is there, [`process`] lets them act
//! in turn ([`calendar`]), [`registry`] shows what they publish, [`worms`] strike, [`check`] compares the outcome with a
//! history. Enter through [`write`].

pub mod acts;
pub mod adoption;
pub mod balance;
pub mod calendar;
pub mod check;
pub mod fit;
pub mod habits;
pub mod package;
pub mod population;
pub mod process;
pub mod random;
pub mod registry;
pub mod worms;

use std::sync::mpsc::sync_channel;

use self::habits::Habits;
use self::population::Population;
use self::process::Process;
use self::worms::{Struck, Worm};
use crate::archive::block::{BLOCK, Block};
use crate::archive::stream::Sink;
use crate::error::{Error, Result};

/// What is wanted.
pub struct Plan<'a> {
    /// Publishes.
    pub events: u64,
    /// Seed of every choice.
    pub seed: u64,
    /// Added to every time of the habits' years, milliseconds.
    pub shift: i64,
    /// Worms, in the order of their runs.
    pub worms: Vec<&'a Worm>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Publishes.
    pub events: u64,
    /// Accounts.
    pub accounts: usize,
    /// Packages that were published.
    pub packages: usize,
    /// What each worm did.
    pub struck: Vec<Struck>,
}

/// Writes a registry's events, and what worms did to it. One thread publishes, one writes; the same plan and habits give the
/// same bytes.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    plan: &Plan,
    habits: &Habits,
    mut events: Sink,
    attacks: Option<Sink>,
    mut progress: impl FnMut(u64),
) -> Result<Made> {
    /// Blocks that wait for the writer: memory, against a publisher that would stand still.
    const WAITING: usize = 1;
    let mut population = Population::draw(habits, plan.events, plan.seed);
    for worm in plan.worms.iter().filter(|worm| worm.accounts == 1) {
        population.appoint(worm.at(habits), worm.packages);
    }
    let population = population;
    let mut made = Made { accounts: population.actors.len(), ..Made::default() };
    let (blocks, taken) = sync_channel::<Block>(WAITING);
    let mut fallen = Block::new(true);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for block in taken {
                events.write(block)?;
            }
            events.finish()
        });
        let mut process = Process::new(habits, &population, plan.seed, plan.shift);
        let mut worms: Vec<(usize, &Worm, i64)> =
            plan.worms.iter().enumerate().map(|(i, worm)| (i, *worm, worm.at(habits))).collect();
        worms.sort_by_key(|w| std::cmp::Reverse((w.2, w.0)));
        made.struck = vec![Struck::default(); worms.len()];
        let mut block = Block::new(false);
        while let Some((at, actor)) = process.next_publish() {
            while let Some((number, worm, when)) = worms.pop_if(|w| w.2 <= at) {
                made.struck[number] = process.strike(worm, number, when, &mut fallen);
            }
            process.publish(at, actor, &mut block);
            if block.len() == BLOCK {
                made.events += BLOCK as u64;
                progress(made.events);
                if blocks.send(std::mem::replace(&mut block, Block::new(false))).is_err() {
                    // The writer has failed; its error is what there is to say.
                    break;
                }
            }
        }
        made.events += block.len() as u64;
        made.packages = process.published();
        if !block.is_empty() {
            let _ = blocks.send(block);
        }
        drop(blocks);
        writer.join().unwrap_or_else(|_| Err(Error::tool("the writer of events ended unexpectedly")))
    })?;
    if let Some(mut attacks) = attacks {
        attacks.write(fallen)?;
        attacks.finish()?;
    }
    Ok(made)
}
