//! One attribute from its tokens to its expansion.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::{expand, parse, validate};

/// [`expanded`], guarded.
pub(crate) fn guarded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    caught("retry", "function", item.clone(), || {
        expanded(arguments, item)
    })
}

/// What `expand` gives, with a panic turned into a compile error that says whose mistake it is.
pub(crate) fn caught(
    attribute: &str,
    item: &str,
    original: TokenStream,
    expand: impl FnOnce() -> TokenStream,
) -> TokenStream {
    catch_unwind(AssertUnwindSafe(expand)).unwrap_or_else(|panic| {
        let reason = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default();
        let error = syn::Error::new(
            proc_macro2::Span::call_site(),
            format!("`#[{attribute}]` panicked, which is a bug in retry-macros: {reason}; please report it together with this {item}"),
        );
        broken(original, &error)
    })
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
    for idle in validate::idle(&config, function.as_ref()) {
        errors.push(idle.error);
    }
    match (errors.finish(), function) {
        (Ok(()), Some(function)) => expand::function(&config, function),
        (Ok(()), None) => item,
        (Err(error), Some(function)) => broken(parse::original(&function), &error),
        (Err(error), None) => broken(item, &error),
    }
}

/// The original item first, so that editors resolve to it.
pub(crate) fn broken(mut item: TokenStream, error: &syn::Error) -> TokenStream {
    item.extend(error.to_compile_error());
    item
}

#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;
