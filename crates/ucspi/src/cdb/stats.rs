//! How well a database is hashed (cdbstats).

use super::{Damaged, Reader};
use std::fmt;

/// Records, by how many slots past its own each was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    records: u64,
    distances: [u64; 10],
    further: u64,
}

impl Stats {
    /// Looks every record up.
    ///
    /// # Errors
    /// [`Damaged`], also for a record that is not found under its key.
    pub fn of(reader: &Reader<'_>) -> Result<Self, Damaged> {
        let mut stats = Self::default();
        for record in reader.records() {
            let record = record?;
            let mut found = reader.find(record.key);
            let distance = loop {
                match found.step()? {
                    Some((data, looked)) if data.as_ptr() == record.data.as_ptr() => {
                        break looked.saturating_sub(1);
                    }
                    Some(_) => {}
                    None => return Err(Damaged),
                }
            };
            stats.records = stats.records.saturating_add(1);
            let count = stats.distances.get_mut(distance).unwrap_or(&mut stats.further);
            *count = count.saturating_add(1);
        }
        Ok(stats)
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<8}{:>10}", "records", self.records)?;
        for (distance, count) in self.distances.iter().enumerate() {
            writeln!(out, "{:<8}{count:>10}", format!("d{distance}"))?;
        }
        writeln!(out, "{:<8}{:>10}", ">9", self.further)
    }
}
