//! The attributes and the derive of [`retry-core`](https://docs.rs/retry-core). Depend on `retry-core`, which re-exports them; this crate is of
//! no use on its own.
//!
//! Three phases, a room each: `parse` turns tokens into a model, `validate` checks what spans keys and what spans the keys and the
//! function, `expand` quotes. Every phase pushes into one list of errors, so that all mistakes are reported together. `classify` has
//! the same phases for the derive; `methods` finds the methods of a block and gives each to the phases of the attribute.

#![forbid(unsafe_code)]

mod attribute;
mod classify;
mod contained;
mod errors;
mod expand;
mod grammar;
mod methods;
mod model;
mod parse;
mod suggest;
mod validate;

use proc_macro::TokenStream;

#[doc = include_str!("../retry.md")]
#[proc_macro_attribute]
pub fn retry(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::guarded(arguments.into(), item.into()).into()
}

#[doc = include_str!("../retry_methods.md")]
#[proc_macro_attribute]
pub fn retry_methods(arguments: TokenStream, item: TokenStream) -> TokenStream {
    methods::guarded(arguments.into(), item.into()).into()
}

#[doc = include_str!("../classify.md")]
#[proc_macro_derive(Classify, attributes(classify))]
pub fn classify(item: TokenStream) -> TokenStream {
    classify::guarded(item.into()).into()
}
