//! The function under the attribute: its signature is parsed, its body stays as it was written.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Error, FnArg, Pat, PatType, Receiver, Result, Signature, Token, Visibility};

use super::async_trait;
use super::attempt::{self, is_marker};
use crate::errors::Errors;
use crate::model::{AttemptParameter, Flavor, Function};

/// Reads the function. `None` when there is nothing to retry, with the reason in `errors`.
pub(crate) fn function(item: TokenStream, errors: &mut Errors) -> Option<Function> {
    match parse.parse2(item) {
        Ok(function) => Some(function),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

fn parse(input: ParseStream<'_>) -> Result<Function> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility: Visibility = input.parse()?;
    let defaultness: Option<Token![default]> = input.parse()?;
    refuse_other_items(input)?;
    let mut signature: Signature = input.parse()?;
    if input.peek(Token![;]) {
        return Err(input.error(format!(
            "`{}` has no body to retry; write `#[retry]` on the implementations of this method",
            signature.ident
        )));
    }
    let TokenTree::Group(mut body) = input.parse()? else {
        return Err(input.error("expected the body of a function"));
    };
    // `$body:block` of a `macro_rules!` comes in an invisible group.
    while body.delimiter() == Delimiter::None {
        let Some(TokenTree::Group(inner)) = body.stream().into_iter().next() else {
            break;
        };
        body = inner;
    }
    let (inner_attributes, rest) = split_body.parse2(body.stream())?;
    let mut statements = Group::new(Delimiter::Brace, rest);
    statements.set_span(body.span());
    let mut flavor = if signature.asyncness.is_some() {
        Flavor::Async
    } else {
        async_trait::recognise(&statements)
            .map_or(Flavor::Blocking, |boxed| Flavor::Boxed(Box::new(boxed)))
    };
    let attempt = attempt::take(&mut signature);
    if let Flavor::Boxed(boxed) = &mut flavor {
        attempt::take_moves(boxed, &attempt);
    }
    Ok(Function {
        attributes,
        visibility,
        defaultness,
        signature,
        attempt,
        inner_attributes,
        body: statements,
        flavor,
        home: None,
    })
}

fn split_body(input: ParseStream<'_>) -> Result<(Vec<Attribute>, TokenStream)> {
    Ok((input.call(Attribute::parse_inner)?, input.parse()?))
}

/// Says what to do with an item that is not a function.
fn refuse_other_items(input: ParseStream<'_>) -> Result<()> {
    let ahead = input.fork();
    if ahead.parse::<Token![const]>().is_ok()
        && (ahead.peek(syn::Ident) || ahead.peek(Token![_]))
        && !ahead.peek(Token![fn])
        && !ahead.peek2(Token![fn])
    {
        return Err(input.error("`#[retry]` belongs on a function, not on a constant"));
    }
    let ahead = input.fork();
    let _ = ahead.parse::<Option<Token![unsafe]>>();
    let _ = ahead.parse::<Option<Token![auto]>>();
    let block = if ahead.peek(Token![impl]) {
        Some(
            "an `impl` block; write `#[retry_methods]` on the block, or `#[retry]` on each method that is to be retried",
        )
    } else if ahead.peek(Token![trait]) {
        Some("a trait; write it on its default methods, or on the methods of an implementation")
    } else if ahead.peek(Token![struct]) {
        Some("a struct; write it on each method that is to be retried")
    } else if ahead.peek(Token![enum]) {
        Some("an enum; write it on each method that is to be retried")
    } else if ahead.peek(Token![mod]) {
        Some("a module; write it on each function that is to be retried")
    } else if ahead.peek(Token![static]) {
        Some("a static")
    } else if ahead.peek(Token![type]) {
        Some("a type")
    } else if ahead.peek(Token![use]) {
        Some("an import")
    } else if ahead.peek(Token![|]) || ahead.peek(Token![||]) || ahead.peek(Token![move]) {
        Some("a closure; write a function, or call `Policy::call` with the closure")
    } else if ahead.peek(syn::Ident) && ahead.peek2(Token![fn]) {
        let word: syn::Ident = ahead.parse()?;
        return Err(Error::new(
            word.span(),
            format!("a `{word} fn` cannot be retried; use a plain `fn` or `async fn`"),
        ));
    } else {
        None
    };
    block.map_or(Ok(()), |block| {
        Err(ahead.error(format!("`#[retry]` belongs on a function, not on {block}")))
    })
}

/// Whether an attribute is one of ours.
pub(crate) fn is_retry(attribute: &Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|last| last.ident == "retry")
}

/// The function as it was, without our attributes and without the parameter that its callers do not see.
pub(crate) fn original(function: &Function) -> TokenStream {
    let Function {
        attributes,
        visibility,
        defaultness,
        signature,
        attempt,
        inner_attributes,
        body,
        ..
    } = function;
    let attributes = attributes.iter().filter(|attribute| !is_retry(attribute));
    let mut signature = signature.clone();
    for argument in &mut signature.inputs {
        let (FnArg::Receiver(Receiver { attrs, .. }) | FnArg::Typed(PatType { attrs, .. })) =
            argument;
        attrs.retain(|attribute| !is_marker(attribute));
    }
    let attempts = attempt.iter().map(|parameter| {
        let AttemptParameter {
            attributes,
            pattern,
            ty,
            ..
        } = parameter;
        let mut pattern = pattern.clone();
        if let Pat::Ident(name) = &mut pattern {
            name.mutability = None;
        }
        quote_spanned! {Span::mixed_site()=>
            #(#attributes)* let #pattern: #ty = ::core::option::Option::unwrap(::core::option::Option::None);
        }
    });
    let mut block = Group::new(Delimiter::Brace, {
        let statements = body.stream();
        quote!(#(#inner_attributes)* #(#attempts)* #statements)
    });
    block.set_span(body.span());
    quote!(#(#attributes)* #visibility #defaultness #signature #block)
}
