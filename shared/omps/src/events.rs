//! Pushes by event: what the queue hands over, what it asks for, and what came of it.

pub mod message;
mod order;
pub mod outcome;
pub mod worker;
