//! A map that keeps the order in which its keys came.

use std::collections::BTreeMap;

/// Keys with values; a key whose value is replaced keeps its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map<T> {
    entries: Vec<(String, T)>,
    places: BTreeMap<String, usize>,
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: BTreeMap::new() }
    }
}

impl<T> Map<T> {
    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.entries.get(*self.places.get(key)?).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.entries.get_mut(*self.places.get(key)?).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    pub(super) fn set(&mut self, key: &str, value: T) {
        match self.get_mut(key) {
            Some(old) => *old = value,
            None => {
                self.places.insert(key.to_owned(), self.entries.len());
                self.entries.push((key.to_owned(), value));
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_str())
    }
}

impl<T: Clone> Map<T> {
    /// Takes over every entry of another one.
    pub(super) fn update(&mut self, other: &Self) {
        for (key, value) in other.iter() {
            self.set(key, value.clone());
        }
    }
}
