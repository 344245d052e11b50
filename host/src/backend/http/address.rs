//! Which addresses anybody on the internet may be behind. Everything else is a machine of ours, or of nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is public. What is embedded in an address counts: a mapped, compatible, translated or tunnelled IPv4
/// address is refused, whatever it stands for, because what lies behind it is decided by somebody else.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _) // this network, private, loopback, multicast, reserved, broadcast
            | (100, 64..=127, _)         // between provider and customer
            | (169, 254, _)              // link-local, where clouds tell a machine its credentials
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)            // protocol assignments, documentation
            | (192, 88, 99)              // 6to4 relays
            | (198, 18..=19, _)          // benchmarks
            | (198, 51, 100)
            | (203, 0, 113) // documentation
    )
}

fn public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only global unicast is public; loopback, mapped, NAT64, unique local, link-local and multicast lie outside of it.
    let global = a & 0xe000 == 0x2000;
    let special = match a {
        0x2001 => b < 0x0200 || b == 0x0db8, // protocol assignments (Teredo, ORCHID …), documentation
        0x2002 => true,                      // 6to4 carries an IPv4 address
        0x3fff => b < 0x1000,                // documentation
        _ => false,
    };
    global && !special
}
