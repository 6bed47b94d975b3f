//! Why services do not serve at present, as the running door knows it.

use crate::client::{self, Patience};
use crate::paths::Paths;
use portreeve_wire::control::{Answer, Request, ServiceStatus, Status};

/// The door's status beside another answer: without it that answer stands alone.
pub(crate) fn ask(paths: &Paths) -> Option<Status> {
    let answer = client::ask(paths, &Request::Status, Patience::Glance).ok()?.answer;
    if let Answer::Status(status) = answer { Some(*status) } else { None }
}

/// What keeps a service, or one of its addresses, from serving.
pub(crate) fn of_service(service: &ServiceStatus) -> Vec<String> {
    let listeners = service.listeners.iter().filter_map(|listener| {
        let reason = listener.down.as_deref()?;
        Some(format!("it does not listen on {}: {reason}", listener.address))
    });
    service.problems.iter().cloned().chain(listeners).collect()
}

/// What keeps the service of a key from serving, the door included.
pub(crate) fn of_key(status: &Status, key: &str) -> Vec<String> {
    let service = status.services.iter().find(|service| service.key == key);
    let closing =
        status.stopping.then(|| "the door is closing: it takes no more connections".into());
    service.map(of_service).unwrap_or_default().into_iter().chain(closing).collect()
}

/// Every service that something keeps from serving, by its key.
pub(crate) fn down(status: &Status) -> Vec<(String, Vec<String>)> {
    let each = status.services.iter().map(|service| (service.key.clone(), of_service(service)));
    each.filter(|(_, reasons)| !reasons.is_empty()).collect()
}
