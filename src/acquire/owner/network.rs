//! What is kept of a client's address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network that an address lies in, as wide as a site commonly has: /24 of IPv4, /48 of IPv6
/// (`192.0.2.0/24`, `2001:db8:7::/48`). IPv4 addresses written as IPv6 count as IPv4.
#[must_use]
pub fn truncated(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// An address as logs write it, with or without brackets or a zone.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.split('%').next()?.parse().ok()
}
