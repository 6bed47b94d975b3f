//! What a rule changes of how a service's program is started, and the shell that runs a rule's
//! command as the service would be run.

use crate::door::paths::Paths;
use portreeve_policy::{Effect, Effects};
use portreeve_sys::privileges;
use portreeve_sys::spawn::{Ids, Plan, Program};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// The user and group `nobody`: who runs the commands of rules about a service without a process.
const NOBODY: u32 = 65_534;

/// The plan with what rules want: `None` where they want nothing of it.
pub(crate) fn changed(plan: &Plan, effects: &Effects) -> Result<Option<Plan>, String> {
    let mut new = plan.clone();
    for effect in effects.iter() {
        match effect {
            Effect::Nice(by) => new.nice = Some(new.nice.unwrap_or(0).saturating_add(*by)),
            Effect::Umask(mask) => new.umask = Some(*mask),
            Effect::Variable(name, value) => {
                let entry = CString::new([name, &b"="[..], value].concat())
                    .map_err(|_| "a variable holds a NUL byte".to_owned())?;
                let start = [name, &b"="[..]].concat();
                new.env.retain(|other| !other.as_bytes().starts_with(&start));
                new.env.push(entry);
            }
            Effect::User(ids) => {
                new.ids = Some(Ids { uid: ids.uid, gid: ids.gid, groups: ids.groups.clone() });
            }
            Effect::Group(gid) => {
                let uid = new.ids.as_ref().map_or_else(privileges::own_uid, |ids| ids.uid);
                new.ids = Some(Ids { uid, gid: *gid, groups: vec![*gid] });
            }
            Effect::Severity(..)
            | Effect::Spawn(_)
            | Effect::Twist(_)
            | Effect::KeepAlive
            | Effect::Linger(_)
            | Effect::Banner(_) => {}
        }
    }
    Ok((new != *plan).then_some(new))
}

/// A program with what rules want; the same one where they want nothing of it.
pub(crate) fn as_wanted(program: &Arc<Program>, effects: &Effects) -> Result<Arc<Program>, String> {
    match changed(program.plan(), effects)? {
        None => Ok(Arc::clone(program)),
        Some(plan) => plan.prepare().map(Arc::new).map_err(|bad| bad.to_string()),
    }
}

/// The shell that runs a command as this service would run; without a program, as nobody.
pub(crate) fn shell(
    service: Option<&Plan>,
    command: &[u8],
    effects: &Effects,
    root: bool,
) -> Result<Arc<Program>, String> {
    let text = CString::new(command).map_err(|_| "a command holds a NUL byte".to_owned())?;
    let nobody = || nobody(root);
    let base = service.cloned().unwrap_or_else(nobody);
    let base = Plan {
        path: c"/bin/sh".into(),
        argv: vec![c"sh".into(), c"-c".into(), text],
        new_session: true,
        reserved: false,
        ..base
    };
    let plan = changed(&base, effects)?.unwrap_or(base);
    plan.prepare().map(Arc::new).map_err(|bad| bad.to_string())
}

/// The one-shot that says whether a host is in a netgroup.
pub(crate) fn netgroup(
    paths: &Paths,
    group: &[u8],
    host: &[u8],
    root: bool,
) -> Result<Arc<Program>, String> {
    let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| "a NUL byte".to_owned());
    let path = text(paths.program("portreeve-compile").as_os_str().as_bytes())?;
    let mut plan = nobody(root);
    plan.argv = vec![path.clone(), c"netgroup".into(), text(group)?, text(host)?];
    plan.path = path;
    plan.new_session = true;
    plan.prepare().map(Arc::new).map_err(|bad| bad.to_string())
}

fn nobody(root: bool) -> Plan {
    let mut plan = Plan::new(c"/bin/sh".into());
    plan.env = vec![c"PATH=/usr/sbin:/usr/bin:/sbin:/bin".into()];
    plan.umask = Some(0o022);
    plan.directory = Some(c"/".into());
    plan.no_new_privs = true;
    if root {
        plan.ids = Some(Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() });
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::Ids as Who;

    fn effects(all: Vec<Effect>) -> Effects {
        let mut effects = Effects::default();
        all.into_iter().for_each(|effect| effects.push(effect));
        effects
    }

    fn plan() -> Plan {
        let mut plan = Plan::new(c"/usr/sbin/sshd".into());
        plan.env = vec![c"A=1".into(), c"AB=2".into()];
        plan.nice = Some(2);
        plan.umask = Some(0o022);
        plan.ids = Some(Ids { uid: 7, gid: 8, groups: vec![8, 9] });
        plan.chroot = Some(c"/srv".into());
        plan
    }

    #[test]
    fn a_plan_becomes_what_the_rules_want_in_their_order() {
        let ids = Who { uid: 1, gid: 2, groups: vec![2, 3] };
        let wanted = effects(vec![
            Effect::Variable(b"A".to_vec(), b"x y".to_vec()),
            Effect::Nice(5),
            Effect::Umask(0o27),
            Effect::User(ids),
            Effect::Group(4),
            Effect::Spawn(b"true".to_vec()),
        ]);
        let new = changed(&plan(), &wanted).unwrap().unwrap();
        assert_eq!(new.env, [c"AB=2".into(), CString::new("A=x y").unwrap()]);
        assert_eq!((new.nice, new.umask), (Some(7), Some(0o27)));
        assert_eq!(new.ids, Some(Ids { uid: 1, gid: 4, groups: vec![4] }));
        let nothing = effects(vec![Effect::KeepAlive, Effect::Spawn(b"true".to_vec())]);
        assert_eq!(changed(&plan(), &nothing), Ok(None), "the same plan serves");
    }

    #[test]
    fn a_command_runs_as_the_service_or_as_nobody() {
        let shell = |service, root| {
            let program = shell(service, b"echo $HOME", &Effects::default(), root).unwrap();
            program.plan().clone()
        };
        let own = plan();
        let of_service = shell(Some(&own), true);
        assert_eq!(of_service.ids, plan().ids);
        assert_eq!(of_service.chroot, plan().chroot);
        assert_eq!(of_service.path.as_c_str(), c"/bin/sh");
        let argv: Vec<_> = of_service.argv.iter().map(|word| word.as_c_str()).collect();
        assert_eq!(argv, [c"sh", c"-c", c"echo $HOME"]);
        assert!(of_service.new_session);
        let alone = shell(None, true);
        assert_eq!(alone.ids.map(|ids| (ids.uid, ids.groups)), Some((NOBODY, Vec::new())));
        assert_eq!(shell(None, false).ids, None);
    }
}
