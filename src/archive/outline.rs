//! What of every publish decides whether the judgement of another one depends on it: read first, so that of a large
//! table the rest is read for few publishes only.

use super::columns::{COLUMNS, Column, Row};
use super::history::{Event, History, Parser};
use super::sheet::Sheet;
use super::table;
use super::vocabulary::{Sym, Vocabulary};
use crate::error::Result;
use crate::names::ReleaseId;

/// A publish in outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Publish time, milliseconds since the epoch.
    pub at: i64,
    /// Registry id.
    pub registry: Sym,
    /// Package.
    pub package: Sym,
    /// Who published, as [`super::history::Parsed::actor`].
    pub actor: Sym,
    /// Dependency list.
    pub dependencies: Sym,
    /// Optional dependencies.
    pub optional_dependencies: Sym,
    /// Install hooks.
    pub install_script_id: Sym,
    /// No longer public.
    pub removed: Option<bool>,
}

impl From<&Event> for Outline {
    fn from(event: &Event) -> Self {
        Self {
            at: event.at,
            registry: event.registry,
            package: event.package,
            actor: event.actor,
            dependencies: event.dependencies,
            optional_dependencies: event.optional_dependencies,
            install_script_id: event.install_script_id,
            removed: event.removed,
        }
    }
}

impl History {
    /// Every publish in outline.
    #[must_use]
    pub fn outlines(&self) -> Vec<Outline> {
        self.events.iter().map(Outline::from).collect()
    }
}

/// Columns that an outline is made of; those that say who published are among them.
const OUTLINE: [&str; 13] = [
    "registry",
    "package",
    "published_at",
    "removed",
    "publisher",
    "trusted_publisher",
    "repository",
    "oidc_config_id",
    "ci_workflow",
    "cert_repository",
    "dependencies",
    "optional_dependencies",
    "install_script_id",
];
/// Rows that are laid out at a time: they fit into the processor's cache.
const BLOCK: usize = 8_192;

/// A table whose rows are in the order of a history, in outline.
pub struct Outlined<'a> {
    sheet: Sheet<'a>,
    /// Strings of the outlines.
    pub words: Vocabulary,
    /// Every publish.
    pub outlines: Vec<Outline>,
}

impl<'a> Outlined<'a> {
    /// Reads the outlines of a table.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn read(sheet: Sheet<'a>) -> Result<Self> {
        let mut words = Vocabulary::default();
        let mut parser = Parser::default();
        let mut columns = Vec::new();
        for column in COLUMNS.iter().filter(|c| OUTLINE.contains(&c.name)) {
            if let Some(series) = sheet.series(column)? {
                columns.push((column, series));
            }
        }
        let mut outlines = Vec::with_capacity(sheet.rows());
        let mut block = Vec::new();
        while outlines.len() < sheet.rows() {
            let from = outlines.len();
            let length = BLOCK.min(sheet.rows() - from);
            block.clear();
            block.resize(length, Row::default());
            for (column, series) in &columns {
                let part = series.slice(i64::try_from(from).unwrap_or(i64::MAX), length);
                table::fill(column, &part, &mut block, &mut words)?;
            }
            outlines.extend(block.iter_mut().map(|row| {
                row.parsed.at = row.published_at.get().unwrap_or_default();
                row.parsed.actor = parser.actor(row, &mut words);
                Outline::from(&*row)
            }));
        }
        Ok(Self { sheet, words, outlines })
    }

    /// Position of a release; `None` where there is none.
    ///
    /// # Errors
    /// When the table is damaged.
    pub fn find(&self, release: &ReleaseId) -> Result<Option<usize>> {
        let (Some(registry), Some(package)) = (self.words.find(&release.registry), self.words.find(&release.package))
        else {
            return Ok(None);
        };
        let Some(column) = COLUMNS.iter().find(|column| column.name == "version") else { return Ok(None) };
        let Some(series) = self.sheet.series(column)? else { return Ok(None) };
        let Ok(versions) = series.str() else { return Ok(None) };
        let is_meant = |&at: &usize| {
            let outline = &self.outlines[at];
            outline.package == package
                && outline.registry == registry
                && versions.get(at) == Some(release.version.as_str())
        };
        Ok((0..self.outlines.len()).find(is_meant))
    }

    /// The publishes at these positions, rising, in full.
    ///
    /// # Errors
    /// When the table is damaged.
    pub fn history(&self, positions: &[usize]) -> Result<History> {
        let mut words = Vocabulary::default();
        let mut rows = vec![Row::default(); positions.len()];
        let places: Vec<u32> = positions.iter().filter_map(|&at| u32::try_from(at).ok()).collect();
        for column in COLUMNS {
            self.fill(column, &places, &mut rows, &mut words)?;
        }
        Ok(History::new(rows, words))
    }

    fn fill(&self, column: &Column, places: &[u32], rows: &mut [Row], words: &mut Vocabulary) -> Result<()> {
        let Some(series) = self.sheet.series(column)? else { return Ok(()) };
        let chosen = self.sheet.chosen(&series, places)?;
        table::fill(column, &chosen, rows, words)
    }
}
