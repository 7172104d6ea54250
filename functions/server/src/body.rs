//! Request bodies: read up to a limit, from clients that keep sending.

use crate::Settings;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use omps::error::Error;
use omps::uploads::Arrival;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes over the limit that are read and dropped, so that the client gets to read why.
const DROPPED: usize = 64 << 20;

/// A body is over its limit, or did not come.
pub enum Unread {
    TooLarge,
    Failed(Error),
}

impl Unread {
    /// The error for the client.
    pub fn or_too_large(self, too_large: impl FnOnce() -> Error) -> Error {
        match self {
            Unread::TooLarge => too_large(),
            Unread::Failed(error) => error,
        }
    }
}

/// Where a body goes.
enum Sink<'a> {
    Memory(&'a mut Vec<u8>),
    Arrival(&'a mut Arrival),
}

impl Sink<'_> {
    async fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        match self {
            Sink::Memory(read) => read.extend_from_slice(piece),
            Sink::Arrival(arrival) => arrival.write(piece).await?,
        }
        Ok(())
    }
}

/// Reads a body of at most `limit` bytes into memory.
pub async fn read(body: Body, limit: usize, settings: &Settings) -> Result<Bytes, Unread> {
    let mut read = Vec::new();
    receive(body, limit, settings, Sink::Memory(&mut read)).await?;
    Ok(read.into())
}

/// Reads the body of an upload to where it waits for its push.
pub async fn store(body: Body, mut arrival: Arrival, settings: &Settings) -> Result<(), Unread> {
    let limit = arrival.limit;
    receive(body, limit, settings, Sink::Arrival(&mut arrival)).await?;
    let arrived = arrival.finish().await;
    arrived.map_err(|error| Unread::Failed(error.into()))
}

/// Reads a body for nothing, so that the client gets to read why.
pub async fn drop(body: Body, settings: &Settings) {
    let _unread = read(body, 0, settings).await;
}

/// Reads a body of at most `limit` bytes.
async fn receive(
    mut body: Body,
    limit: usize,
    settings: &Settings,
    mut sink: Sink<'_>,
) -> Result<(), Unread> {
    let failed = |problem| Unread::Failed(Error::BadRequest(problem));
    let deadline = Instant::now() + settings.body_timeout;
    let (mut kept, mut dropped) = (0, 0);
    loop {
        let frame = timeout_at(deadline, timeout(settings.pause_timeout, body.frame())).await;
        let Ok(Ok(frame)) = frame else {
            return Err(failed("the request body did not come in time".to_owned()));
        };
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|error| failed(format!("the request body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if dropped > 0 || kept + data.len() > limit {
            dropped += data.len();
            if dropped > DROPPED {
                break;
            }
        } else {
            kept += data.len();
            sink.take(&data).await.map_err(Unread::Failed)?;
        }
    }
    if dropped > 0 {
        Err(Unread::TooLarge)
    } else {
        Ok(())
    }
}
