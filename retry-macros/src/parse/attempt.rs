//! The parameter marked `#[attempt]`, which the loop supplies and no caller sees.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, FnArg, Pat, Signature, Stmt};

use crate::model::{AttemptParameter, Boxed};

/// Whether an attribute of a parameter is ours.
pub(crate) fn is_marker(attribute: &Attribute) -> bool {
    attribute.path().is_ident("attempt")
}

/// Takes the marked parameters out of the signature.
pub(super) fn take(signature: &mut Signature) -> Vec<AttemptParameter> {
    let mut taken = Vec::new();
    let mut kept = Punctuated::new();
    for argument in std::mem::take(&mut signature.inputs) {
        match argument {
            FnArg::Typed(mut typed) if typed.attrs.iter().any(is_marker) => {
                let at = typed.attrs.iter().position(is_marker).unwrap_or_default();
                taken.push(AttemptParameter {
                    marker: typed.attrs.remove(at),
                    attributes: typed.attrs,
                    pattern: *typed.pat,
                    ty: *typed.ty,
                });
            }
            other => kept.push(other),
        }
    }
    signature.inputs = kept;
    taken
}

/// Takes away `let attempt = attempt;`, with which `#[async_trait]` moves the parameter into its block.
pub(super) fn take_moves(boxed: &mut Boxed, parameters: &[AttemptParameter]) {
    let names: Vec<&Ident> = parameters
        .iter()
        .filter_map(|parameter| match &parameter.pattern {
            Pat::Ident(name) => Some(&name.ident),
            _ => None,
        })
        .collect();
    boxed.remove_from_prelude(|statement| match statement {
        Stmt::Local(local) => match (&local.pat, local.init.as_ref().map(|init| &*init.expr)) {
            (Pat::Ident(name), Some(Expr::Path(moved))) => {
                names.contains(&&name.ident) && moved.path.is_ident(&name.ident)
            }
            _ => false,
        },
        _ => false,
    });
}
