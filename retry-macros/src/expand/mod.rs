//! Only quoting: what is emitted for a function whose keys have been checked.

mod attempts;
mod behaviour;
mod docs;
mod entry;
mod keys;
mod policy;
mod site;
pub(crate) mod span;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens as _, quote};

use crate::model::{Config, Flavor, Function};
use crate::validate::{bindings, take_mut};

/// The function, its body inside the loop.
pub(crate) fn function(config: &Config, mut function: Function) -> TokenStream {
    let docs = docs::section(config);
    let bindings = bindings(&function);
    let attempts = attempts::Attempts::new(config, &function, &bindings);
    take_mut(&mut function, &config.clone);
    attempts.rewrite_output(&mut function.signature);
    let body = match &mut function.flavor {
        Flavor::Blocking => attempts.blocking(&function.body),
        Flavor::Async => attempts.asynchronous(&function.body),
        Flavor::Boxed(boxed) => attempts.boxed(boxed),
    };
    let Function {
        attributes,
        visibility,
        defaultness,
        signature,
        inner_attributes,
        ..
    } = &function;
    let mut tokens = TokenStream::new();
    for attribute in attributes {
        attribute.to_tokens(&mut tokens);
    }
    let mut braces = Group::new(Delimiter::Brace, quote!(#(#inner_attributes)* #body));
    // Where the user's are, so that the compiler takes the attempt's body for the function's and says the same about both.
    braces.set_span(function.body.span().resolved_at(Span::mixed_site()));
    tokens.extend(quote!(#docs #visibility #defaultness #signature #braces));
    tokens
}
