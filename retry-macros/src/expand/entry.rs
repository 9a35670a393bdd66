//! What the inventory is told of a site, whether the function is ever called or not.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, Type, UnOp};

use super::behaviour::Behaviour;
use super::docs::code;
use super::site::{here, may_be_item, static_item};
use super::span::Place;
use crate::model::{Function, Keyed};
use crate::validate::hints;

/// Whether there is an inventory to be told.
const INVENTORY: bool = cfg!(feature = "inventory");

pub(super) struct Entry<'a> {
    pub(super) behaviour: &'a Behaviour<'a>,
    pub(super) function: &'a Function,
    /// The return type.
    pub(super) output: &'a Type,
    /// Gives the guards that are statics.
    pub(super) statics: Option<&'a TokenStream>,
}

impl Entry<'_> {
    /// Of a site that is a static.
    pub(super) fn of_static(&self) -> TokenStream {
        if !INVENTORY {
            return TokenStream::new();
        }
        let private = &self.behaviour.private;
        self.submit(quote_spanned!(Span::mixed_site()=> #private::SiteEntry::of(&__RETRY_SITE)))
    }

    /// Of a site that depends on generics; `policy`: if that does not.
    pub(super) fn of_generic(
        &self,
        operation: &TokenStream,
        policy: Option<&TokenStream>,
    ) -> TokenStream {
        if !INVENTORY {
            return TokenStream::new();
        }
        let private = &self.behaviour.private;
        let operation = if may_be_item(operation, &TokenStream::new(), self.function) {
            operation.clone()
        } else {
            let written = format!("{{{}}}", code(operation));
            quote!(#written)
        };
        let ty = quote_spanned!(Span::mixed_site()=> #private::SiteEntry);
        let arguments = quote_spanned!(Span::mixed_site()=> #operation, ::core::module_path!());
        let mut entry = here(&ty, arguments, self.function);
        if let Some(policy) = policy {
            entry = quote_spanned!(Span::mixed_site()=> #entry.policy(const { &#policy }));
        }
        self.submit(entry)
    }

    /// The entry with what there is to say besides, in an item.
    fn submit(&self, mut entry: TokenStream) -> TokenStream {
        let Self {
            behaviour,
            function,
            output,
            statics,
        } = self;
        let config = behaviour.config;
        let (private, runtime) = (&behaviour.private, &behaviour.runtime);
        if behaviour.is_async {
            entry = quote_spanned!(Span::mixed_site()=> #entry.asynchronous());
        }
        if !hints(config) {
            entry = quote_spanned!(Span::mixed_site()=> #entry.without_hints());
        }
        if let Some(carries) = behaviour.carries_stops(function, output) {
            entry = quote_spanned!(Span::mixed_site()=> #entry.carries_stops(#carries));
        }
        if let Some(statics) = statics {
            entry = quote_spanned!(Span::mixed_site()=> #entry.guarded_by(#statics));
        }
        let guards = [&config.breaker, &config.budget, &config.bulkhead];
        for Keyed { key, value } in guards.into_iter().flatten() {
            let method = Ident::new(&key.to_string(), Span::mixed_site());
            let (written, is_static) = (written(value), static_item(value, function).is_some());
            entry = quote_spanned!(Span::mixed_site()=> #entry.#method(#written, #is_static));
        }
        if !config.allow.is_empty() {
            let lints = config.allow.iter().map(|lint| {
                let variant = Ident::new(&variant(&lint.to_string()), Span::mixed_site());
                let path = quote_spanned!(Span::mixed_site()=> #runtime::Lint::#variant);
                Place::of(lint).move_here(&path)
            });
            entry = quote_spanned!(Span::mixed_site()=> #entry.allow(&[#(#lints),*]));
        }
        quote_spanned!(Span::mixed_site()=> #private::submit! { #entry })
    }
}

/// A guard as people would write it, without the borrow that makes no difference.
fn written(guard: &Expr) -> String {
    match guard {
        Expr::Reference(borrow) => written(&borrow.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => {
            format!("*{}", written(&unary.expr))
        }
        other => code(other),
    }
}

/// `BreakerWithoutBudget` of `breaker_without_budget`
fn variant(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}
