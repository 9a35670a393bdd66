//! The keys that attach behaviour.

use syn::{Expr, Lit};

use super::ending::asyncness;
use crate::errors::Errors;
use crate::model::{Config, Keyed};

/// Two judges of the same values.
pub(super) fn values(config: &Config, errors: &mut Errors) {
    if let (Some(until), Some(classify)) = (&config.retry_until, &config.classify_value) {
        errors.at(
            &classify.key,
            format!(
                "`{}` and `{}` both judge the values; keep one of the two",
                classify.key, until.key
            ),
        );
    }
}

/// Guards that are made anew for every call, so that no two calls share one.
pub(super) fn guards(config: &Config, errors: &mut Errors) {
    for guard in [&config.breaker, &config.budget, &config.bulkhead] {
        let Some(Keyed { key, value }) = guard else {
            continue;
        };
        if let Some(kind) = made_here(value) {
            errors.at(
                value,
                format!(
                    "a `{kind}` that is made here is another one in each call; make it a `static` and write `{key} = NAME`"
                ),
            );
        }
    }
}

/// `CircuitBreaker::new("payments").open_for(…)`, `&Bulkhead::new("pool", 1)`, `Arc::new(Budget::new("retries"))`
fn made_here(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Reference(reference) => made_here(&reference.expr),
        Expr::Group(group) => made_here(&group.expr),
        Expr::Paren(paren) => made_here(&paren.expr),
        Expr::MethodCall(call) => made_here(&call.receiver),
        Expr::Call(call) => {
            let Expr::Path(function) = &*call.func else {
                return None;
            };
            let mut segments = function.path.segments.iter().rev();
            let made_by = segments.next()?.ident.to_string();
            let kind = segments.next()?.ident.to_string();
            match (kind.as_str(), made_by.as_str()) {
                ("CircuitBreaker" | "Budget" | "Bulkhead", "new" | "from_settings") => Some(kind),
                ("Arc" | "Box", "new") => call.args.first().and_then(made_here),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Hooks that somebody would have to await.
pub(super) fn hooks(config: &Config, errors: &mut Errors) {
    for hook in [&config.on_retry, &config.on_giving_up] {
        let Some(Keyed {
            key,
            value: Expr::Closure(closure),
        }) = hook
        else {
            continue;
        };
        if let Some(asyncness) = asyncness(closure) {
            errors.at(
                asyncness,
                format!("`{key}` is called and not awaited; remove `async`"),
            );
        }
    }
}

/// A name that is no name.
pub(super) fn operation(config: &Config, errors: &mut Errors) {
    let Some(Keyed {
        value: Expr::Lit(literal),
        ..
    }) = &config.operation
    else {
        return;
    };
    match &literal.lit {
        Lit::Str(name) if name.value().trim().is_empty() => errors.at(
            literal,
            "an operation needs a name; write for example `operation = \"fetch_user\"`",
        ),
        Lit::Str(_) => {}
        _ => errors.at(
            literal,
            "`operation` is a string; write for example `operation = \"fetch_user\"`",
        ),
    }
}
