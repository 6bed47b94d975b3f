//! How a jail judges: what its counting, ignoring and banning mean here.

use super::fault::{Fault, fault, say, shown};
use super::filter::said;
use super::interpolate::Values;
use super::jail::Jail;
use super::text::{Text, blank};
use super::words::{seconds, truth, whole};
use super::{codes, judged};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Span};
use portreeve_model::Network;
use portreeve_model::preset::{Fail2ban, Increment};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// How a jail judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Its counting and banning.
    pub limits: Fail2ban,
    /// Its `ignoreip`.
    pub spares: Vec<Network>,
    /// Its `port`, a list of ports, their names and ranges; `None` where it says none.
    pub port: Option<String>,
}

/// The formula that fail2ban has, without blanks.
const FORMULA: &str = "ban.Time*(1<<(ban.Countifban.Count<20else20))*banFactor";

/// A hundred years: what lasts longer is for ever.
const EVER: f64 = 36_525.0 * 86_400.0;

/// What one can write where a jail cannot be judged as it says.
const INSTEAD: &str = "write `judges = false` at the import and a `[judge.NAME]` of your own";

impl Jail {
    /// Its judgement; `None` where it cannot be what the jail says, which is told.
    pub fn judgement(&self, found: &mut Diagnostics) -> Option<Judgement> {
        let reader = Reading { jail: self, options: &self.limits };
        let mut faults = Vec::new();
        let limits = reader.limits(&mut faults);
        let spares = reader.spares(&mut faults);
        let ignoring = said(self.limits.get("ignorecommand"));
        if let Some(command) = ignoring {
            faults.push(reader.fault(
                command,
                "`ignorecommand` is not served: no program is run for every address that offends, and \
                 nobody waits for one",
                &format!("put the addresses into `ignoreip`, or {INSTEAD}"),
            ));
        }
        if !faults.is_empty() {
            faults.into_iter().for_each(|fault| found.push(*fault));
            return None;
        }
        let port = said(self.limits.get("port")).map(|text| text.as_str().to_owned());
        let judgement = Judgement { limits: limits?, spares, port };
        found.push(reader.told());
        Some(judgement)
    }

    /// Tells that its offences are recorded, and nobody is banned by it.
    pub fn tell_watched(&self, found: &mut Diagnostics) {
        found.push(judged::not_taken(self.name.as_str(), &self.limits, self.at));
    }
}

struct Reading<'a> {
    jail: &'a Jail,
    options: &'a Values,
}

impl Reading<'_> {
    fn place(&self, text: &Text) -> Option<Span> {
        text.place(0).or(self.jail.at)
    }

    fn fault(&self, text: &Text, message: &str, help: &str) -> Fault {
        let message = format!("the jail `{}`: {message}", shown(self.jail.name.as_str()));
        fault(codes::JUDGEMENT, self.place(text), message, help)
    }

    fn bad(&self, option: &str, text: &Text, what: &str) -> Fault {
        let message = format!("`{option}` is no {what}: `{}`", shown(text.as_str()));
        self.fault(text, &message, &format!("write {what} such as `10m`, or {INSTEAD}"))
    }

    /// A time; `Some(None)` for ever, which a negative one is.
    fn time(&self, option: &str, faults: &mut Vec<Fault>) -> Option<Option<Duration>> {
        let text = said(self.options.get(option))?;
        match seconds(text.as_str()) {
            Some(time) if !(0.0..EVER).contains(&time) => Some(None),
            Some(time) if time >= 1.0 => Some(Duration::try_from_secs_f64(time.trunc()).ok()),
            _ => {
                faults.push(self.bad(option, text, "time of a second or more"));
                None
            }
        }
    }

    fn limits(&self, faults: &mut Vec<Fault>) -> Option<Fail2ban> {
        let mut limits = Fail2ban::default();
        if let Some(text) = said(self.options.get("maxretry")) {
            match whole(text.as_str()).and_then(|n| u32::try_from(n).ok()) {
                Some(number @ 1..=4000) => limits.maxretry = number,
                _ => faults.push(self.bad("maxretry", text, "number from 1 to 4000")),
            }
        }
        if let Some(time) = self.time("findtime", faults) {
            match (time, said(self.options.get("findtime"))) {
                (Some(time), _) => limits.findtime = time,
                (None, Some(text)) => faults.push(self.bad("findtime", text, "time that ends")),
                (None, None) => {}
            }
        }
        if let Some(time) = self.time("bantime", faults) {
            limits.bantime = time;
        }
        let grows = said(self.options.get("bantime.increment"));
        if grows.is_some_and(|text| truth(text.as_str())) {
            limits.increment = Some(self.increment(faults));
        }
        faults.is_empty().then_some(limits)
    }

    fn increment(&self, faults: &mut Vec<Fault>) -> Increment {
        let mut how = Increment::default();
        if let Some(text) = said(self.options.get("bantime.factor")) {
            let number = text.as_str().trim_matches(blank).parse::<f64>().ok();
            match number.filter(|number| (0.001..=1_000_000.0).contains(number)) {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "it was compared with both ends"
                )]
                Some(number) => how.factor = (number * 1000.0).round() as u32,
                None => faults.push(self.bad("bantime.factor", text, "number")),
            }
        }
        if let Some(text) = said(self.options.get("bantime.multipliers")) {
            let words = text.as_str().split(blank).filter(|word| !word.is_empty());
            let numbers = words.map(|word| whole(word).and_then(|n| u32::try_from(n).ok()));
            match numbers.collect::<Option<Vec<u32>>>() {
                Some(numbers) if numbers.len() <= 64 => how.multipliers = numbers,
                _ => {
                    faults.push(self.bad("bantime.multipliers", text, "list of 64 numbers or less"))
                }
            }
        }
        let formula = said(self.options.get("bantime.formula"));
        if let Some(text) = formula.filter(|_| how.multipliers.is_empty()) {
            let bare: String = text.as_str().split_whitespace().collect();
            if bare != FORMULA {
                faults.push(self.fault(
                    text,
                    "`bantime.formula` is Python, and is not run",
                    &format!(
                        "write its values as `bantime.multipliers`, leave it out for bans twice as \
                         long each time, or {INSTEAD}"
                    ),
                ));
            }
        }
        how.maxtime = self.time("bantime.maxtime", faults).flatten();
        if let Some(Some(time)) = self.random(faults) {
            how.rndtime = time;
        }
        let overall = said(self.options.get("bantime.overalljails"));
        how.overalljails = overall.is_some_and(|text| truth(text.as_str()));
        how
    }

    /// `bantime.rndtime`, which may be nothing.
    fn random(&self, faults: &mut Vec<Fault>) -> Option<Option<Duration>> {
        let text = said(self.options.get("bantime.rndtime"))?;
        match seconds(text.as_str()) {
            Some(0.0) => None,
            _ => self.time("bantime.rndtime", faults),
        }
    }

    fn spares(&self, faults: &mut Vec<Fault>) -> Vec<Network> {
        const MOST: usize = portreeve_model::Judge::MOST_ENTRIES;
        let Some(text) = said(self.options.get("ignoreip")) else { return Vec::new() };
        let words = text.as_str().split(|c| blank(c) || c == ',').filter(|word| !word.is_empty());
        let mut spares = Vec::new();
        // the host itself is spared by every judge
        for word in words.filter(|word| !word.eq_ignore_ascii_case("localhost")) {
            match network(word) {
                Some(network) if !spares.contains(&network) => spares.push(network),
                Some(_) => {}
                None => {
                    let message = format!(
                        "`ignoreip` has `{}`, which is no address: a name is never looked up to spare \
                         anybody, and no file is read",
                        shown(word)
                    );
                    let help = format!("write its addresses, or {INSTEAD}");
                    faults.push(self.fault(text, &message, &help));
                }
            }
        }
        if spares.len() > MOST {
            let message = format!("`ignoreip` has more than {MOST} entries");
            faults.push(self.fault(
                text,
                &message,
                "write networks, or put them into `[ban] never`",
            ));
        }
        spares
    }

    /// What is taken of it, and what is not.
    fn told(&self) -> Diagnostic {
        let message = format!(
            "the jail `{}` is watched and judges: whom it bans is shut out by what `[ban]` says, and its \
             actions are not taken{}",
            shown(self.jail.name.as_str()),
            judged::with_values(self.options)
        );
        let help = "write `judges = false` at the import to have its offences recorded and nobody \
                    banned";
        say(Level::Note, codes::JUDGES, self.jail.at, message, help)
    }
}

/// An address or a network, with a length or a mask.
fn network(word: &str) -> Option<Network> {
    if let Ok(network) = word.parse() {
        return Some(network);
    }
    let (address, mask) = word.split_once('/')?;
    let (address, mask): (Ipv4Addr, Ipv4Addr) = (address.parse().ok()?, mask.parse().ok()?);
    let bits = u32::from(mask);
    let length = bits.leading_ones();
    let whole = bits.count_ones() == length;
    let length = u8::try_from(length).ok().filter(|_| whole)?;
    Network::new(IpAddr::V4(address), length).ok()
}
