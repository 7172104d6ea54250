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
    /// Values that its YAML files may have for its zip and for its unpacked files; the smaller sum counts.
    pub values: [Values; 2],
}

/// Values that YAML files may have: some for an operator of any size, and more with its bytes. Of 486 real operators, none
/// needed a third of either sum for the verdict; where rules were measured, too, none needed a fifth for one of them.
/// Without the limit, 8 KB can cost seconds.
#[derive(Clone, Copy, Debug)]
pub struct Values {
    /// For an operator of any size.
    pub at_least: u64,
    /// More of them for each eight bytes.
    pub for_8_bytes: u64,
}

impl Values {
    fn of(self, bytes: u64) -> u64 {
        let more = self.for_8_bytes.saturating_mul(bytes) / 8;
        self.at_least.saturating_add(more)
    }
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
            values: [
                Values {
                    at_least: 20_000,
                    for_8_bytes: 16,
                },
                Values {
                    at_least: 200_000,
                    for_8_bytes: 1,
                },
            ],
        }
    }

    /// Values that the YAML files of an operator may have for each of those that read them: operator-courier's verdict, the
    /// rules and the verdict on bundles.
    pub(crate) fn values_of(&self, zip: u64, unpacked: u64) -> u32 {
        let [by_zip, by_files] = self.values;
        let values = by_zip.of(zip).min(by_files.of(unpacked));
        u32::try_from(values).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_grow_with_the_zip_and_are_bound_by_what_is_unpacked() {
        let limits = Limits::new(0);
        for (zip, unpacked, values) in [
            (0, 0, 20_000),
            (10_000, 30_000, 40_000),
            (89_999, 0, 199_998),
            (90_001, 7, 200_000),
            (1 << 20, 8 << 20, 200_000 + (1 << 20)),
            (u64::MAX, u64::MAX, u32::MAX),
        ] {
            assert_eq!(limits.values_of(zip, unpacked), values, "{zip} {unpacked}");
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
    /// Bytes of the tar of a bundle that is read back from a registry.
    pub bundle_size: u64,
}

impl Default for CatalogLimits {
    /// Room for a package of thousands of bundles. Container tools read manifests and configs up to 4 MiB.
    fn default() -> Self {
        CatalogLimits {
            manifest_size: 4 << 20,
            layer_size: 128 << 20,
            file_size: 64 << 20,
            objects: 50_000,
            // Far more than OLM takes: a cluster keeps a bundle in one ConfigMap.
            bundle_size: 64 << 20,
        }
    }
}
