//! `#[derive(Classify)]`, in the phases of the attribute: [`parse`] reads the `#[classify(…)]`s, [`validate`] makes one rule of each, and
//! [`expand`] quotes. What cannot be understood costs its own arm only: the impl is there whatever is wrong.

mod expand;
mod grammar;
mod model;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::attribute::caught;
use crate::errors::Errors;

/// [`expanded`], guarded.
pub(crate) fn guarded(item: TokenStream) -> TokenStream {
    caught("derive(Classify)", "type", TokenStream::new(), || {
        expanded(item)
    })
}

/// The impl, and everything that is wrong.
fn expanded(item: TokenStream) -> TokenStream {
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let model = parse::item(&item, &mut errors);
    let rules = validate::rules(&model, &mut errors);
    let mut tokens = expand::implementation(&model, &rules);
    if let Err(error) = errors.finish() {
        tokens.extend(error.into_compile_error());
    }
    tokens
}
