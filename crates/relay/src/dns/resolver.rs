//! The DNS, by way of the servers that resolv.conf(5) names.

use super::answer::{Failure, Found};
use super::datagrams::Sockets;
use crate::names::{Claim, Directory, HostName};
use hickory_resolver::Resolver;
use hickory_resolver::config::{
    NameServerConfig, ResolveHosts, ResolverConfig, ServerOrderingStrategy,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::time::Instant;

/// Servers that are asked, as many as the system's own resolver asks (`MAXNS`).
const SERVERS: usize = 3;

/// How often each is asked, at most.
const ROUNDS: u32 = 3;

/// The longest that one server is waited for. The whole look-up has seconds, and a dead first
/// server must not use up what the others need.
const PATIENCE: Duration = Duration::from_secs(2);

/// Records of an answer that are looked at.
const ANSWERS: usize = 64;

/// How long a "there is nothing" holds that does not say so itself. RFC 2308, 5 would not keep it;
/// then each connection of a nameless peer would be a question.
const NEGATIVE: Duration = Duration::from_mins(1);

/// Asks the DNS. Names are looked up as they stand, without a search list.
///
/// The servers are asked in turn, as the system's own resolver does: the next one when one is
/// silent, is not there, or cannot answer. The one that answered last goes first.
pub(crate) struct Dns {
    servers: Vec<Resolver<Sockets>>,
    rounds: u32,
    first: Cell<usize>,
}

impl Dns {
    /// Asks the servers of a resolv.conf with these bytes, through `sockets`; without any, the one on
    /// this host, as resolv.conf(5) says.
    pub(crate) fn new(configuration: &[u8], sockets: &Sockets) -> Result<Self, Failure> {
        let (conf, _errors) = resolv_conf::Config::parse_with_errors(configuration);
        let mut addresses: Vec<IpAddr> = conf.nameservers.iter().map(IpAddr::from).collect();
        addresses.truncate(SERVERS);
        if addresses.is_empty() {
            addresses.push(Ipv4Addr::LOCALHOST.into());
        }
        let wanted = Duration::from_secs(conf.timeout.into());
        let patience = wanted.clamp(Duration::from_secs(1), PATIENCE);
        let server = |address| server(address, patience, sockets.clone());
        let servers = addresses.into_iter().map(server).collect::<Result<_, _>>()?;
        let rounds = conf.attempts.clamp(1, ROUNDS);
        Ok(Self { servers, rounds, first: Cell::new(0) })
    }

    /// The addresses of a name, IPv4 alone; at most [`ANSWERS`].
    pub(crate) async fn addresses(&self, name: Name) -> Result<Found<Vec<Ipv4Addr>>, Failure> {
        let address =
            |data: &RData| if let RData::A(address) = data { Some(address.0) } else { None };
        let read = |lookup: &Lookup| {
            let records = lookup.answers().iter();
            records.filter_map(|record| address(&record.data)).take(ANSWERS).collect()
        };
        self.ask(name, RecordType::A, read).await
    }

    /// The texts of a name, each record's strings in one; at most [`ANSWERS`].
    pub(crate) async fn texts(&self, name: Name) -> Result<Found<Vec<Vec<u8>>>, Failure> {
        let text = |data: &RData| {
            if let RData::TXT(text) = data { Some(text.txt_data.concat()) } else { None }
        };
        let read = |lookup: &Lookup| {
            let records = lookup.answers().iter();
            records.filter_map(|record| text(&record.data)).take(ANSWERS).collect()
        };
        self.ask(name, RecordType::TXT, read).await
    }

    async fn ask<T: Default>(
        &self,
        name: Name,
        kind: RecordType,
        read: impl Fn(&Lookup) -> T,
    ) -> Result<Found<T>, Failure> {
        let mut failure = Failure::Timeout;
        let first = self.first.get();
        for _ in 0..self.rounds {
            let turn = self.servers.iter().enumerate().cycle().skip(first);
            for (place, server) in turn.take(self.servers.len()) {
                match found(looked_up(server, name.clone(), kind).await, &read) {
                    Ok(found) => {
                        self.first.set(place);
                        return Ok(found);
                    }
                    Err(why) => failure = why,
                }
            }
        }
        Err(failure)
    }
}

fn server(
    address: IpAddr,
    patience: Duration,
    sockets: Sockets,
) -> Result<Resolver<Sockets>, Failure> {
    let config = ResolverConfig::from_name_servers(vec![NameServerConfig::udp_and_tcp(address)]);
    let mut builder = Resolver::builder_with_config(config, sockets);
    let options = builder.options_mut();
    options.timeout = patience;
    options.attempts = 0; // beyond the first; and lost datagrams are sent again anyway
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    builder.build().map_err(|error| Failure::Server(plain(&error)))
}

impl Directory for Dns {
    async fn names_of(&self, peer: IpAddr) -> Result<Found<Claim>, Failure> {
        let read = |lookup: &Lookup| {
            let mut claim = Claim::default();
            for record in lookup.answers() {
                let RData::PTR(name) = &record.data else { continue };
                match HostName::from_labels(name.iter()) {
                    Some(name) if claim.names.contains(&name) => {}
                    Some(name) => claim.names.push(name),
                    None => claim.others = true,
                }
            }
            claim
        };
        self.ask(peer.into(), RecordType::PTR, read).await
    }

    async fn has(&self, name: &HostName, peer: IpAddr) -> Result<Found<bool>, Failure> {
        let Ok(mut name) = Name::from_labels(name.labels()) else {
            return Ok(Found { what: false, life: NEGATIVE });
        };
        name.set_fqdn(true);
        let kind = if peer.is_ipv4() { RecordType::A } else { RecordType::AAAA };
        let is_peer = |data: &RData| data.ip_addr() == Some(peer);
        let read = |lookup: &Lookup| lookup.answers().iter().any(|record| is_peer(&record.data));
        self.ask(name, kind, read).await
    }
}

/// Looks up, and tells an alias that leads nowhere from a name without such records: the library
/// takes both for the latter, and then a zone of aliases in a circle would be a no.
async fn looked_up(
    server: &Resolver<Sockets>,
    name: Name,
    kind: RecordType,
) -> Result<Lookup, NetError> {
    let answer = server.lookup(name, kind).await;
    let Err(NetError::Dns(DnsError::NoRecordsFound(none))) = &answer else { return answer };
    // Who answers that there is nothing gives the zone's SOA; an unfinished chain has none.
    if none.response_code != ResponseCode::NoError || none.soa.is_some() {
        return answer;
    }
    match server.lookup(none.query.name().clone(), RecordType::CNAME).await {
        Ok(_) => Err(NetError::from("an alias that leads nowhere")),
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) if says_no(&none) => answer,
        Err(error) => Err(error),
    }
}

fn found<T: Default>(
    answer: Result<Lookup, NetError>,
    read: impl Fn(&Lookup) -> T,
) -> Result<Found<T>, Failure> {
    match answer {
        Ok(lookup) => {
            let now = Instant::now().into_std();
            let life = lookup.valid_until().saturating_duration_since(now);
            Ok(Found { what: read(&lookup), life })
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) if says_no(&none) => {
            let said = none.negative_ttl.map(|ttl| Duration::from_secs(ttl.into()));
            Ok(Found { what: T::default(), life: said.unwrap_or(NEGATIVE) })
        }
        Err(NetError::Timeout) => Err(Failure::Timeout),
        Err(error) => Err(Failure::Server(plain(&error))),
    }
}

fn says_no(none: &NoRecords) -> bool {
    matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// What an operator is told. An error's own text may quote what a server sent: only printable
/// ASCII of it, and not much.
fn plain(error: &NetError) -> String {
    let text = if let NetError::Dns(DnsError::ResponseCode(code)) = error {
        code.to_string()
    } else if let NetError::Dns(DnsError::NoRecordsFound(none)) = error {
        none.response_code.to_string()
    } else if matches!(error, NetError::Proto(_)) {
        "malformed answer".to_owned()
    } else if matches!(error, NetError::NoConnections | NetError::Io(_)) {
        "name server unreachable".to_owned()
    } else {
        error.to_string()
    };
    let printable = text.chars().filter(|letter| matches!(letter, ' '..='~'));
    printable.take(120).collect::<String>().to_ascii_lowercase()
}
