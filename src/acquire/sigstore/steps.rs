//! The steps of a verification, in one table.

use std::fmt;

macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident, $id:literal, $title:literal, $proves:literal;)+) => {
        /// One step of a verification. The order is that of the table that a reader is shown; the order in
        /// which the steps run differs between certificates and keys.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum StepId { $($(#[$doc])* $variant,)+ }

        impl StepId {
            /// Every step, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable short name, as it stands in machine-readable output.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// What a reader is shown.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What is known once the step is verified.
            #[must_use]
            pub fn proves(self) -> &'static str {
                match self { $(Self::$variant => $proves,)+ }
            }
        }
    };
}

steps! {
    /// The object can be read and is of a supported kind.
    Parse, "parse", "readable", "the object is a bundle of a supported version with nothing missing";
    /// The statement is about the package, version and file that are asked for.
    Subject, "subject", "about this package", "the statement names the expected package and the expected digest";
    /// A trusted source says when the signature was made.
    Time, "time", "trusted time", "a log or a timestamp authority says when the signature existed";
    /// The certificate chains to an authority of the trusted root, at that time.
    Certificate, "certificate", "certificate chain", "the certificate authority issued the certificate, and it was valid at each trusted time";
    /// A certificate log has seen the certificate.
    Sct, "sct", "certificate log", "a certificate transparency log promised to publish the certificate";
    /// The log's promise to include the entry (its signed entry timestamp).
    Promise, "promise", "log promise", "the log signed the entry, its index and its time";
    /// The entry is in the log: Merkle proof up to a signed checkpoint.
    Inclusion, "inclusion", "log inclusion", "the entry is a leaf of the tree whose head the log signed";
    /// The log entry is about this very signature.
    Entry, "entry", "log entry content", "the logged entry holds this signature, this signer and this payload";
    /// The signature itself.
    Signature, "signature", "signature", "the holder of the key signed exactly this payload";
    /// npm's key was in use at the trusted time.
    KeyWindow, "key_window", "key in use", "the registry's key is known and was valid when it signed";
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was done and holds.
    Verified,
    /// It was done and does not hold, for this reason.
    Failed(String),
    /// It does not apply to this object, or what it would look at is not there.
    Absent,
    /// An earlier failure ended the verification.
    NotReached,
}

/// A step with how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which step.
    pub id: StepId,
    /// How it ended.
    pub state: State,
}

/// The steps while a verification runs: each not reached until something is set.
#[derive(Debug)]
pub(super) struct Ledger(Vec<Step>);

impl Ledger {
    pub(super) fn new() -> Self {
        Self(StepId::ALL.iter().map(|&id| Step { id, state: State::NotReached }).collect())
    }

    pub(super) fn set(&mut self, id: StepId, state: State) {
        if let Some(step) = self.0.iter_mut().find(|step| step.id == id) {
            step.state = state;
        }
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.0
    }
}
