//! How much each client address may ask for.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use lru::LruCache;
use parking_lot::Mutex;

/// Addresses remembered. The one that has not connected for longest is forgotten first.
const CLIENTS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("is not zero");

/// One token bucket per client address, shared by its connections so that connecting anew does not
/// refill it.
#[derive(Debug)]
pub(crate) struct Clients {
    quota: Option<Quota>,
    buckets: Mutex<LruCache<IpAddr, Arc<DefaultDirectRateLimiter>>>,
}

/// The bucket of one client.
#[derive(Clone, Debug)]
pub(crate) struct Rate(Option<Arc<DefaultDirectRateLimiter>>);

impl Clients {
    /// `per_second` calls each, and as many at once.
    pub(crate) fn new(per_second: Option<NonZeroU32>) -> Self {
        Self {
            quota: per_second.map(Quota::per_second),
            buckets: Mutex::new(LruCache::new(CLIENTS_MAX)),
        }
    }

    /// The bucket of whoever connects from `address`.
    pub(crate) fn rate(&self, address: IpAddr) -> Rate {
        Rate(self.quota.map(|quota| {
            let mut buckets = self.buckets.lock();
            let bucket =
                buckets.get_or_insert(network(address), || Arc::new(RateLimiter::direct(quota)));
            Arc::clone(bucket)
        }))
    }
}

impl Rate {
    /// Takes one token if there is one.
    pub(crate) fn admit(&self) -> bool {
        self.0.as_ref().is_none_or(|bucket| bucket.check().is_ok())
    }
}

/// IPv6 clients choose their addresses freely within a /64: they count by it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_one_address_share_a_bucket() {
        let clients = Clients::new(NonZeroU32::new(2));
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        assert!(clients.rate(address).admit());
        assert!(clients.rate(address).admit());
        assert!(!clients.rate(address).admit());
        assert!(clients.rate("192.0.2.2".parse().unwrap()).admit());
    }

    #[test]
    fn one_ipv6_network_is_one_client() {
        let clients = Clients::new(NonZeroU32::new(1));
        assert!(clients.rate("2001:db8::1".parse().unwrap()).admit());
        assert!(!clients.rate("2001:db8::2".parse().unwrap()).admit());
        assert!(clients.rate("2001:db8:0:1::1".parse().unwrap()).admit());
        assert!(clients.rate("192.0.2.1".parse().unwrap()).admit());
        assert!(!clients.rate("::ffff:192.0.2.1".parse().unwrap()).admit());
    }

    #[test]
    fn no_limit_admits_all() {
        let rate = Clients::new(None).rate("192.0.2.1".parse().unwrap());
        assert!((0..100_000).all(|_| rate.admit()));
    }
}
