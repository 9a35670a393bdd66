//! What the caller gets in the end: a fallback's answer, or an outcome.

use quote::ToTokens as _;
use syn::{Expr, ExprClosure, Lit, Type};

use crate::contained::each_type;
use crate::errors::Errors;
use crate::model::{Config, Flavor, Function, Keyed};

/// Keys that `returns = outcome` makes useless.
pub(super) fn outcome(config: &Config, errors: &mut Errors) {
    if config.returns_outcome().is_none() {
        return;
    }
    if let Some(fallback) = &config.fallback {
        errors.at(
            &fallback.key,
            "`fallback` answers in place of the error, but `returns = outcome` hands the error to the caller; keep one of the two",
        );
    }
    if let Some(on_stop) = &config.on_stop {
        errors.at(
            &on_stop.key,
            "`on_stop` makes an error of a stop, but `returns = outcome` hands the stop to the caller; remove `on_stop`",
        );
    }
}

/// A record that nobody gets, or of nothing.
pub(super) fn timeline(config: &Config, errors: &mut Errors) {
    let Some(Keyed { key, value }) = &config.timeline else {
        return;
    };
    if config.returns_outcome().is_none() && !config.failed.contains(&"returns") {
        errors.at(
            key,
            "`timeline` is part of the outcome, which the caller does not get; write `returns = outcome` next to it",
        );
    }
    if let Expr::Lit(literal) = value {
        match &literal.lit {
            Lit::Int(number) if number.base10_parse::<usize>().is_ok_and(|limit| limit == 0) => {
                errors.at(
                    literal,
                    "a timeline of 0 attempts records nothing; remove it",
                );
            }
            Lit::Int(_) => {}
            _ => errors.at(
                literal,
                "`timeline` is a number of attempts; write for example `timeline = 16`",
            ),
        }
    }
}

/// Where the return type cannot become an outcome.
pub(super) fn outcome_of(config: &Config, function: &Function, errors: &mut Errors) {
    let Some(key) = config.returns_outcome() else {
        return;
    };
    if let Flavor::Boxed(_) = function.flavor {
        errors.at(
            key,
            "under `#[async_trait]` the trait says what the method returns; remove `returns = outcome`",
        );
        return;
    }
    for hidden in function.output().into_iter().flat_map(impl_types) {
        errors.at(
            hidden,
            "`returns = outcome` needs a type that has a name; write it in place of the `impl Trait`",
        );
    }
}

fn impl_types(ty: &Type) -> Vec<Type> {
    fn collect(ty: &mut Type, found: &mut Vec<Type>) {
        if matches!(ty, Type::ImplTrait(_)) {
            found.push(ty.clone());
        } else {
            each_type(ty, &mut |inner| collect(inner, found));
        }
    }
    // An `impl Trait` that is the whole type hides whether the function can fail, which is said already.
    if matches!(ty, Type::ImplTrait(_)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    collect(&mut ty.clone(), &mut found);
    found
}

/// A fallback that is no function, or one that nobody awaits.
pub(super) fn fallback(config: &Config, function: &Function, errors: &mut Errors) {
    let Some(Keyed { value, .. }) = &config.fallback else {
        return;
    };
    match value {
        Expr::Lit(_) => errors.at(
            value,
            "`fallback` is a function of the error; write for example `fallback = |error| cached(id)`",
        ),
        Expr::Call(call) if is_result(&call.func) => errors.at(
            value,
            format!(
                "`fallback` is a function of the error; write `fallback = {}|_| {}(…)`",
                if function.is_async() { "async " } else { "" },
                call.func.to_token_stream(),
            ),
        ),
        Expr::Closure(closure) => match (function.is_async(), asyncness(closure)) {
            (true, None) if gives_result(closure) => errors.at(
                closure,
                format!(
                    "`{}` is async, so its fallback gives a future; write `async` in front of this closure",
                    function.signature.ident
                ),
            ),
            (false, Some(asyncness)) => errors.at(
                asyncness,
                format!(
                    "`{}` is not async, so nobody awaits its fallback; remove `async`",
                    function.signature.ident
                ),
            ),
            _ => {}
        },
        _ => {}
    }
}

/// `Ok` or `Err`.
fn is_result(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.is_ident("Ok") || path.path.is_ident("Err"))
}

fn gives_result(closure: &ExprClosure) -> bool {
    matches!(&*closure.body, Expr::Call(call) if is_result(&call.func))
}

/// The `async` of `async |error| …` or `|error| async …`.
pub(super) fn asyncness(closure: &ExprClosure) -> Option<syn::Token![async]> {
    closure.asyncness.or(match &*closure.body {
        Expr::Async(block) => Some(block.async_token),
        _ => None,
    })
}
