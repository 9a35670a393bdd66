//! `#[retry_methods]`: one attribute for the methods of an `impl` block.
//!
//! [`parse`] finds the methods and what is written for each, [`choose`] says which of them are retried, [`merge`] lays the keys of a method
//! over the defaults, [`validate`] checks the result once for everybody, [`expand`] puts the block together again. What is done to a single
//! method is what `#[retry]` does.

mod choose;
mod expand;
mod merge;
mod parse;
mod validate;

use proc_macro2::TokenStream;

use crate::attribute::{broken, caught};
use crate::errors::Errors;

/// [`expanded`], with a panic turned into a compile error that says whose mistake it is.
pub(crate) fn guarded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    caught("retry_methods", "block", item.clone(), || {
        expanded(arguments, item)
    })
}

/// The block with its retries, or as it was together with everything that is wrong.
fn expanded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let keys = parse::keys(arguments, &mut errors);
    let block = match parse::block(&item, &mut errors) {
        Ok(block) => block,
        Err(error) => {
            errors.push(error);
            return match errors.finish() {
                Ok(()) => item,
                Err(error) => broken(item, &error),
            };
        }
    };
    let chosen = choose::methods(&keys, &block, &mut errors);
    let plans = validate::block(&keys, &block, &chosen, &mut errors);
    match errors.finish() {
        Ok(()) => expand::block(block, plans),
        Err(error) => broken(expand::original(&block), &error),
    }
}

#[cfg(test)]
mod tests;
