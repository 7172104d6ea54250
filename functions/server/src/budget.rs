//! Bytes of memory that clients may hold: request bodies until they are worked on, and answers until they are read.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use omps::error::Error;

/// For whom bytes are held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) peer: IpAddr,
    /// Whether the request is one that needs a token.
    pub(crate) needs_token: bool,
}

/// What may be held at the same time. One peer may hold half of it, and requests that need no token may hold half of it.
pub(crate) struct Budget {
    limit: usize,
    sums: Mutex<Sums>,
}

/// What is held.
#[derive(Default)]
struct Sums {
    all: usize,
    without_token: usize,
    of_peers: HashMap<IpAddr, usize>,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        let sums = Mutex::default();
        Arc::new(Budget { limit, sums })
    }

    /// Nothing yet.
    pub(crate) fn hold(self: &Arc<Self>, client: Client) -> Held {
        Held {
            budget: self.clone(),
            client,
            bytes: 0,
        }
    }
}

/// Bytes that are held. They are free again when it is dropped.
pub(crate) struct Held {
    budget: Arc<Budget>,
    client: Client,
    bytes: usize,
}

impl Held {
    /// Takes some more.
    ///
    /// # Errors
    /// `ServiceUnavailable` if there are not so many left; then none is taken.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Error> {
        let Client { peer, needs_token } = self.client;
        let (limit, half) = (self.budget.limit, self.budget.limit / 2);
        let sums = self.budget.sums.lock();
        let mut sums = sums.unwrap_or_else(PoisonError::into_inner);
        let of_peer = sums.of_peers.get(&peer).copied().unwrap_or_default();
        let fits = sums.all + bytes <= limit
            && of_peer + bytes <= half
            && (needs_token || sums.without_token + bytes <= half);
        if !fits {
            return Err(Error::ServiceUnavailable(
                "The service holds as many bytes of requests and answers as it may; send the request again later"
                    .to_owned(),
            ));
        }
        sums.all += bytes;
        *sums.of_peers.entry(peer).or_default() += bytes;
        if !needs_token {
            sums.without_token += bytes;
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Client { peer, needs_token } = self.client;
        let sums = self.budget.sums.lock();
        let mut sums = sums.unwrap_or_else(PoisonError::into_inner);
        sums.all -= self.bytes;
        if !needs_token {
            sums.without_token -= self.bytes;
        }
        if let Some(of_peer) = sums.of_peers.get_mut(&peer) {
            *of_peer -= self.bytes;
            if *of_peer == 0 {
                sums.of_peers.remove(&peer);
            }
        }
    }
}

/// Content with the bytes that are held for it.
pub(crate) struct Counted<T> {
    pub(crate) content: T,
    pub(crate) _held: Held,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Counted<T> {
    fn as_ref(&self) -> &[u8] {
        self.content.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, needs_token: bool) -> Client {
        Client {
            peer: peer.parse().unwrap(),
            needs_token,
        }
    }

    #[test]
    fn one_peer_and_those_without_a_token_may_hold_half() {
        let budget = Budget::new(100);
        let (one, two) = (client("192.0.2.1", true), client("192.0.2.2", true));
        let (three, four) = (client("192.0.2.3", false), client("192.0.2.4", false));

        let mut of_one = budget.hold(one);
        assert!(of_one.take(51).is_err(), "half is for other peers");
        assert!(of_one.take(30).is_ok());
        assert!(budget.hold(one).take(21).is_err(), "50 of one peer");
        let mut of_three = budget.hold(three);
        assert!(of_three.take(40).is_ok());
        assert!(budget.hold(four).take(11).is_err(), "50 without a token");
        assert!(budget.hold(two).take(31).is_err(), "100 in all");
        assert!(budget.hold(two).take(30).is_ok());
    }

    #[test]
    fn bytes_are_free_again_after_they_were_held() {
        let budget = Budget::new(100);
        let stranger = client("192.0.2.1", false);
        let mut held = budget.hold(stranger);
        assert!(held.take(20).is_ok());
        assert!(held.take(30).is_ok());
        assert!(budget.hold(stranger).take(1).is_err());

        drop(held);

        assert!(budget.hold(stranger).take(50).is_ok());
        assert!(budget.sums.lock().unwrap().of_peers.is_empty());
    }
}
