//! How long a look-up takes with few and with very many entries, and how much room each takes.
//!
//! `cargo bench -p portreeve-lists` prints one line for each case: nanoseconds for each look-up, and
//! what a look-up in the standard library's hash set of as many numbers takes beside it. Each is the
//! mean over short runs, of which each counts as in the round that was disturbed least. Addresses
//! are drawn from a seeded generator, half of them listed, in random order.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and prints"
)]

use portreeve_lists::{Builder, Set};
use portreeve_model::{HostPattern, Network};
use std::collections::HashSet;
use std::hint::black_box;
use std::net::IpAddr;
use std::time::Instant;

/// Look-ups of a case, and those timed at once.
const ASKED: u64 = 400_000;
const RUN: usize = 2_000;

/// SplitMix64's mixing step: a distinct number for each number.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n ^ (n >> 31)
}

fn address(n: u64, v6: bool) -> IpAddr {
    let [a, b, c, d, e, f, g, h] = mix(n).to_be_bytes();
    match v6 {
        false => IpAddr::from([a, b, c, d]),
        true => IpAddr::from([0x2a, a & 15, b, c, d, e, f, g, 0, 0, 0, 0, 0, 0, 0, h]),
    }
}

/// Mostly single addresses and /64s, some networks of several lengths, as lists in the wild are.
fn network(n: u64, v6: bool) -> Network {
    let (v4, six) = match n % 100 {
        0 => (24, 48),
        1 => (20, 40),
        2 => (22, 44),
        3..50 => (32, 128),
        _ => (32, 64),
    };
    Network::around(address(n, v6), v4, six)
}

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
    Mixed,
}

impl Family {
    fn of(self, n: u64) -> bool {
        match self {
            Self::V4 => false,
            Self::V6 => true,
            Self::Mixed => n % 2 == 1,
        }
    }
}

/// Nanoseconds for each, and how many were found.
fn time<T>(asked: &[T], found: impl Fn(&T) -> bool) -> (f64, usize) {
    let mut fastest = vec![f64::INFINITY; asked.len().div_ceil(RUN)];
    let mut count = 0;
    for _ in 0..9 {
        count = 0;
        for (run, fastest) in asked.chunks(RUN).zip(&mut fastest) {
            let start = Instant::now();
            count += run.iter().filter(|one| black_box(found(one))).count();
            *fastest = fastest.min(start.elapsed().as_secs_f64());
        }
    }
    (fastest.iter().sum::<f64>() * 1e9 / asked.len() as f64, count)
}

fn print(what: &str, count: u64, asked: usize, (ns, found): (f64, usize), beside: f64) {
    let share = found as f64 * 100.0 / asked as f64;
    println!("{count:>8} {what:<6} {ns:>6.1} ns (hash set {beside:>6.1}), {share:>3.0} % found");
}

fn case(what: &str, family: Family, count: u64) {
    let start = Instant::now();
    let mut builder = Builder::new(1);
    for n in 0..count {
        builder.network(network(n, family.of(n)), u32::try_from(n).unwrap_or(0));
    }
    let Ok(image) = builder.build() else { return };
    let built = start.elapsed().as_secs_f64() * 1e3;
    let each = image.len() as f64 / count as f64;
    let Ok(set) = Set::new(image.as_slice()) else { return };
    let asked: Vec<IpAddr> = (0..ASKED)
        .map(|n| match n % 2 {
            0 => mix(n ^ 0xffff_0000_0000) % count,
            _ => count + mix(n) % 1_000_000_000,
        })
        .map(|n| address(n, family.of(n)))
        .collect();
    let measured = time(&asked, |peer| set.by_address(*peer).is_some());
    let hashed: HashSet<IpAddr> = (0..count).map(|n| address(n, family.of(n))).collect();
    let (beside, _) = time(&asked, |peer| hashed.contains(peer));
    print(what, count, asked.len(), measured, beside);
    println!("         {each:.1} bytes an entry, made in {built:.0} ms");
}

fn names(count: u64) {
    let mut builder = Builder::new(0x1234_5678_9abc_def0);
    for n in 0..count {
        let text = if n % 2 == 0 { format!("h{n}.example.net") } else { format!(".d{n}.net") };
        if let Some(host) = HostPattern::parse(&text) {
            builder.host(&host, u32::try_from(n).unwrap_or(0));
        }
    }
    let start = Instant::now();
    let Ok(image) = builder.build() else { return };
    let built = start.elapsed().as_secs_f64() * 1e3;
    let Ok(set) = Set::new(image.as_slice()) else { return };
    let asked: Vec<String> =
        (0..ASKED / 4).map(|n| format!("mail.dept.d{}.net", mix(n) % (count * 2))).collect();
    let measured = time(&asked, |name| set.by_name(name).is_some());
    let hashed: HashSet<String> = (0..count).map(|n| format!("d{n}.net")).collect();
    let (beside, _) = time(&asked, |name| hashed.contains(name.get(10..).unwrap_or_default()));
    print("names", count, asked.len(), measured, beside);
    let each = image.len() as f64 / count as f64;
    println!("         {each:.1} bytes an entry, made in {built:.0} ms");
}

fn main() {
    for count in [10, 10_000, 1_000_000] {
        case("IPv4", Family::V4, count);
        case("IPv6", Family::V6, count);
        case("mixed", Family::Mixed, count);
        names(count);
    }
}
