//! What one operator may cost, and what is read of a catalog.

/// The limits of one operator. A value equal to its limit passes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of all files together, uncompressed; the rules may not let them grow past that either.
    pub uncompressed_size: u64,
    /// Entries of the archive, directories among them.
    pub entries: usize,
    /// Segments of a path: `a/b` has two.
    pub path_segments: usize,
    /// Bytes of one segment.
    pub segment_length: usize,
    /// Bytes of a path.
    pub path_length: usize,
    /// Steps that the replacement rules have, together, for an operator of any size. A step is a look at a character, or
    /// the passing of 16 to 256 bytes: 20 to 100 ns.
    pub rule_steps: u64,
    /// Steps that they have, together, for each byte of the YAML files.
    pub rule_steps_per_byte: u64,
}

impl Limits {
    /// Room for `uncompressed_size` bytes, in 10,000 entries with names that any file system can hold.
    #[must_use]
    pub fn new(uncompressed_size: u64) -> Self {
        Limits {
            uncompressed_size,
            entries: 10_000,
            path_segments: 20,
            segment_length: 255,
            path_length: 1024,
            rule_steps: 500_000,
            rule_steps_per_byte: 1,
        }
    }
}

/// The limits of what is read of a catalog. A value equal to its limit passes.
#[derive(Clone, Debug)]
pub struct CatalogLimits {
    /// Bytes of an image's manifest, and of its config.
    pub manifest_size: u64,
    /// Bytes of a layer's tar.
    pub layer_size: u64,
    /// Bytes of a package's file.
    pub file_size: u64,
    /// Objects of a file: packages, channels and bundles.
    pub objects: usize,
}

impl Default for CatalogLimits {
    /// Room for a package of thousands of bundles. Container tools read manifests and configs up to 4 MiB.
    fn default() -> Self {
        CatalogLimits {
            manifest_size: 4 << 20,
            layer_size: 128 << 20,
            file_size: 64 << 20,
            objects: 50_000,
        }
    }
}
