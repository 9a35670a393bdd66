//! The parameter that the loop supplies.

use syn::{FnArg, Meta, Pat, PathArguments, Type};

use super::shape::ungrouped;
use crate::errors::Errors;
use crate::model::{AttemptParameter, Function};
use crate::parse::is_marker;

/// What `#[attempt]` may be written on.
pub(super) fn marked(function: &Function, errors: &mut Errors) {
    for argument in &function.signature.inputs {
        let FnArg::Receiver(receiver) = argument else {
            continue;
        };
        for marker in receiver.attrs.iter().filter(|marker| is_marker(marker)) {
            errors.at(
                marker,
                "`self` is no attempt; mark a parameter of its own, `#[attempt] attempt: Attempt`",
            );
        }
    }
    for (index, parameter) in function.attempt.iter().enumerate() {
        one(parameter, index, errors);
    }
}

fn one(parameter: &AttemptParameter, index: usize, errors: &mut Errors) {
    let AttemptParameter {
        marker,
        attributes,
        pattern,
        ty,
    } = parameter;
    if index > 0 || attributes.iter().any(is_marker) {
        errors.at(
            marker,
            "there is one attempt at a time, so one `#[attempt]` is enough; remove this one",
        );
    }
    if !matches!(marker.meta, Meta::Path(_)) {
        errors.at(
            marker,
            "`#[attempt]` has no values; write `#[attempt] attempt: Attempt`",
        );
    }
    if !is_attempt(ty) {
        errors.at(
            ty,
            "what `#[attempt]` marks is of type `Attempt`; write `#[attempt] attempt: Attempt`",
        );
    }
    let plain = match pattern {
        Pat::Ident(name) => {
            name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none()
        }
        Pat::Wild(_) => true,
        _ => false,
    };
    if !plain {
        errors.at(
            pattern,
            "what `#[attempt]` marks has a plain name; write `#[attempt] attempt: Attempt`",
        );
    }
}

fn is_attempt(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Path(path)
    if path.path.segments.last().is_some_and(|last| {
        last.ident == "Attempt" && matches!(last.arguments, PathArguments::None)
    }))
}
