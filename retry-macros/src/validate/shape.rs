//! What kind of function can be retried.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

use crate::errors::Errors;
use crate::model::{Config, Flavor, Function};
use crate::parse::is_retry;

/// `const fn` and variadics.
pub(super) fn modifiers(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    if let Some(constness) = &signature.constness {
        errors.at(
            constness,
            "a `const fn` cannot wait, so it cannot be retried; remove `const`",
        );
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(
            variadic.dots,
            "the arguments of a variadic function cannot be given to a second attempt; retry a function that has named arguments",
        );
    }
}

/// Attributes next to ours whose order or number changes the meaning.
pub(super) fn other_attributes(function: &Function, errors: &mut Errors) {
    for attribute in &function.attributes {
        if is_retry(attribute) {
            errors.at(
                attribute.path(),
                "a second `#[retry]` multiplies the attempts of the first; write all keys in one attribute",
            );
        }
    }
    if let Some(kind) = tokio_entry(&function.body.stream()).filter(|_| !function.is_async()) {
        errors.at(
            &function.signature.ident,
            format!(
                "`#[tokio::{kind}]` above `#[retry]` starts a new runtime for every attempt; write `#[retry]` above it"
            ),
        );
    }
}

/// Whether tokio's attribute has already turned the function into one that starts a runtime: the body is then `let body = async …` and
/// a builder that blocks on it.
fn tokio_entry(body: &TokenStream) -> Option<&'static str> {
    let text = body.to_string();
    let start: String = text
        .split_whitespace()
        .take(4)
        .collect::<Vec<_>>()
        .join(" ");
    let entry = start.starts_with("let body = async")
        && text.contains("Failed building the Runtime")
        && text.contains("block_on");
    // The test attribute pins the body, so that its own future does not grow the stack.
    entry.then(|| {
        if text.contains("pin !") || text.contains("pin!") {
            "test"
        } else {
            "main"
        }
    })
}

/// The return type, as far as its tokens tell.
pub(super) fn output(function: &Function, errors: &mut Errors) {
    let name = &function.signature.ident;
    let nothing = |name: &syn::Ident| {
        format!("`{name}` returns nothing that can fail; write `-> Result<(), E>`")
    };
    let ty = match (&function.flavor, &function.signature.output) {
        (Flavor::Boxed(boxed), _) => {
            if is_unit(&boxed.output) {
                errors.at(name, nothing(name));
                return;
            }
            &boxed.output
        }
        (_, ReturnType::Default) => {
            errors.at(name, nothing(name));
            return;
        }
        (_, ReturnType::Type(_, ty)) => ungrouped(ty),
    };
    if is_unit(ty) {
        errors.at(ty, nothing(name));
        return;
    }
    if !function.is_async() && is_future(ty) {
        errors.at(
            ty,
            "only the making of this future would be retried, not its work; write an `async fn` that returns the output",
        );
        return;
    }
    let advice = "write `-> Result<T, E>`";
    match ty {
        Type::Never(_) => errors.at(
            ty,
            format!("`{name}` never returns, so it cannot fail; {advice}"),
        ),
        Type::ImplTrait(_) => errors.at(
            ty,
            format!(
                "`impl Trait` hides whether `{name}` can fail; {advice} with the `impl Trait` in it"
            ),
        ),
        Type::Tuple(_) | Type::Reference(_) | Type::Ptr(_) | Type::Array(_) | Type::Slice(_) => {
            errors.at(
                ty,
                format!("`{name}` returns no `Result`, so it cannot fail; {advice}"),
            );
        }
        Type::Path(path) if never_fails(path) => errors.at(
            ty,
            format!("`{name}` returns no `Result`, so nothing says when to retry; {advice}"),
        ),
        Type::Path(path) => named_error(path, errors),
        _ => {}
    }
}

/// Types that everybody knows and that are no `Result`.
fn never_fails(path: &syn::TypePath) -> bool {
    let known = [
        "Option", "String", "Vec", "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8",
        "isize", "u128", "u16", "u32", "u64", "u8", "usize",
    ];
    path.path.segments.len() == 1
        && path
            .path
            .segments
            .first()
            .is_some_and(|only| known.iter().any(|name| only.ident == name))
}

/// An error type that is hidden cannot be classified.
fn named_error(path: &syn::TypePath, errors: &mut Errors) {
    let Some(last) = path.path.segments.last() else {
        return;
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return;
    };
    let mut types = arguments
        .args
        .iter()
        .filter(|argument| matches!(argument, GenericArgument::Type(_)));
    if let Some(error) = types.nth(1).filter(holds_impl) {
        errors.at(
            error,
            "`impl Trait` hides the error type, which says what is retried; name the type",
        );
    }
}

/// Whether an `impl Trait` is somewhere in these tokens.
pub(crate) fn holds_impl(tokens: &impl quote::ToTokens) -> bool {
    fn any(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(word) => word == "impl",
            TokenTree::Group(group) => any(group.stream()),
            _ => false,
        })
    }
    any(tokens.to_token_stream())
}

pub(super) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

fn is_unit(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// `impl Future`, `Pin<Box<dyn Future>>`, `BoxFuture`.
fn is_future(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(types) => types.bounds.iter().any(is_future_bound),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            if matches!(
                last.ident.to_string().as_str(),
                "BoxFuture" | "LocalBoxFuture"
            ) {
                return true;
            }
            (last.ident == "Pin" || last.ident == "Box")
                && mentions_future(&last.arguments.to_token_stream())
        }),
        _ => false,
    }
}

fn is_future_bound(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Trait(bound)
        if bound.path.segments.last().is_some_and(|last| last.ident == "Future"))
}

/// `dyn … Future` in the arguments of a `Pin` or a `Box`.
fn mentions_future(tokens: &TokenStream) -> bool {
    let mut object = false;
    for token in tokens.clone() {
        if let TokenTree::Ident(word) = token {
            object |= word == "dyn";
            if object && word == "Future" {
                return true;
            }
        }
    }
    false
}

/// A timeout where nothing can be cut.
pub(super) fn timeout(config: &Config, function: &Function, errors: &mut Errors) {
    if let Some(timeout) = config
        .attempt_timeout
        .as_ref()
        .filter(|_| !function.is_async())
    {
        errors.at(
            &timeout.key,
            "an attempt of a blocking function cannot be cut, so `attempt_timeout` has no effect; remove it, or make the function async",
        );
    }
}
