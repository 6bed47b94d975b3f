//! The addresses a service listens on.

use super::Wants;
use super::host::Host;
use portreeve_model::{Bind, Family, Listen, Service, unmapped};
use std::collections::HashMap;
use std::net::IpAddr;

/// Addresses of one host name at most.
const MOST: usize = 64;

/// Names that were asked already: a name that nobody answers costs its time once.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, Result<Vec<IpAddr>, String>>);

impl Names {
    fn ask(&mut self, name: &str, host: &mut dyn Host) -> Result<Vec<IpAddr>, String> {
        let ask = || host.addresses(name).map_err(|error| error.to_string());
        self.0.entry(name.to_owned()).or_insert_with(ask).clone()
    }
}

/// The addresses of each listening address, in the service's order.
pub(super) fn addresses(
    wants: &mut Wants,
    service: &Service,
    names: &mut Names,
    host: &mut dyn Host,
) -> Vec<Vec<IpAddr>> {
    let one = |listen: &Listen| match &listen.bind {
        Bind::Address(address) => vec![*address],
        Bind::Host(name) => {
            named(names.ask(name, host), name, listen.family).unwrap_or_else(|reason| {
                wants.add_at("bind", reason, listen.origin);
                Vec::new()
            })
        }
    };
    service.listen.iter().map(one).collect()
}

fn named(
    answer: Result<Vec<IpAddr>, String>,
    name: &str,
    family: Family,
) -> Result<Vec<IpAddr>, String> {
    let all = answer.map_err(|error| format!("`{name}` has no address: {error}"))?;
    let mut kept: Vec<IpAddr> = Vec::new();
    for address in all.into_iter().map(unmapped) {
        let wanted = match family {
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
            Family::Dual => true,
        };
        if wanted && !kept.contains(&address) {
            kept.push(address);
        }
    }
    let of = match family {
        Family::V4 => "IPv4 ",
        Family::V6 => "IPv6 ",
        Family::Dual => "",
    };
    // A name server gives them in another order each time.
    kept.sort_unstable();
    match kept.len() {
        0 => Err(format!("`{name}` has no {of}address")),
        n if n > MOST => Err(format!("`{name}` has more than {MOST} addresses")),
        _ => Ok(kept),
    }
}
