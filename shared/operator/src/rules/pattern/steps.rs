//! What the replacement rules of a push may cost, counted in steps and not by a clock: the answer is the same on every
//! machine.

/// Steps that a push has whatever its size.
const BASE: u64 = 500_000;
/// Steps that it has for each byte of its YAML files.
const PER_BYTE: u64 = 4;
/// Bytes that count as one step when a search passes over them.
pub(super) const BYTES_PASSED: usize = 64;
/// Bytes that count as one step when they are read one by one, to see how far a search reads.
pub(super) const BYTES_READ: usize = 16;
/// What a search costs beside the bytes that it reads.
pub(super) const SEARCH: u64 = 8;

/// The steps that are left. One takes 30 to 90 ns on the machine that this was written on.
#[derive(Debug)]
pub struct Steps {
    left: u64,
}

/// More steps were necessary than there are.
#[derive(Debug, PartialEq)]
pub struct OutOfSteps;

impl Steps {
    /// The steps for all rules of a push together, whose YAML files have `size` bytes.
    #[must_use]
    pub fn for_size(size: usize) -> Self {
        Steps {
            left: BASE.saturating_add(PER_BYTE.saturating_mul(size as u64)),
        }
    }

    /// How many are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes some away.
    ///
    /// # Errors
    /// [`OutOfSteps`] when there are not as many; then none are left.
    pub fn take(&mut self, count: u64) -> Result<(), OutOfSteps> {
        let left = self.left.checked_sub(count);
        self.left = left.unwrap_or(0);
        left.map(drop).ok_or(OutOfSteps)
    }

    /// Takes those away that a pass over some bytes costs.
    ///
    /// # Errors
    /// [`OutOfSteps`]
    pub fn pass(&mut self, bytes: usize) -> Result<(), OutOfSteps> {
        self.take(1 + (bytes / BYTES_PASSED) as u64)
    }
}
