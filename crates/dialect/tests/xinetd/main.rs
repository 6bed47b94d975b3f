//! The xinetd language as a whole: tables by the sections of its reference, a corpus, properties.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod attributes;
#[cfg(test)]
mod book;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod includes;
#[cfg(test)]
mod libwrap;
#[cfg(test)]
mod merging;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod show;
#[cfg(test)]
mod support;
#[cfg(test)]
mod syntax;
#[cfg(test)]
mod unserved;
