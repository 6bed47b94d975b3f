//! The table in the kernel: found or made, filled, made anew, looked at.
//!
//! Its sets belong to a *state*, a number in their names. A synchronisation fills the sets of the
//! next state while the rules use those of this one; then one transaction makes the chains with
//! rules that use the new sets, and removes whatever else the table holds. At no moment is anybody
//! let in who was shut out before and after it.

use crate::answer::{attributes, long};
use crate::kernel::{FULL, INTERRUPTED, Kernel, NO_ENTRY, Refusal};
use crate::message::{Ask, Batch};
use crate::rules::{self, HOOK, SOURCES};
use crate::sets::{self, Now, Set};
use crate::wide::{self, Wide};
use portreeve_model::Network;
use portreeve_wire::firewall::{Change, Counts, Shut, Table as Plan};
use std::collections::{BTreeMap, BTreeSet};

/// Elements that are written in one transaction.
const BATCH: usize = 10_000;

/// Networks in sets of intervals.
#[derive(Debug, Default)]
struct Wides {
    v4: Wide,
    v6: Wide,
}

impl Wides {
    fn of(&mut self, set: Set) -> &mut Wide {
        if set == Set::Wide4 { &mut self.v4 } else { &mut self.v6 }
    }
}

/// One state of the table.
#[derive(Debug)]
struct State {
    number: u32,
    wides: Wides,
    /// What is to be written with the next batch.
    waiting: Vec<Shut>,
}

impl State {
    fn new(number: u32) -> Self {
        Self { number, wides: Wides::default(), waiting: Vec::new() }
    }
}

/// Everything that is in the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    chains: BTreeSet<String>,
    sets: BTreeMap<String, Option<u32>>,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) plan: Plan,
    live: State,
    building: Option<State>,
    /// The rules as the kernel numbers them.
    rules: Vec<(String, u64)>,
    /// What rules that are gone have dropped.
    before: Counts,
    /// What was dropped when it was looked at last.
    last: Counts,
    /// Whether something did not fit into a set.
    pub(crate) full: bool,
}

impl Table {
    /// Takes the table as it is in the kernel, or makes it where it is not, or not whole; `dropped`
    /// is what was dropped by one that is gone.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub(crate) fn adopt(
        kernel: &mut Kernel,
        plan: Plan,
        dropped: Counts,
        now: Now,
    ) -> Result<Self, Refusal> {
        let found = found(kernel, &plan.name)?;
        // of two states the older is the one in use: the other was never finished
        let state = found.sets.keys().filter_map(|name| Some(Set::of_name(name)?.1)).min();
        let whole = |state: &u32| {
            Set::ALL.iter().all(|set| found.sets.contains_key(&set.name(*state)))
                && [HOOK, SOURCES].iter().all(|chain| found.chains.contains(*chain))
        };
        let (number, before) = match state.filter(whole) {
            Some(number) => (number, Counts::default()),
            None => (Self::start_over(kernel, &plan, now)?, dropped),
        };
        let mut table = Self {
            plan,
            live: State::new(number),
            building: None,
            rules: Vec::new(),
            before,
            last: Counts::default(),
            full: false,
        };
        table.note_rules(kernel)?;
        Ok(table)
    }

    /// Makes the table empty, whatever was in it.
    fn start_over(kernel: &mut Kernel, plan: &Plan, now: Now) -> Result<u32, Refusal> {
        let mut batch = kernel.batch();
        for ask in [Ask::NewTable, Ask::DelTable, Ask::NewTable] {
            batch.ask(ask, |body| body.text(1, &plan.name));
        }
        make_sets(&mut batch, plan, 1);
        never(&mut batch, plan, 1, now);
        rules::make(&mut batch, &plan.name, 1, plan.priority, plan.cut);
        kernel.carry_out(batch)?;
        Ok(1)
    }

    /// Begins a synchronisation; one under way is forgotten.
    ///
    /// # Errors
    /// What the kernel refuses: no synchronisation is under way then.
    pub(crate) fn begin(&mut self, kernel: &mut Kernel, now: Now) -> Result<(), Refusal> {
        self.building = None;
        self.full = false;
        let found = found(kernel, &self.plan.name)?;
        let number = self.live.number.wrapping_add(1);
        let mut batch = kernel.batch();
        batch.ask(Ask::NewTable, |body| body.text(1, &self.plan.name));
        for name in found.sets.keys() {
            if Set::of_name(name).is_some_and(|(_, state)| state != self.live.number) {
                delete_set(&mut batch, &self.plan.name, name);
            }
        }
        make_sets(&mut batch, &self.plan, number);
        never(&mut batch, &self.plan, number, now);
        kernel.carry_out(batch)?;
        self.building = Some(State::new(number));
        Ok(())
    }

    /// Takes some of what is shut out; without a synchronisation under way, nothing.
    ///
    /// # Errors
    /// What the kernel refuses: the synchronisation is given up.
    pub(crate) fn fill(
        &mut self,
        kernel: &mut Kernel,
        shuts: Vec<Shut>,
        now: Now,
    ) -> Result<(), Refusal> {
        let Some(state) = self.building.as_mut() else { return Ok(()) };
        for shut in shuts {
            let set = Set::of(shut.network);
            if set.is_wide() {
                self.full |= !state.wides.of(set).put(shut);
            } else {
                state.waiting.push(shut);
            }
        }
        if state.waiting.len() < BATCH {
            return Ok(());
        }
        self.write_waiting(kernel, now)
    }

    fn write_waiting(&mut self, kernel: &mut Kernel, now: Now) -> Result<(), Refusal> {
        let Some(state) = self.building.as_mut() else { return Ok(()) };
        let waiting = std::mem::take(&mut state.waiting);
        let number = state.number;
        for some in waiting.chunks(BATCH) {
            if let Err(refusal) = self.put(kernel, number, some, now) {
                self.building = None;
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Writes single addresses and /64s into the sets of a state, as many as there is room for.
    fn put(
        &mut self,
        kernel: &mut Kernel,
        state: u32,
        shuts: &[Shut],
        now: Now,
    ) -> Result<(), Refusal> {
        let mut batch = kernel.batch();
        for (set, shuts) in by_set(shuts.iter().copied()) {
            sets::put(&mut batch, (&self.plan.name, &set.name(state)), &shuts, now);
        }
        match kernel.carry_out(batch) {
            Err(refusal) if refusal.error == FULL => {}
            outcome => return outcome,
        }
        // one too many and none of them is in: halves find the place where there is no more room
        if let (true, (first, second)) = (shuts.len() > 1, shuts.split_at(shuts.len().div_ceil(2)))
            && !self.full
        {
            self.put(kernel, state, first, now)?;
            return self.put(kernel, state, second, now);
        }
        self.full = true;
        Ok(())
    }

    /// Ends a synchronisation: what it has told is in force, and nothing else. `false` when none is
    /// under way.
    ///
    /// # Errors
    /// What the kernel refuses: all is as it was.
    pub(crate) fn finish(&mut self, kernel: &mut Kernel, now: Now) -> Result<bool, Refusal> {
        self.write_waiting(kernel, now)?;
        let Some(mut state) = self.building.take() else { return Ok(false) };
        let found = found(kernel, &self.plan.name)?;
        self.note_counts(kernel)?;
        let table = self.plan.name.as_str();
        let mut batch = kernel.batch();
        for ask in [Ask::DelRule, Ask::DelChain] {
            for chain in &found.chains {
                batch.ask(ask, |body| {
                    body.text(1, table);
                    body.text(if ask == Ask::DelRule { 2 } else { 3 }, chain);
                });
            }
        }
        for name in found.sets.keys() {
            if Set::of_name(name).is_none_or(|(_, of)| of != state.number) {
                delete_set(&mut batch, table, name);
            }
        }
        for set in [Set::Wide4, Set::Wide6] {
            let parts = state.wides.of(set).parts();
            sets::rewrite(&mut batch, (table, &set.name(state.number)), &parts, now);
        }
        rules::make(&mut batch, table, state.number, self.plan.priority, self.plan.cut);
        kernel.carry_out(batch)?;
        self.live = state;
        self.before = self.last;
        self.note_rules(kernel)?;
        Ok(true)
    }

    /// Carries changes out, in the state in use and in one that is being filled.
    ///
    /// # Errors
    /// What the kernel refuses: the table may lack some of them.
    pub(crate) fn apply(
        &mut self,
        kernel: &mut Kernel,
        changes: Vec<Change>,
        now: Now,
    ) -> Result<(), Refusal> {
        // the last word about each network
        let changes: BTreeMap<Network, Option<Shut>> = changes
            .into_iter()
            .map(|change| match change {
                Change::Shut(shut) => (shut.network, Some(shut)),
                Change::Free(network) => (network, None),
            })
            .collect();
        // what waits to be written could undo a change that is carried out before it
        self.write_waiting(kernel, now)?;
        let mut batch = kernel.batch();
        let table = &self.plan.name;
        for state in [Some(&mut self.live), self.building.as_mut()].into_iter().flatten() {
            let shut = by_set(changes.values().flatten().copied());
            let freed =
                changes.iter().filter(|(_, shut)| shut.is_none()).map(|(network, _)| *network);
            let freed = by_set(freed.map(|network| Shut { network, until: None }));
            for set in Set::ALL {
                let (shut, freed) = (shut.get(&set), freed.get(&set));
                let (shut, freed) = (shut.map_or(&[][..], |s| s), freed.map_or(&[][..], |s| s));
                let name = set.name(state.number);
                if !set.is_wide() {
                    let freed: Vec<_> = freed.iter().map(|shut| shut.network).collect();
                    sets::put_again(&mut batch, (table, &name), shut, now);
                    sets::take_out(&mut batch, (table, &name), &freed);
                    continue;
                }
                if shut.is_empty() && freed.is_empty() {
                    continue;
                }
                let wide = state.wides.of(set);
                wide.expire(now);
                for shut in shut {
                    self.full |= !wide.put(*shut);
                }
                for shut in freed {
                    wide.take(shut.network);
                }
                sets::rewrite(&mut batch, (table, &name), &wide.parts(), now);
            }
        }
        kernel.carry_out(batch)
    }

    /// Another list of who is let by whatever else is said, in the state in use.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub(crate) fn let_by(
        &mut self,
        kernel: &mut Kernel,
        plan: Plan,
        now: Now,
    ) -> Result<(), Refusal> {
        self.plan = plan;
        let mut batch = kernel.batch();
        never(&mut batch, &self.plan, self.live.number, now);
        kernel.carry_out(batch)
    }

    /// Whether the table is as it was left; what is not, in words.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub(crate) fn look(&mut self, kernel: &mut Kernel) -> Result<Option<&'static str>, Refusal> {
        let found = found(kernel, &self.plan.name)?;
        if found == Found::default() {
            return Ok(Some("the table is gone"));
        }
        let states = [Some(self.live.number), self.building.as_ref().map(|state| state.number)];
        let ours: BTreeSet<String> = states
            .into_iter()
            .flatten()
            .flat_map(|state| Set::ALL.map(|set| set.name(state)))
            .collect();
        if !found.sets.keys().eq(&ours) {
            return Ok(Some("its sets are not those that were made"));
        }
        if !found.chains.iter().map(String::as_str).eq([HOOK, SOURCES]) {
            return Ok(Some("its chains are not those that were made"));
        }
        let same = self.note_counts(kernel)?;
        let held = [Set::Hosts4, Set::Hosts6, Set::Nets6].map(|set| {
            let count = found.sets.get(&set.name(self.live.number)).copied().flatten();
            count.map(u64::from)
        });
        let wides = self.live.wides.v4.len().saturating_add(self.live.wides.v6.len());
        let wides = u64::try_from(wides).ok();
        self.last.elements = held
            .into_iter()
            .chain([wides])
            .try_fold(0_u64, |sum, count| Some(sum.saturating_add(count?)));
        Ok((!same).then_some("its rules are not those that were made"))
    }

    /// What it holds and has dropped, when it was looked at last.
    pub(crate) fn counts(&self) -> Counts {
        self.last
    }

    /// Removes the table.
    ///
    /// # Errors
    /// What the kernel refuses, but that there is none.
    pub(crate) fn remove(kernel: &mut Kernel, name: &str) -> Result<(), Refusal> {
        let mut batch = kernel.batch();
        batch.ask(Ask::DelTable, |body| body.text(1, name));
        match kernel.carry_out(batch) {
            Err(refusal) if refusal.error == NO_ENTRY => Ok(()),
            outcome => outcome,
        }
    }

    /// Remembers which rules there are.
    fn note_rules(&mut self, kernel: &mut Kernel) -> Result<(), Refusal> {
        self.rules = rules_of(kernel, &self.plan.name)?.rules;
        Ok(())
    }

    /// Reads what was dropped; whether the rules are those that were remembered.
    fn note_counts(&mut self, kernel: &mut Kernel) -> Result<bool, Refusal> {
        let Rules { rules, packets, bytes } = rules_of(kernel, &self.plan.name)?;
        self.last.packets = self.before.packets.saturating_add(packets);
        self.last.bytes = self.before.bytes.saturating_add(bytes);
        Ok(rules == self.rules)
    }
}

fn make_sets(batch: &mut Batch, plan: &Plan, state: u32) {
    Set::ALL.iter().for_each(|set| set.make(batch, &plan.name, state, plan.most));
}

fn delete_set(batch: &mut Batch, table: &str, name: &str) {
    batch.ask(Ask::DelSet, |body| {
        body.text(1, table);
        body.text(2, name);
    });
}

/// Writes who is let by.
fn never(batch: &mut Batch, plan: &Plan, state: u32, now: Now) {
    for set in [Set::Never4, Set::Never6] {
        let its = plan.never.iter().filter(|network| wide::never(network) == set);
        let parts = wide::parts(its.map(|network| (*network, None)));
        sets::rewrite(batch, (&plan.name, &set.name(state)), &parts, now);
    }
}

fn by_set(shuts: impl Iterator<Item = Shut>) -> BTreeMap<Set, Vec<Shut>> {
    let mut all: BTreeMap<Set, Vec<Shut>> = BTreeMap::new();
    for shut in shuts {
        all.entry(Set::of(shut.network)).or_default().push(shut);
    }
    all
}

/// Tries to list what others change at the same time.
const TRIES: u32 = 5;

/// What a table holds; one that is not there holds nothing.
fn found(kernel: &mut Kernel, table: &str) -> Result<Found, Refusal> {
    tried(|| found_once(kernel, table))
}

/// Lists again what was changed while it was listed.
fn tried<T>(mut list: impl FnMut() -> Result<T, Refusal>) -> Result<T, Refusal> {
    let mut left = TRIES;
    loop {
        left = left.saturating_sub(1);
        match list() {
            Err(refusal) if refusal.error == INTERRUPTED && left > 0 => {}
            outcome => return outcome,
        }
    }
}

fn found_once(kernel: &mut Kernel, table: &str) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let nothing = |outcome: Result<(), Refusal>| match outcome {
        Err(refusal) if refusal.error == NO_ENTRY => Ok(()),
        outcome => outcome,
    };
    let chains = kernel.list(
        Ask::GetChain,
        |_| {},
        |message| {
            if let (Some(of), Some(name)) = (message.text(1), message.text(3))
                && of == table
            {
                found.chains.insert(name.to_owned());
            }
        },
    );
    nothing(chains)?;
    let sets = kernel.list(
        Ask::GetSet,
        |body| body.text(1, table),
        |message| {
            if let (Some(of), Some(name)) = (message.text(1), message.text(2))
                && of == table
            {
                found.sets.insert(name.to_owned(), message.number(20));
            }
        },
    );
    nothing(sets)?;
    Ok(found)
}

/// The rules of a table and what they have dropped.
#[derive(Debug, Default)]
struct Rules {
    /// Each by its chain and the kernel's number.
    rules: Vec<(String, u64)>,
    packets: u64,
    bytes: u64,
}

/// Lists the rules of a table; one that is not there has none.
fn rules_of(kernel: &mut Kernel, table: &str) -> Result<Rules, Refusal> {
    tried(|| rules_once(kernel, table))
}

fn rules_once(kernel: &mut Kernel, table: &str) -> Result<Rules, Refusal> {
    let mut found = Rules::default();
    let listed = kernel.list(
        Ask::GetRule,
        |body| body.text(1, table),
        |message| {
            let (Some(of), Some(chain)) = (message.text(1), message.text(2)) else { return };
            if of != table {
                return;
            }
            found.rules.push((chain.to_owned(), message.long(3).unwrap_or(0)));
            for (_, expression) in message.inside(4).into_iter().flatten() {
                let part = |kind| attributes(expression).find(|(k, _)| *k == kind);
                if part(1).is_none_or(|(_, name)| !name.starts_with(b"counter\0")) {
                    continue;
                }
                for (kind, value) in part(2).into_iter().flat_map(|(_, data)| attributes(data)) {
                    let value = long(value).unwrap_or(0);
                    match kind {
                        1 => found.bytes = found.bytes.saturating_add(value),
                        2 => found.packets = found.packets.saturating_add(value),
                        _ => {}
                    }
                }
            }
        },
    );
    match listed {
        Err(refusal) if refusal.error == NO_ENTRY => Ok(Rules::default()),
        Err(refusal) => Err(refusal),
        Ok(()) => Ok(found),
    }
}
