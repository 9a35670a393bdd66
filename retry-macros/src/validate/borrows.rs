//! Borrows that an attempt would have to give away.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{FnArg, Lifetime, Pat, ReceiverKind, Type, TypeReference};

use super::shape::ungrouped;
use crate::contained::each_type;
use crate::errors::Errors;
use crate::model::Function;

/// A `&mut` in the return type that can only be that of an argument. The next attempt would borrow it again.
pub(super) fn returned(function: &Function, errors: &mut Errors) {
    let Some(output) = function.output() else {
        return;
    };
    for reference in mutable_references(output) {
        let lender = match named(reference.lifetime.as_ref()) {
            Some(lifetime) => lender_of(lifetime, function),
            None => elided_lender(function),
        };
        if let Some(lender) = lender {
            errors.at(
                &reference,
                format!(
                    "each attempt borrows `{lender}` anew, so that none can give the `&mut` away; return a value, and borrow from `{lender}` after the call"
                ),
            );
        }
    }
}

fn mutable_references(ty: &Type) -> Vec<TypeReference> {
    fn collect(ty: &mut Type, found: &mut Vec<TypeReference>) {
        match ty {
            Type::Reference(reference) if reference.mutability.is_some() => {
                found.push(reference.clone());
            }
            _ => each_type(ty, &mut |inner| collect(inner, found)),
        }
    }
    let mut found = Vec::new();
    collect(&mut ty.clone(), &mut found);
    found
}

fn named(lifetime: Option<&Lifetime>) -> Option<&Lifetime> {
    lifetime.filter(|lifetime| lifetime.ident != "_")
}

/// Whose borrow an elided lifetime means.
fn elided_lender(function: &Function) -> Option<String> {
    match function.signature.receiver() {
        Some(receiver) => match &receiver.kind {
            ReceiverKind::Reference(_, _, mutability) => {
                mutability.is_some().then(|| "self".to_owned())
            }
            ReceiverKind::Typed(_, ty) => match first_borrow(ty) {
                Some(exclusive) => exclusive.then(|| "self".to_owned()),
                None => first_lender(function),
            },
            _ => first_lender(function),
        },
        None => first_lender(function),
    }
}

/// Whose borrow a named lifetime means, if it can only be one.
fn lender_of(lifetime: &Lifetime, function: &Function) -> Option<String> {
    let signature = &function.signature;
    // A lifetime of the impl block may be that of other borrows, and one with bounds may stand for others.
    let (generics, bounds) = (&signature.generics, &signature.generics.where_clause);
    if count(quote!(#generics #bounds), lifetime) != 1 {
        return None;
    }
    let mentions = count(signature.inputs.to_token_stream(), lifetime);
    let own = function
        .signature
        .receiver()
        .and_then(|receiver| match &receiver.kind {
            ReceiverKind::Reference(_, lent, mutability) if mutability.is_some() => {
                Some(("self".to_owned(), lent.as_ref()))
            }
            _ => None,
        });
    own.into_iter()
        .chain(lenders(function))
        .find(|(_, lent)| mentions == 1 && *lent == Some(lifetime))
        .map(|(name, _)| name)
}

/// The arguments that are mutable borrows.
fn lenders(function: &Function) -> impl Iterator<Item = (String, Option<&Lifetime>)> {
    function.signature.inputs.iter().filter_map(|argument| {
        let FnArg::Typed(typed) = argument else {
            return None;
        };
        let (Type::Reference(reference), Pat::Ident(name)) = (ungrouped(&typed.ty), &*typed.pat)
        else {
            return None;
        };
        reference
            .mutability
            .map(|_| (name.ident.to_string(), reference.lifetime.as_ref()))
    })
}

fn first_lender(function: &Function) -> Option<String> {
    lenders(function).map(|(name, _)| name).next()
}

/// Whether the outermost borrow in the type of a receiver, such as `Pin<&mut Self>`, is a mutable one.
fn first_borrow(ty: &Type) -> Option<bool> {
    fn find(ty: &mut Type, first: &mut Option<bool>) {
        if let Type::Reference(reference) = ty {
            first.get_or_insert(reference.mutability.is_some());
        } else {
            each_type(ty, &mut |inner| find(inner, first));
        }
    }
    let mut first = None;
    find(&mut ty.clone(), &mut first);
    first
}

fn count(tokens: TokenStream, lifetime: &Lifetime) -> usize {
    let mut quote = false;
    let mut found = 0;
    for token in tokens {
        match token {
            TokenTree::Group(group) => found += count(group.stream(), lifetime),
            TokenTree::Ident(word) if quote && word == lifetime.ident => found += 1,
            _ => {
                quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
                continue;
            }
        }
        quote = false;
    }
    found
}
