//! From the model's program to the plan a child walks.

use crate::convert::resource;
use portreeve_model::{Argv0, EnvironmentBase, Ids, Limit, Program, ServiceFacts};
use portreeve_sys::limits::Limit as SysLimit;
use portreeve_sys::spawn;
use portreeve_ucspi::environment as ucspi;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// The monitor's own environment and mask, which xinetd's services inherit.
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) umask: u32,
}

impl Inherited {
    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// Lays out what every start of this program has in common.
pub(crate) fn prepare(
    program: &Program,
    facts: &ServiceFacts,
    inherited: &Inherited,
) -> Result<Arc<spawn::Program>, String> {
    let path = text(&program.path)?;
    let mut plan = spawn::Plan::new(path);
    plan.argv = arguments(program)?;
    plan.env = environment(program, inherited)?;
    plan.new_session = program.new_session;
    plan.limits = program
        .limits
        .iter()
        .map(|l| (resource(l.resource), SysLimit { soft: at(l.soft), hard: at(l.hard) }))
        .collect();
    plan.nice = program.nice;
    // the ancestor's rule: what it inherited, and never group- or world-writable files by accident
    plan.umask = Some(program.umask.unwrap_or(inherited.umask | 0o022));
    plan.chroot = program.chroot.as_deref().map(text).transpose()?;
    plan.directory = Some(text(program.directory.as_deref().unwrap_or("/"))?);
    plan.ids = facts.ids.as_ref().map(ids);
    plan.no_new_privs = program.no_new_privs;
    plan.prepare().map(Arc::new).map_err(|bad| bad.to_string())
}

/// The identity in the words of the edge.
pub(crate) fn ids(ids: &Ids) -> spawn::Ids {
    spawn::Ids { uid: ids.uid, gid: ids.gid, groups: ids.groups.clone() }
}

fn arguments(program: &Program) -> Result<Vec<CString>, String> {
    let own = match &program.argv0 {
        Argv0::Given(name) => name.as_str(),
        Argv0::BaseName => program.path.rsplit('/').next().unwrap_or(&program.path),
    };
    std::iter::once(own).chain(program.args.iter().map(String::as_str)).map(text).collect()
}

fn environment(program: &Program, inherited: &Inherited) -> Result<Vec<CString>, String> {
    let mut list: Vec<(OsString, OsString)> = match &program.environment.base {
        EnvironmentBase::Empty => Vec::new(),
        EnvironmentBase::Inherit => inherited.environment.clone(),
        EnvironmentBase::Pass(names) => {
            let named =
                |(name, _): &&(OsString, OsString)| names.iter().any(|n| name == n.as_str());
            inherited.environment.iter().filter(named).cloned().collect()
        }
    };
    if program.environment.tcp {
        // what is said of a connection is said of this one
        list.retain(|(name, _)| !ucspi::NAMES.iter().any(|other| name == *other));
    }
    for (name, value) in &program.environment.set {
        list.retain(|(other, _)| other != name.as_str());
        list.push((name.into(), value.into()));
    }
    let entry = |(name, value): &(OsString, OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())
            .map_err(|_| "a variable of the environment holds a NUL byte".to_owned())
    };
    list.iter().map(entry).collect()
}

fn at(limit: Limit) -> Option<u64> {
    match limit {
        Limit::Unlimited => None,
        Limit::At(value) => Some(value),
    }
}

fn text(value: &str) -> Result<CString, String> {
    CString::new(value).map_err(|_| format!("`{}` holds a NUL byte", value.escape_debug()))
}
