//! Reads request bodies up to a size limit, also from clients that send more.

use crate::Settings;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use omps::error::Error;
use omps::uploads::Arrival;
use tokio::time::{Instant, timeout, timeout_at};

/// How many bytes over the limit are read and dropped, so that the client reads the answer before the connection ends.
const MAX_DROPPED: usize = 64 << 20;

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
    Memory(&'a mut Vec<u8>),
    Arrival(&'a mut Arrival),
}

impl Destination<'_> {
    async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        match self {
            Destination::Memory(read) => read.extend_from_slice(piece),
            Destination::Arrival(arrival) => arrival.write(piece).await?,
        }
        Ok(())
    }
}

/// Reads a body of at most `limit` bytes into memory.
pub(crate) async fn read(
    body: Body,
    limit: usize,
    settings: &Settings,
) -> Result<Bytes, BodyError> {
    let mut read = Vec::new();
    receive(body, limit, settings, Destination::Memory(&mut read)).await?;
    Ok(read.into())
}

/// Writes the body of an upload to its storage.
pub(crate) async fn store(
    body: Body,
    mut arrival: Arrival,
    settings: &Settings,
) -> Result<(), BodyError> {
    let limit = arrival.limit;
    receive(body, limit, settings, Destination::Arrival(&mut arrival)).await?;
    let arrived = arrival.finish().await;
    arrived.map_err(|error| BodyError::Failed(error.into()))
}

/// Reads and drops a body, so that the client then reads the answer.
pub(crate) async fn discard(body: Body, settings: &Settings) {
    let _discarded = read(body, 0, settings).await;
}

/// Reads a body of at most `limit` bytes.
async fn receive(
    mut body: Body,
    limit: usize,
    settings: &Settings,
    mut destination: Destination<'_>,
) -> Result<(), BodyError> {
    let failed = |problem| BodyError::Failed(Error::BadRequest(problem));
    let deadline = Instant::now() + settings.body_timeout;
    let (mut kept, mut dropped) = (0, 0);
    loop {
        let frame = timeout_at(deadline, timeout(settings.pause_timeout, body.frame())).await;
        let Ok(Ok(frame)) = frame else {
            return Err(failed("the request body did not arrive in time".to_owned()));
        };
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|error| failed(format!("the request body ended early: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if dropped > 0 || kept + data.len() > limit {
            dropped += data.len();
            if dropped > MAX_DROPPED {
                break;
            }
        } else {
            kept += data.len();
            destination.write(&data).await.map_err(BodyError::Failed)?;
        }
    }
    if dropped > 0 {
        Err(BodyError::TooLarge)
    } else {
        Ok(())
    }
}
