//! The helper's job as bytes. Both ends are this very program, so that there is no version in it.

use std::ffi::CString;

use super::super::{Ids, Plan};
use crate::{
    capability::Capability,
    limits::{Limit, Resource},
};

/// A plan, with what a child would otherwise find in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) plan: Plan,
    /// Signals to put to their default.
    pub(super) reset_signals: u64,
    /// The descriptors the program is to have.
    pub(super) targets: u64,
}

impl Job {
    pub(super) fn encode(&self) -> Vec<u8> {
        let plan = &self.plan;
        let mut out = Writer(Vec::new());
        out.number(self.reset_signals);
        out.number(self.targets);
        out.text(&plan.path);
        out.list(&plan.argv, |out, text| out.text(text));
        out.list(&plan.env, |out, text| out.text(text));
        out.number(u64::from(plan.new_session));
        out.list(&plan.limits, |out, (resource, limit)| {
            out.number(u64::from(resource.number()));
            out.option(limit.soft, Writer::number);
            out.option(limit.hard, Writer::number);
        });
        out.option(plan.nice, |out, nice| out.number(u64::from(nice.cast_unsigned())));
        out.option(plan.umask, |out, mask| out.number(u64::from(mask)));
        out.option(plan.chroot.as_ref(), |out, path| out.text(path));
        out.option(plan.directory.as_ref(), |out, path| out.text(path));
        out.option(plan.ids.as_ref(), |out, ids| {
            out.number(u64::from(ids.uid));
            out.number(u64::from(ids.gid));
            out.list(&ids.groups, |out, gid| out.number(u64::from(*gid)));
        });
        out.list(&plan.ambient, |out, capability| out.number(u64::from(capability.number())));
        out.number(u64::from(plan.no_new_privs));
        out.number(u64::from(plan.reserved));
        out.0
    }

    /// `None` unless the bytes are exactly a job.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let (reset_signals, targets) = (from.number()?, from.number()?);
        let plan = Plan {
            path: from.text()?,
            argv: from.list(Reader::text)?,
            env: from.list(Reader::text)?,
            new_session: from.number()? != 0,
            limits: from.list(|from| {
                let resource = Resource::from_number(from.small()?)?;
                let (soft, hard) = (from.option(Reader::number)?, from.option(Reader::number)?);
                Some((resource, Limit { soft, hard }))
            })?,
            nice: from.option(Reader::small)?.map(u32::cast_signed),
            umask: from.option(Reader::small)?,
            chroot: from.option(Reader::text)?,
            directory: from.option(Reader::text)?,
            ids: from.option(|from| {
                Some(Ids {
                    uid: from.small()?,
                    gid: from.small()?,
                    groups: from.list(Reader::small)?,
                })
            })?,
            ambient: from.list(|from| Capability::from_number(from.small()?))?,
            no_new_privs: from.number()? != 0,
            reserved: from.number()? != 0,
        };
        from.0.is_empty().then_some(Self { plan, reset_signals, targets })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, value: u64) {
        self.0.extend(value.to_ne_bytes());
    }

    fn text(&mut self, text: &CString) {
        self.number(text.as_bytes().len() as u64);
        self.0.extend(text.as_bytes());
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| write(self, item));
    }

    fn option<T>(&mut self, item: Option<T>, write: impl Fn(&mut Self, T)) {
        self.number(u64::from(item.is_some()));
        if let Some(item) = item {
            write(self, item);
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_ne_bytes(*word))
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn text(&mut self) -> Option<CString> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        CString::new(text).ok()
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.number()?).ok()?;
        // Every item takes a word at least, so a false count ends with the bytes.
        (0..count).map(|_| read(self)).collect()
    }

    /// The outer `None` is bad bytes.
    fn option<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.number()? {
            0 => Some(None),
            1 => Some(Some(read(self)?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        let limit = Limit { soft: Some(7), hard: None };
        let plan = Plan {
            argv: vec![c"true".into(), c"".into(), c"a b".into()],
            env: vec![c"A=1".into()],
            new_session: true,
            limits: vec![(Resource::Cpu, limit)],
            nice: Some(-5),
            umask: Some(0o27),
            chroot: Some(c"/srv".into()),
            directory: None,
            ids: Some(Ids { uid: 1, gid: 2, groups: vec![3, 4] }),
            ambient: vec![Capability::NetAdmin],
            no_new_privs: true,
            reserved: true,
            ..Plan::new(c"/bin/true".into())
        };
        Job { plan, reset_signals: u64::MAX, targets: 7 }
    }

    #[test]
    fn a_job_comes_back_and_nothing_else_is_one() {
        let bytes = job().encode();
        assert_eq!(Job::decode(&bytes), Some(job()));
        for length in 0..bytes.len() {
            assert_eq!(Job::decode(&bytes[..length]), None, "{length}");
        }
        assert_eq!(Job::decode(&[&bytes[..], &[0]].concat()), None);
    }
}
