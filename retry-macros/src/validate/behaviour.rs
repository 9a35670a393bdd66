//! The keys that attach behaviour.

use syn::{Expr, Lit};

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
