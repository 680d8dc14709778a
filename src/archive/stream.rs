//! Event tables that are larger than memory: blocks of rows go into a Parquet file one after the other.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use polars::io::parquet::write::{
    BatchedWriter, KeyValueMetadata, ParquetCompression, ParquetWriter, StatisticsOptions,
};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{DataFrame, PolarsError, Schema};
use polars_parquet::read::ParquetError;
use polars_parquet::write::{
    Compressor, DynIter, DynStreamingIterator, Encoding, FallibleStreamingIterator, array_to_columns,
};
use tempfile::NamedTempFile;

use super::block::{self, Block};
use super::columns::SCHEMA_VERSION;
use super::files;
use super::sheet::SCHEMA_KEY;
use crate::error::{Error, Result};

/// How hard columns are compressed: the default, 3, makes a file smaller by a twenty-fifth and takes longer.
const LEVEL: i32 = 1;

/// A Parquet file that takes blocks and appears under its name when it is finished.
pub struct Sink {
    writer: BatchedWriter<BufWriter<File>>,
    file: NamedTempFile,
    path: PathBuf,
}

impl Sink {
    /// Opens a file beside `path`, for blocks with or without labels.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(path: &Path, labels: bool) -> Result<Self> {
        Self::of(path, &block::schema(labels), &[(SCHEMA_KEY, &SCHEMA_VERSION.to_string())])
    }

    /// The same for frames of this schema; the file says `facts` of itself.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn of(path: &Path, schema: &Schema, facts: &[(&str, &str)]) -> Result<Self> {
        let file = files::beside(path)?;
        let handle = file.reopen().map_err(|e| files::unwritable(path, &e))?;
        let writer = ParquetWriter::new(BufWriter::new(handle))
            .with_compression(ParquetCompression::Zstd(ZstdLevel::try_new(LEVEL).ok()))
            // Whoever reads these tables reads all of them.
            .with_statistics(StatisticsOptions::empty())
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(
                facts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            )))
            .batched(schema)
            .map_err(|e| failed(&e))?;
        Ok(Self { writer, file, path: path.to_path_buf() })
    }

    /// Writes a block as a row group; one without rows leaves none.
    ///
    /// # Errors
    /// When the encoder fails or the disk is full.
    pub fn write(&mut self, block: Block) -> Result<()> {
        let rows = block.len();
        if rows == 0 {
            return Ok(());
        }
        self.encode(rows, block).map_err(|e| failed(&e).file(&self.path))
    }

    /// The encoder is told by the arrays which strings repeat; frames would have to say it in their schema, and so would the
    /// file.
    fn encode(&mut self, rows: usize, block: Block) -> std::result::Result<(), PolarsError> {
        let arrays = block.arrays()?;
        let types = self.writer.parquet_schema().fields().to_vec();
        let mut writer = self.writer.get_writer().lock().unwrap_or_else(PoisonError::into_inner);
        let options = writer.options();
        let columns = arrays.into_iter().zip(types).map(|(array, kind)| {
            // Nothing repeats where there is nothing, and looking for it takes as long.
            let encoding = if array.null_count() == array.len() { Encoding::Plain } else { Encoding::RleDictionary };
            let mut pages = array_to_columns(array, kind, options, &[encoding])?;
            let pages = pages.swap_remove(0).map(|page| page.map_err(|e| ParquetError::OutOfSpec(e.to_string())));
            let compressed = Compressor::new_from_vec(pages, options.compression, Vec::new());
            Ok(DynStreamingIterator::new(compressed.map_err(PolarsError::from)))
        });
        writer.write(rows as u64, DynIter::new(columns))
    }

    /// The same for a frame.
    ///
    /// # Errors
    /// When the encoder fails or the disk is full.
    pub(super) fn write_frame(&mut self, frame: &DataFrame) -> Result<()> {
        self.writer.write_batch(frame).map_err(|e| failed(&e).file(&self.path))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> Result<()> {
        self.writer.finish().map_err(|e| failed(&e).file(&self.path))?;
        drop(self.writer);
        self.file.as_file().sync_all().map_err(|e| files::unwritable(&self.path, &e))?;
        self.file.persist(&self.path).map_err(|e| files::unwritable(&self.path, &e.error))?;
        Ok(())
    }
}

pub(super) fn failed(cause: &PolarsError) -> Error {
    Error::tool(format!("the Parquet encoder failed: {cause}")).remedy("check the free space")
}
