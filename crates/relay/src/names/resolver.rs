//! The DNS, by way of the servers that resolv.conf(5) names.

use super::HostName;
use super::confirm::{Directory, Failure, Found};
use super::datagrams::Sockets;
use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::time::Instant;

/// Servers that are asked, as many as the system's own resolver asks (`MAXNS`).
const SERVERS: usize = 3;

/// The longest that one server is waited for. The whole look-up has seconds, so that a dead first
/// server must not use up what the others need.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a "there is nothing" holds that does not say so itself (RFC 2308, 5 would not keep
/// it at all; then each connection of a nameless peer would be a question).
const NEGATIVE: Duration = Duration::from_mins(1);

/// Asks the DNS. Names are looked up as they stand, without a search list.
pub(crate) struct Dns {
    resolver: Resolver<Sockets>,
}

impl Dns {
    /// Asks the servers of a resolv.conf with these bytes; without any, the one on this host, as
    /// resolv.conf(5) says.
    pub(crate) fn new(configuration: &[u8]) -> Result<Self, Failure> {
        let (conf, _errors) = resolv_conf::Config::parse_with_errors(configuration);
        let mut servers: Vec<IpAddr> = conf.nameservers.iter().map(IpAddr::from).collect();
        servers.truncate(SERVERS);
        if servers.is_empty() {
            servers.push(Ipv4Addr::LOCALHOST.into());
        }
        let servers = servers.into_iter().map(NameServerConfig::udp_and_tcp).collect();
        let config = ResolverConfig::from_name_servers(servers);
        let mut builder = Resolver::builder_with_config(config, Sockets::new());
        let wanted = Duration::from_secs(conf.timeout.into());
        let options = builder.options_mut();
        options.timeout = wanted.clamp(Duration::from_secs(1), PATIENCE);
        options.attempts = usize::try_from(conf.attempts.clamp(1, 3)).unwrap_or(1);
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let resolver = builder.build().map_err(|error| Failure::Server(error.to_string()))?;
        Ok(Self { resolver })
    }
}

impl Directory for Dns {
    async fn names_of(&self, peer: IpAddr) -> Result<Found<Vec<HostName>>, Failure> {
        let name = |data: &RData| {
            let RData::PTR(name) = data else { return None };
            HostName::from_labels(name.iter())
        };
        found(self.resolver.reverse_lookup(peer).await, |lookup| {
            let mut all: Vec<HostName> = Vec::new();
            for name in lookup.answers().iter().filter_map(|record| name(&record.data)) {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
            all
        })
    }

    async fn has(&self, name: &HostName, peer: IpAddr) -> Result<Found<bool>, Failure> {
        let Ok(mut query) = Name::from_labels(name.labels()) else {
            return Ok(Found { what: false, life: NEGATIVE });
        };
        query.set_fqdn(true);
        let answer = match peer {
            IpAddr::V4(_) => self.resolver.ipv4_lookup(query).await,
            IpAddr::V6(_) => self.resolver.ipv6_lookup(query).await,
        };
        let is_peer = |data: &RData| data.ip_addr() == Some(peer);
        found(answer, |lookup| lookup.answers().iter().any(|record| is_peer(&record.data)))
    }
}

fn found<T: Default>(
    answer: Result<Lookup, NetError>,
    read: impl FnOnce(&Lookup) -> T,
) -> Result<Found<T>, Failure> {
    match answer {
        Ok(lookup) => {
            let now = Instant::now().into_std();
            let life = lookup.valid_until().saturating_duration_since(now);
            Ok(Found { what: read(&lookup), life })
        }
        Err(NetError::Timeout) => Err(Failure::Timeout),
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            let code = none.response_code;
            if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
                return Err(Failure::Server(code.to_string()));
            }
            let said = none.negative_ttl.map(|ttl| Duration::from_secs(ttl.into()));
            Ok(Found { what: T::default(), life: said.unwrap_or(NEGATIVE) })
        }
        Err(NetError::Dns(DnsError::ResponseCode(code))) => Err(Failure::Server(code.to_string())),
        Err(error) => Err(Failure::Server(plain(&error))),
    }
}

/// An error's text may quote what a server sent: only printable ASCII of it, and not much.
fn plain(error: &NetError) -> String {
    let text = error.to_string();
    text.chars().filter(|letter| matches!(letter, ' '..='~')).take(120).collect()
}
