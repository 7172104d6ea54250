//! Reads request bodies: up to a size limit, within the budget, and as long as they make progress.

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use omps::error::Error;
use omps::uploads::Arrival;
use tokio::time::timeout_at;

use crate::Settings;
use crate::budget::{Counted, Held};
use crate::pace::Pace;

/// Why a body could not be read.
pub(crate) enum BodyError {
    TooLarge,
    Failed(Error),
}

impl BodyError {
    /// The error for the client; `too_large` gives the error for a body over the limit.
    pub(crate) fn or_too_large(self, too_large: impl FnOnce() -> Error) -> Error {
        match self {
            BodyError::TooLarge => too_large(),
            BodyError::Failed(error) => error,
        }
    }
}

/// Where the content of a body goes.
enum Destination<'a> {
    Memory {
        read: &'a mut Vec<u8>,
        held: Held,
        /// A buffer for a body of unknown size grows by doubling, so each byte of it counts twice.
        cost: usize,
    },
    Arrival(&'a mut Arrival),
}

impl Destination<'_> {
    async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        match self {
            Destination::Memory { read, held, cost } => {
                held.take(piece.len() * *cost)?;
                read.extend_from_slice(piece);
            }
            Destination::Arrival(arrival) => arrival.write(piece).await?,
        }
        Ok(())
    }
}

/// Reads a body of at most `limit` bytes into memory.
pub(crate) async fn read(
    body: &mut Incoming,
    limit: usize,
    held: Held,
    settings: &Settings,
) -> Result<Bytes, BodyError> {
    let size = body.size_hint().exact();
    let size = size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    let mut read = Vec::with_capacity(size.unwrap_or_default().min(limit));
    let mut destination = Destination::Memory {
        read: &mut read,
        held,
        cost: if size.is_some() { 1 } else { 2 },
    };
    receive(body, limit, settings, &mut destination).await?;
    let Destination::Memory { held, .. } = destination else {
        return Ok(Bytes::new());
    };
    Ok(Bytes::from_owner(Counted {
        content: read,
        _held: held,
    }))
}

/// Writes the body of an upload to its storage.
pub(crate) async fn store(
    body: &mut Incoming,
    mut arrival: Arrival,
    settings: &Settings,
) -> Result<(), BodyError> {
    let limit = arrival.limit;
    let mut destination = Destination::Arrival(&mut arrival);
    receive(body, limit, settings, &mut destination).await?;
    let arrived = arrival.finish().await;
    arrived.map_err(|error| BodyError::Failed(error.into()))
}

/// Reads a body of at most `limit` bytes. A body that says that it is larger is not read.
async fn receive(
    body: &mut Incoming,
    limit: usize,
    settings: &Settings,
    destination: &mut Destination<'_>,
) -> Result<(), BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let (mut pace, mut received) = (Pace::begin(), 0);
    loop {
        let frame = timeout_at(pace.deadline(settings), body.frame()).await;
        let Some(frame) = frame.map_err(|_| BodyError::Failed(late(settings)))? else {
            return Ok(());
        };
        let frame = frame.map_err(|error| {
            BodyError::Failed(Error::BadRequest(format!(
                "the request body ended early: {error}"
            )))
        })?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        received += piece.len();
        if received > limit {
            return Err(BodyError::TooLarge);
        }
        let written = destination.write(&piece).await;
        written.map_err(BodyError::Failed)?;
        pace.moved(piece.len());
    }
}

fn late(settings: &Settings) -> Error {
    Error::RequestTimeout(format!(
        "the request body did not arrive in time: {} bytes a second are the least, and {} seconds the longest pause",
        settings.least_rate,
        settings.pause_timeout.as_secs_f32()
    ))
}
