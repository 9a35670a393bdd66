//! Recognises what `#[async_trait]` makes of an async method. It expands first, so that this is what the attribute on a method gets:
//!
//! ```text
//! Box::pin(async move {
//!     if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<T> { return __ret; }
//!     let __self = self;
//!     let argument = argument;
//!     let __ret: T = { the user's body };
//!     __ret
//! })
//! ```

use proc_macro2::{Group, Ident};
use quote::ToTokens as _;
use syn::parse::Parser as _;
use syn::{Block, Expr, Pat, Stmt, Type};

use crate::model::Boxed;

pub(super) fn recognise(body: &Group) -> Option<Boxed> {
    let mut statements = Block::parse_within.parse2(body.stream()).ok()?;
    let (Some(Stmt::Expr(Expr::Call(call), None)), true) =
        (statements.pop(), statements.is_empty())
    else {
        return None;
    };
    let Expr::Path(function) = &*call.func else {
        return None;
    };
    let path: Vec<String> = function
        .path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    if !path.ends_with(&["Box".to_owned(), "pin".to_owned()]) {
        return None;
    }
    let (Some(Expr::Async(block)), 1) = (call.args.first(), call.args.len()) else {
        return None;
    };
    let (at, output) = find_body(&block.block.stmts)?;
    let receiver = find_receiver(&block.block.stmts[..at]);
    Some(Boxed {
        call,
        at,
        output,
        receiver,
    })
}

/// `let __ret: T = { … };`, or `let _: () = { … };` of a method without a return type.
fn find_body(statements: &[Stmt]) -> Option<(usize, Type)> {
    statements.iter().enumerate().find_map(|(at, statement)| {
        let Stmt::Local(local) = statement else {
            return None;
        };
        let Pat::Type(typed) = &local.pat else {
            return None;
        };
        let named = match &*typed.pat {
            Pat::Ident(name) => name.ident == "__ret",
            Pat::Wild(_) => typed.ty.to_token_stream().to_string() == "()",
            _ => false,
        };
        let block = matches!(
            local.init.as_ref().map(|init| &*init.expr),
            Some(Expr::Block(_))
        );
        (named && block).then(|| (at, (*typed.ty).clone()))
    })
}

/// The name that `#[async_trait]` gave to `self`.
fn find_receiver(statements: &[Stmt]) -> Option<Ident> {
    statements.iter().find_map(|statement| match statement {
        Stmt::Local(local) => match &local.pat {
            Pat::Ident(name) if name.ident == "__self" => Some(name.ident.clone()),
            _ => None,
        },
        _ => None,
    })
}
