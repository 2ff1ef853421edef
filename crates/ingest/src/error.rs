//! Why an import failed as a whole.

/// Any error of a reader.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The reader could not read the source.
    #[error("{0}")]
    Reader(BoxError),
    /// The source does not say what its coordinates mean.
    #[error(
        "'{source_name}' states no coordinate system, and its coordinates ({bounds}) are no longitudes and latitudes: name it with --crs{suggestions}"
    )]
    NeedsCrs {
        /// The source.
        source_name: String,
        /// Box of the first coordinates.
        bounds: String,
        /// What it could be.
        suggestions: String,
    },
    /// The coordinate system can not be used.
    #[error("'{source_name}': {error}")]
    Crs {
        /// The source.
        source_name: String,
        /// What PROJ says.
        error: onemap_crs::Error,
    },
    /// A field that the user named is not there.
    #[error("'{source_name}' has no field '{field}' ({option}); it has: {fields}")]
    NoField {
        /// The source.
        source_name: String,
        /// The field named.
        field: String,
        /// The option that names it.
        option: &'static str,
        /// The fields there are.
        fields: String,
    },
    /// Not one record could be kept.
    #[error("none of the {read} records of '{source_name}' can be kept; the first: {reason}")]
    NothingKept {
        /// The source.
        source_name: String,
        /// Records read.
        read: u64,
        /// Why the first was rejected.
        reason: String,
    },
    /// The sources hold no layer at all.
    #[error("'{0}' holds no features that can be imported: 'onemap inspect' shows what is in it")]
    NoLayers(String),
    /// The list of findings could not be written.
    #[error("can not write the findings to '{path}': {why}")]
    Findings {
        /// The file.
        path: String,
        /// Why not.
        why: String,
    },
    /// The list of changes could not be written.
    #[error("can not write the changes to '{path}': {why}")]
    Changes {
        /// The file.
        path: String,
        /// Why not.
        why: String,
    },
    /// The layer is not the one any more that the package was compared with.
    #[error(
        "the layer '{layer}' was changed since the review: {then} then, {now} now; compare the package again, then accept it"
    )]
    ChangedMeanwhile {
        /// The layer.
        layer: String,
        /// What was there at the review.
        then: String,
        /// What is there.
        now: String,
    },
    /// The list of rejected records could not be written.
    #[error("can not write the list of rejected records to '{path}': {error}")]
    Rejects {
        /// The file.
        path: String,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] onemap_store::StoreError),
    /// A worker thread failed.
    #[error("a worker failed: {0}")]
    Worker(String),
}
