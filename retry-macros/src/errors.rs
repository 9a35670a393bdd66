//! The one list that every phase pushes into.

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
        self.push(syn::Error::new_spanned(
            tokens.into_token_stream(),
            message.to_string(),
        ));
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
