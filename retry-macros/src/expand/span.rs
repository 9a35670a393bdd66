//! Where generated code lies: at the user's token, without being the user's.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

/// The ends of some tokens.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(super) first: Span,
    pub(super) last: Span,
}

impl Place {
    pub(crate) fn of(tokens: &impl ToTokens) -> Self {
        Self::of_stream(tokens.to_token_stream())
    }

    fn of_stream(tokens: TokenStream) -> Self {
        let mut stream = tokens.into_iter();
        let Some(first) = stream.next() else {
            return Self::nowhere();
        };
        let first_span = first.span();
        let last = stream.last().map_or(first_span, |token| match token {
            TokenTree::Group(group) => group.span_close(),
            other => other.span(),
        });
        Self {
            first: first_span.resolved_at(Span::mixed_site()),
            last: last.resolved_at(Span::mixed_site()),
        }
    }

    /// The whole attribute.
    pub(super) fn nowhere() -> Self {
        Self {
            first: Span::mixed_site(),
            last: Span::mixed_site(),
        }
    }

    /// `function(arguments)`, so that the compiler blames the tokens at this place for the call.
    pub(super) fn call(self, function: &TokenStream, arguments: TokenStream) -> TokenStream {
        let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
        arguments.set_span(self.last);
        let mut tokens = self.move_here(function);
        tokens.extend([TokenTree::Group(arguments)]);
        tokens
    }

    /// `function::<ty, _, …>(arguments)`, with so many types to be inferred, and the first where it was.
    pub(super) fn call_with(
        self,
        function: &TokenStream,
        ty: &TokenStream,
        inferred: usize,
        arguments: &TokenStream,
    ) -> TokenStream {
        let mut arguments = Group::new(Delimiter::Parenthesis, arguments.clone());
        arguments.set_span(self.last);
        let function = self.move_here(function);
        // The compiler may blame a type that it was to infer.
        let inferred = (0..inferred).map(|_| quote_spanned!(self.first=> _));
        quote_spanned!(self.first=> #function::<#ty #(, #inferred)*> #arguments)
    }

    /// `alias<ty>`, so that the compiler blames the tokens at this place for the type.
    pub(super) fn wrap(self, alias: &TokenStream, ty: &impl ToTokens) -> TokenStream {
        let alias = self.move_here(alias);
        let end = quote_spanned!(self.last=> >);
        quote_spanned!(self.first=> #alias<#ty #end)
    }

    /// The same tokens with the same meaning, at this place.
    pub(crate) fn move_here(self, tokens: &TokenStream) -> TokenStream {
        tokens
            .clone()
            .into_iter()
            .map(|mut token| {
                let span = self.first.resolved_at(token.span());
                token.set_span(span);
                token
            })
            .collect()
    }
}
