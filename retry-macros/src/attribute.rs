//! One attribute from its tokens to its expansion.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::TokenStream;

use crate::errors::{Errors, bug};
use crate::{expand, parse, validate};

/// [`expanded`], with a panic turned into a compile error that says whose mistake it is.
pub(crate) fn guarded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let original = item.clone();
    catch_unwind(AssertUnwindSafe(|| expanded(arguments, item)))
        .unwrap_or_else(|panic| broken(original, &bug("#[retry]", "function", &*panic)))
}

/// The function with its retries, or as it was together with everything that is wrong.
pub(crate) fn expanded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let config = parse::attribute(arguments, &mut errors);
    let function = parse::function(item.clone(), &mut errors);
    validate::config(&config, &mut errors);
    if let Some(function) = &function {
        validate::function(&config, function, &mut errors);
    }
    match (errors.finish(), function) {
        (Ok(()), Some(function)) => expand::function(&config, function),
        (Ok(()), None) => item,
        (Err(error), Some(function)) => broken(parse::original(&function), &error),
        (Err(error), None) => broken(item, &error),
    }
}

/// The original item first, so that editors resolve to it.
fn broken(mut item: TokenStream, error: &syn::Error) -> TokenStream {
    item.extend(error.to_compile_error());
    item
}

#[cfg(test)]
mod tests;
