//! The block, put together again.

use std::rc::Rc;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::GenericParam;

use super::parse::{Block, Item, Method};
use crate::model::{Config, Home};
use crate::{expand, parse};

/// The block with the methods of which there are keys retried.
pub(super) fn block(block: Block, plans: Vec<Option<Config>>) -> TokenStream {
    let home = Rc::new(home(&block));
    let mut plans = plans.into_iter();
    let mut items = TokenStream::new();
    for item in block.items {
        match item {
            Item::Other(tokens) => items.extend(tokens),
            Item::Method(method) => match (plans.next().flatten(), *method) {
                (
                    Some(config),
                    Method {
                        function: Ok(mut function),
                        ..
                    },
                ) => {
                    function.home = Some(Rc::clone(&home));
                    items.extend(expand::function(&config, function));
                }
                (_, method) => untouched(&method, &mut items),
            },
        }
    }
    in_braces(&block.head, &block.body, items)
}

/// The block as it was, without our attributes.
pub(super) fn original(block: &Block) -> TokenStream {
    let mut items = TokenStream::new();
    for item in &block.items {
        match item {
            Item::Other(tokens) => items.extend(tokens.clone()),
            Item::Method(method) => match &method.function {
                Ok(function) => items.extend(parse::original(function)),
                Err(_) => untouched(method, &mut items),
            },
        }
    }
    in_braces(&block.head, &block.body, items)
}

fn untouched(method: &Method, items: &mut TokenStream) {
    for attribute in &method.attributes {
        attribute.to_tokens(items);
    }
    items.extend(method.rest.clone());
}

fn in_braces(head: &TokenStream, body: &Group, items: TokenStream) -> TokenStream {
    let mut braces = Group::new(body.delimiter(), items);
    braces.set_span(body.span());
    let braces = TokenTree::Group(braces);
    quote!(#head #braces)
}

/// What the methods have to know about the block.
fn home(block: &Block) -> Home {
    let generics = &block.parsed.generics.params;
    let own = &block.parsed.self_ty;
    let lifetimes = own.to_token_stream().to_string().contains(['\'', '&']);
    Home {
        generics: generics
            .iter()
            .filter_map(|param| match param {
                GenericParam::Type(param) => Some(param.ident.clone()),
                GenericParam::Const(param) => Some(param.ident.clone()),
                GenericParam::Lifetime(_) => None,
            })
            .collect(),
        plain_self: (generics.is_empty() && !lifetimes).then(|| (**own).clone()),
    }
}
