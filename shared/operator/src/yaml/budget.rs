//! What reading YAML may cost: memory is bounded by the file, time by the push.

use super::Problem;

/// The limits of one file and of all files of a push.
#[derive(Debug, Clone)]
pub struct ReadLimits {
    /// Levels of nesting.
    pub depth: usize,
    /// Bytes of one scalar: real ones have at most 67 KiB, and no cluster takes an object of more than 1.5 MiB.
    pub scalar: usize,
    /// Events of the parser in one file: about one for each scalar, two for each list or map.
    pub events: usize,
    /// Values in one file when every alias is replaced by its value; 256 bytes of a text count as one more.
    pub expanded: u32,
    /// Events in all files of one push, where an alias counts as much as its value, and a date four times. operator-courier's
    /// verdict with the package's name, the rule for annotations, the search for images whose spelling hides them and the
    /// verdict on bundles have as many each. For an operator, its size says how many:
    /// [`Limits::values`](crate::Limits::values).
    pub total: u32,
}

impl Default for ReadLimits {
    fn default() -> Self {
        ReadLimits {
            depth: 128,
            scalar: 1 << 20,
            events: 250_000,
            expanded: 500_000,
            total: 3_000_000,
        }
    }
}

/// What remains of the limits while the files of one push are read.
#[derive(Debug)]
pub struct Budget {
    pub(super) limits: ReadLimits,
    left: u32,
}

impl Budget {
    /// All that the limits allow.
    pub fn new(limits: ReadLimits) -> Self {
        let left = limits.total;
        Budget { limits, left }
    }

    /// Another budget with all that was allowed at first.
    pub(crate) fn anew(&self) -> Self {
        Budget::new(self.limits.clone())
    }

    /// What was allowed at first.
    pub(crate) fn total(&self) -> u32 {
        self.limits.total
    }

    /// Takes the cost of values.
    pub(super) fn spend(&mut self, values: u32) -> Result<(), Problem> {
        let left = self.left.checked_sub(values);
        self.left = left.unwrap_or(0);
        left.map(|_| ())
            .ok_or(Problem::TooManyInAll(self.limits.total))
    }
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(ReadLimits::default())
    }
}
