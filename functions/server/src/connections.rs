//! How many connections there may be, in all and from one peer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use omps::error::Error;

use crate::Settings;

/// Connections over the limit that are told so at the same time; more of them are closed without an answer.
const REFUSALS: usize = 64;

/// The connections that are open.
pub(crate) struct Connections {
    most: usize,
    most_of_peer: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of_peers: HashMap<IpAddr, usize>,
    refusals: usize,
}

/// What becomes of a new connection.
pub(crate) enum Admission {
    /// It is served.
    Served(Place),
    /// There are too many: it gets this answer.
    Refused(Place, Error),
    /// There are far too many: it gets none.
    Closed,
}

/// A connection that counts until this is dropped.
pub(crate) struct Place {
    connections: Arc<Connections>,
    /// Nothing for a connection that is refused.
    peer: Option<IpAddr>,
}

impl Connections {
    pub(crate) fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Connections {
            most: settings.max_connections,
            most_of_peer: settings.max_connections_per_peer,
            open: Mutex::default(),
        })
    }

    /// Whether three quarters of the connections are taken.
    pub(crate) fn are_many(&self) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all >= self.most - self.most / 4
    }

    /// Counts a new connection of a peer.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Admission {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = open.of_peers.get(&peer).copied().unwrap_or_default();
        let place = |peer| Place {
            connections: self.clone(),
            peer,
        };
        let reason = if of_peer >= self.most_of_peer {
            "from this address"
        } else if open.all >= self.most {
            "in all"
        } else {
            open.all += 1;
            *open.of_peers.entry(peer).or_default() += 1;
            return Admission::Served(place(Some(peer)));
        };
        if open.refusals >= REFUSALS {
            return Admission::Closed;
        }
        open.refusals += 1;
        let refusal = format!("There are too many connections {reason}; try again later");
        Admission::Refused(place(None), Error::ServiceUnavailable(refusal))
    }
}

impl Place {
    /// Whether it must make room when it is idle.
    pub(crate) fn is_scarce(&self) -> bool {
        self.connections.are_many()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = self.connections.open.lock();
        let mut open = open.unwrap_or_else(PoisonError::into_inner);
        let Some(peer) = self.peer else {
            open.refusals -= 1;
            return;
        };
        open.all -= 1;
        if let Some(of_peer) = open.of_peers.get_mut(&peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                open.of_peers.remove(&peer);
            }
        }
    }
}

/// The peer behind an address: the address, or the network of 64 bits that one peer usually has in IPv6.
pub(crate) fn peer_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(network).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(connections: &Arc<Connections>, address: &str) -> Option<Place> {
        match connections.admit(peer_of(address.parse().unwrap())) {
            Admission::Served(place) => Some(place),
            Admission::Refused(..) | Admission::Closed => None,
        }
    }

    #[test]
    fn connections_are_bound_in_all_and_for_each_peer() {
        let connections = Connections::new(&Settings {
            max_connections: 3,
            max_connections_per_peer: 2,
            ..Settings::default()
        });

        let first = admit(&connections, "192.0.2.1");
        let second = admit(&connections, "::ffff:192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(
            admit(&connections, "192.0.2.1").is_none(),
            "two of one peer"
        );
        let third = admit(&connections, "2001:db8::1");
        assert!(third.is_some());
        assert!(admit(&connections, "192.0.2.2").is_none(), "three in all");
        drop(first);
        let fourth = admit(&connections, "2001:db8::2");
        assert!(fourth.is_some());
        drop(second);
        assert!(admit(&connections, "2001:db8::3").is_none(), "one network");
        assert!(admit(&connections, "192.0.2.1").is_some());
    }
}
