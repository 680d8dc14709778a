//! A package as it stands: its versions, its size, what it depends on.

use super::random::draw;
use crate::archive::block::{Mark, Repeated};

/// What a release changes in the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// 1.2.3 to 1.2.4.
    Patch,
    /// 1.2.3 to 1.3.0.
    Minor,
    /// 1.2.3 to 2.0.0.
    Major,
    /// The line before the last major step: 1.9.4 to 1.9.5 while 2.1.0 is out. Without one, a patch.
    OldLine,
}

impl Step {
    /// In the order in which the habits state their shares.
    pub const ALL: [Self; 4] = [Self::Patch, Self::Minor, Self::Major, Self::OldLine];
}

type Triple = [u32; 3];

/// Version numbers that have been used. No number is used twice.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    newest: Option<Triple>,
    old: Option<Triple>,
    previews: u32,
}

impl Versions {
    /// Writes the version of the next stable release into `text`.
    pub fn stable(&mut self, step: Step, first: Triple, text: &mut String) {
        let next = match (self.newest, step, self.old.as_mut()) {
            (None, ..) => {
                // A preview of the first version was already one of it.
                self.newest = Some(first);
                first
            }
            (Some(_), Step::OldLine, Some(old)) => {
                old[2] += 1;
                return write(*old, text);
            }
            (Some([major, minor, patch]), step, _) => match step {
                Step::Patch | Step::OldLine => [major, minor, patch + 1],
                Step::Minor => [major, minor + 1, 0],
                Step::Major => [major + 1, 0, 0],
            },
        };
        if next[0] > self.newest.unwrap_or(next)[0] {
            self.old = self.newest;
        }
        self.newest = Some(next);
        self.previews = 0;
        write(next, text);
    }

    /// Writes the version of the next prerelease, of the patch that would follow, into `text`.
    pub fn preview(&mut self, channel: &str, first: Triple, text: &mut String) {
        let [major, minor, patch] = self.newest.map_or(first, |[major, minor, patch]| [major, minor, patch + 1]);
        write([major, minor, patch], text);
        text.push('-');
        text.push_str(channel);
        text.push('.');
        push_number(self.previews, text);
        self.previews += 1;
    }
}

fn write(triple: Triple, text: &mut String) {
    for (i, part) in triple.into_iter().enumerate() {
        if i > 0 {
            text.push('.');
        }
        push_number(part, text);
    }
}

/// Appends decimal digits.
pub fn push_number(mut number: u32, text: &mut String) {
    let mut digits = [0_u8; 10];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits[at..].iter().for_each(|d| text.push(*d as char));
}

/// A package that has been published.
#[derive(Clone, Debug)]
pub struct Package {
    /// Everything about it that is drawn is drawn from this.
    pub seed: u64,
    /// Where its name is.
    pub name: Mark,
    /// Where its repository is.
    pub repository: Mark,
    /// Where its trusted-publisher configuration is.
    pub configuration: Mark,
    /// Its dependencies, joined.
    pub dependencies: Repeated,
    /// Versions so far.
    pub versions: Versions,
    /// Natural logarithm of its size at the first publish, and of its size by that now.
    pub size: (f64, f64),
    /// Files at the first publish.
    pub files: f64,
    /// Texts that its install hooks have had.
    pub hook_texts: u32,
    /// Version with which it begins.
    pub first: Triple,
}

impl Package {
    /// Whether something that a share of packages has is there: the same packages at every share.
    #[must_use]
    pub fn has(&self, what: u64, share: f64) -> bool {
        draw(self.seed, what) < share
    }

    /// Reads something of every part of it.
    #[must_use]
    pub fn touch(&self) -> u64 {
        self.seed ^ u64::from(self.hook_texts) ^ self.size.0.to_bits() ^ u64::from(self.versions.previews)
    }
}
