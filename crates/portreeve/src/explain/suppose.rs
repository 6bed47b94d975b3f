//! What is supposed of look-ups, as it is typed.

use crate::args::{ExplainArgs, NamesAnswer};
use crate::exit::{Exit, Failure};
use crate::render::text::visible;
use portreeve_model::{HostPattern, Supposed, SupposedIdent, SupposedNames};

/// What the options suppose.
///
/// # Errors
/// A name is none.
pub(super) fn supposed(args: &ExplainArgs) -> Result<Supposed, Failure> {
    let names = self::names(&args.names, args.names_answer)?;
    let server_names = self::names(&args.server_names, args.server_names_answer)?;
    let ident = match (&args.ident, args.no_ident) {
        (Some(user), _) => Some(SupposedIdent::User(user.clone())),
        (None, true) => Some(SupposedIdent::Missing),
        (None, false) => None,
    };
    let listed = args.listed.iter().map(|zone| host_name(zone)).collect::<Result<Vec<_>, _>>()?;
    let listed = (args.unlisted || !listed.is_empty()).then_some(listed);
    let to = args.to.map(|to| (to.address, to.port));
    Ok(Supposed { names, server_names, ident, listed, to })
}

/// What is supposed of one end's names.
fn names(names: &[String], answer: Option<NamesAnswer>) -> Result<Option<SupposedNames>, Failure> {
    Ok(match (names, answer) {
        ([], None) => None,
        ([], Some(NamesAnswer::None)) => Some(SupposedNames::None),
        ([], Some(NamesAnswer::Unconfirmed)) => Some(SupposedNames::Unconfirmed),
        ([], Some(NamesAnswer::Failed)) => Some(SupposedNames::Failed),
        (names, _) => {
            let names = names.iter().map(|name| host_name(name)).collect::<Result<_, _>>()?;
            Some(SupposedNames::Confirmed(names))
        }
    })
}

/// What is supposed, in words; nothing where nothing is.
pub(crate) fn words(supposed: &Supposed) -> Vec<String> {
    let quoted = |names: &[String]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{}`", visible(name))).collect();
        names.join(" and ")
    };
    let in_words = |names: &SupposedNames, whose: &str| match names {
        SupposedNames::Confirmed(names) => format!("the confirmed {whose} {}", quoted(names)),
        SupposedNames::None => format!("no {whose}"),
        SupposedNames::Unconfirmed => format!("a {whose} that does not lead back"),
        SupposedNames::Failed => format!("that {whose}s cannot be looked up"),
    };
    let names = supposed.names.as_ref().map(|names| match names {
        SupposedNames::Confirmed(_) => in_words(names, "name"),
        SupposedNames::None | SupposedNames::Unconfirmed | SupposedNames::Failed => {
            in_words(names, "host name")
        }
    });
    let server = supposed.server_names.as_ref().map(|names| in_words(names, "server name"));
    let ident = supposed.ident.as_ref().map(|ident| match ident {
        SupposedIdent::User(user) => format!("the ident user `{}`", visible(user)),
        SupposedIdent::Missing => "no ident answer".into(),
    });
    let listed = supposed.listed.as_ref().map(|zones| match zones.as_slice() {
        [] => "that no DNS list has the peer".into(),
        zones => format!("that the DNS list {} has the peer", quoted(zones)),
    });
    let to = supposed.to.map(|(address, port)| match port {
        Some(port) => format!("that it comes to {}", std::net::SocketAddr::new(address, port)),
        None => format!("that it comes to {address}"),
    });
    [names, server, ident, listed, to].into_iter().flatten().collect()
}

/// A host name as the relay would hand it over: lower case, without a final dot.
fn host_name(text: &str) -> Result<String, Failure> {
    match HostPattern::parse(text) {
        Some(HostPattern::Exact(name)) => Ok(name),
        Some(HostPattern::Below(_)) | None => {
            Err(Failure::new(Exit::Usage, format!("`{}` is no host name", visible(text))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assumed_names_are_names() {
        assert_eq!(host_name("Mail.Example.").unwrap(), "mail.example");
        for bad in [".example", "192.0.2.1", "a b", ""] {
            assert_eq!(host_name(bad).unwrap_err().exit, Exit::Usage, "{bad}");
        }
    }
}
