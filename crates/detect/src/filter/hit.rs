//! What a match holds.

use std::collections::BTreeMap;

/// The text of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// The text.
    pub(super) text: Box<str>,
    /// It was taken for an address, and is only a part of what stands there.
    pub(super) torn: bool,
}

/// The groups of a match by name, or of all lines of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    /// A group that took no part is there and holds nothing.
    values: BTreeMap<Box<str>, Option<Value>>,
}

impl Fields {
    /// The value of a group.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).and_then(Option::as_ref)
    }

    /// Its text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).map(|value| &*value.text)
    }

    /// Whether it holds any text.
    pub(super) fn is_said(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| !text.is_empty())
    }

    /// Sets it.
    pub(super) fn set(&mut self, name: &str, value: Option<Value>) {
        self.values.insert(name.into(), value);
    }

    /// Takes it away; says whether it held any text.
    pub(super) fn take(&mut self, name: &str) -> bool {
        let value = self.values.remove(name).flatten();
        value.is_some_and(|value| !value.text.is_empty())
    }

    /// Takes over what others hold, as far as they hold something.
    pub(super) fn merge(&mut self, others: &Self) {
        for (name, value) in &others.values {
            if value.is_some() {
                self.values.insert(name.clone(), value.clone());
            }
        }
    }

    /// Bytes of memory, about.
    pub(super) fn size(&self) -> usize {
        let value = |value: &Option<Value>| value.as_ref().map_or(0, |value| value.text.len());
        self.values.iter().map(|(name, of)| 64 + name.len() + value(of)).sum()
    }
}
