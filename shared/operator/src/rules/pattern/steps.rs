//! What the replacement rules of a push may cost, counted in steps and not by a clock: the answer is the same on every
//! machine.

use crate::limits::Limits;

/// Bytes that count as one step when a text is looked for in them.
pub(crate) const BYTES_COMPARED: usize = 256;
/// Bytes that count as one step when a search passes over them.
pub(super) const BYTES_PASSED: usize = 64;
/// Bytes that count as one step when they are read one by one, to see how far a search reads.
pub(super) const BYTES_READ: usize = 16;
/// What a search costs beside the bytes that it reads.
pub(super) const SEARCH: u64 = 4;

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
    pub fn new(limits: &Limits, size: usize) -> Self {
        let for_size = limits.rule_steps_per_byte.saturating_mul(size as u64);
        Steps {
            left: limits.rule_steps.saturating_add(for_size),
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

    /// Takes those away that it costs to look at some bytes, of which so many count as one step.
    ///
    /// # Errors
    /// [`OutOfSteps`]
    pub fn read(&mut self, bytes: usize, a_step: usize) -> Result<(), OutOfSteps> {
        self.take(1 + (bytes / a_step) as u64)
    }
}
