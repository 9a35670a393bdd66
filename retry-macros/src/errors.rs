//! The one list that every phase pushes into.

use std::any::Any;

use quote::ToTokens;

/// What is wrong so far, each at its own token.
#[derive(Default)]
pub(crate) struct Errors {
    found: Option<syn::Error>,
}

impl Errors {
    /// Adds what a parser reported.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.found {
            Some(found) => found.combine(error),
            found => *found = Some(error),
        }
    }

    /// Adds a sentence at `tokens`, from the first of them to the last.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_none()
    }

    /// Everything that was found.
    pub(crate) fn finish(self) -> Result<(), syn::Error> {
        self.found.map_or(Ok(()), Err)
    }
}

/// What is said when `what`, over an item of this `kind`, has panicked.
pub(crate) fn bug(what: &str, kind: &str, panic: &(dyn Any + Send)) -> syn::Error {
    let reason = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    syn::Error::new(
        proc_macro2::Span::call_site(),
        format!(
            "`{what}` panicked, which is a bug in retry-macros: {reason}; please report it together with this {kind}"
        ),
    )
}
