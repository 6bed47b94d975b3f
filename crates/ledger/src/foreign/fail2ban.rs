//! The database of fail2ban 0.11 and later.

use super::{ForeignError, Opened, open, told};
use rusqlite::{OptionalExtension as _, Row};
use std::path::{Path, PathBuf};

/// The version of the tables that is read.
const VERSION: i64 = 4;

/// Bytes of an address or of a jail's name that are read; fail2ban can ban any text.
const MOST_TEXT: usize = 256;

/// fail2ban's database.
#[derive(Debug)]
pub struct Fail2ban {
    path: PathBuf,
    opened: Opened,
}

/// What a jail has against somebody: a row of `bips`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JailBan {
    /// The row's number.
    pub row: i64,
    /// Who: an address or a network as a rule, but a filter may have any text banned.
    pub id: String,
    /// The jail.
    pub jail: String,
    /// When it was, in seconds since the epoch.
    pub at: i64,
    /// For how long from then, in seconds; less than 0 is for ever.
    pub length: i64,
    /// The how many-th ban it is of that one by that jail, from 1.
    pub count: i64,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// One that makes sense as far as its types go.
    Ban(JailBan),
    /// One of that number that does not: why.
    Odd(i64, &'static str),
}

impl Fail2ban {
    /// Opens it.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or is of another version.
    pub fn open(path: &Path) -> Result<Self, ForeignError> {
        let own = Self { path: path.into(), opened: open(path)? };
        let other = |why: String| Err(ForeignError::Other(path.into(), why));
        if !own.has_table("fail2banDb")? || !own.has_table("bips")? {
            let version = match own.has_table("fail2banDb")? {
                true => own.version()?,
                false => None,
            };
            return other(match version {
                Some(version) if version < VERSION => format!(
                    "its tables are of version {version}, which fail2ban before 0.11 wrote; a newer \
                     fail2ban brings them up to date when it starts"
                ),
                _ => "it is no database of fail2ban's".to_owned(),
            });
        }
        match own.version()? {
            Some(VERSION) => Ok(own),
            Some(version) => {
                other(format!("its tables are of version {version}, and {VERSION} is what is read"))
            }
            None => other("it does not say of which version its tables are".to_owned()),
        }
    }

    /// Goes through the rows of `bips`, the latest ban of each address by each jail, in the order of
    /// their times; `each` says whether it wants more.
    ///
    /// # Errors
    /// It cannot be read to the end; `each` has then seen those before.
    pub fn bans(&self, each: &mut dyn FnMut(Seen) -> bool) -> Result<(), ForeignError> {
        let mut deed = || -> rusqlite::Result<()> {
            let mut statement = self.opened.connection.prepare(
                "SELECT rowid, ip, jail, timeofban, bantime, bancount FROM bips
                 ORDER BY timeofban, rowid",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if !each(seen(row)?) {
                    break;
                }
            }
            Ok(())
        };
        deed().map_err(|error| told(&self.path, error))
    }

    /// How many bans it remembers in all, over or not: rows of `bans`.
    ///
    /// # Errors
    /// They cannot be counted.
    pub fn remembered(&self) -> Result<u64, ForeignError> {
        if !self.has_table("bans")? {
            return Ok(0);
        }
        let count: i64 = self
            .opened
            .connection
            .query_row("SELECT count(*) FROM bans", [], |row| row.get(0))
            .map_err(|error| told(&self.path, error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn has_table(&self, name: &str) -> Result<bool, ForeignError> {
        let found = self.opened.connection.query_row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [name],
            |_| Ok(()),
        );
        Ok(found.optional().map_err(|error| told(&self.path, error))?.is_some())
    }

    fn version(&self) -> Result<Option<i64>, ForeignError> {
        let ask = "SELECT max(version) FROM fail2banDb";
        let found =
            self.opened.connection.query_row(ask, [], |row| Ok(row.get_ref(0)?.as_i64().ok()));
        found.map_err(|error| told(&self.path, error))
    }
}

/// A row, whatever it holds: a column has no type that SQLite would keep to.
fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    let number = |column| row.get_ref(column).map(|value| value.as_i64().ok());
    let text = |column| {
        let text = row.get_ref(column)?.as_str().ok().filter(|text| text.len() <= MOST_TEXT);
        Ok::<_, rusqlite::Error>(text.map(str::to_owned))
    };
    let at_row = number(0)?.unwrap_or_default();
    let odd = |why| Ok(Seen::Odd(at_row, why));
    let Some(id) = text(1)? else { return odd("its address is no text, or a long one") };
    let Some(jail) = text(2)? else { return odd("its jail is no text, or a long one") };
    let Some(at) = number(3)? else { return odd("its time is no number") };
    let Some(length) = number(4)? else { return odd("its length is no number") };
    let count = number(5)?.unwrap_or(1);
    Ok(Seen::Ban(JailBan { row: at_row, id, jail, at, length, count }))
}

#[cfg(test)]
mod tests;
