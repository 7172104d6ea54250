//! What one operator may cost.

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
