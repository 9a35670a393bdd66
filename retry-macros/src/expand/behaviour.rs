//! What the keys attach to the call: hooks, judges of errors and values, and the way from a stop to an error.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Expr, Pat, ReturnType, Token, Type};

use super::site::{may_be_item, spelled_out};
use super::span::Place;
use crate::model::{Config, Function, Keyed};

pub(super) struct Behaviour<'a> {
    pub(super) config: &'a Config,
    /// `::retry_core::__private`
    pub(super) private: TokenStream,
    pub(super) runtime: TokenStream,
    /// The return type, for a turbofish.
    pub(super) output: TokenStream,
    /// The return type where only its error counts: a value that is an `impl Trait` is `()`, as nothing would tell what it is.
    pub(super) named_output: TokenStream,
    pub(super) is_async: bool,
    /// The function has a parameter `#[attempt]`.
    pub(super) is_aware: bool,
    /// What `self` is called in the body, if not `self`.
    pub(super) receiver: Option<Ident>,
}

impl Behaviour<'_> {
    /// The user's expression, with the name that `self` has where it is put.
    fn user(&self, expression: &Expr) -> TokenStream {
        self.renamed(expression.to_token_stream())
    }

    fn renamed(&self, tokens: TokenStream) -> TokenStream {
        match &self.receiver {
            Some(receiver) => renamed(tokens, receiver),
            None => tokens,
        }
    }

    /// Tells the type to `?`, `return` and the tail of an `async` block.
    pub(super) fn edge(&self) -> TokenStream {
        let output = &self.output;
        quote_spanned! {Span::mixed_site()=>
            if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<#output> {
                return __output;
            }
        }
    }

    /// A borrow of the user's place; `&X` is fine too.
    fn borrowed(&self, expression: &Expr) -> TokenStream {
        let place = match expression {
            Expr::Reference(reference) if reference.mutability.is_none() => &*reference.expr,
            other => other,
        };
        let tokens = self.user(place);
        let simple = matches!(
            place,
            Expr::Path(_)
                | Expr::Field(_)
                | Expr::Call(_)
                | Expr::MethodCall(_)
                | Expr::Index(_)
                | Expr::Macro(_)
                | Expr::Paren(_)
        );
        let span = Place::of(place).first;
        if simple {
            quote_spanned!(span=> &#tokens)
        } else {
            quote_spanned!(span=> &(#tokens))
        }
    }

    /// The site with the shared guards, if there are any.
    pub(super) fn guarded(&self, site: TokenStream, statics: Option<TokenStream>) -> TokenStream {
        if !self.is_guarded() {
            return site;
        }
        let private = &self.private;
        let mut guards = quote_spanned!(Span::mixed_site()=> #private::Guards::new());
        for Keyed { key, value } in self.guards().into_iter().flatten() {
            let method = Ident::new(&key.to_string(), Span::mixed_site());
            let guard = self.borrowed(value);
            guards = quote_spanned!(Span::mixed_site()=> #guards.#method(#guard));
        }
        match statics {
            None => quote_spanned!(Span::mixed_site()=> #private::with_guards(#site, #guards)),
            Some(statics) => {
                quote_spanned!(Span::mixed_site()=> #private::with_static_guards(#site, #statics, #guards))
            }
        }
    }

    pub(super) fn is_guarded(&self) -> bool {
        self.guards().into_iter().any(Option::is_some)
    }

    fn guards(&self) -> [&Option<Keyed<Expr>>; 3] {
        let Config {
            breaker,
            budget,
            bulkhead,
            ..
        } = self.config;
        [breaker, budget, bulkhead]
    }

    /// Whether nothing but guards has a say before the first attempt.
    pub(super) fn begins_unasked(&self) -> bool {
        let Config {
            abort,
            observe,
            on_retry,
            on_giving_up,
            timeline,
            retry_until,
            classify_value,
            ..
        } = self.config;
        let watchers = [abort, observe, on_retry, on_giving_up];
        !self.is_aware
            && self.config.returns_outcome().is_none()
            && watchers.into_iter().all(Option::is_none)
            && timeline.is_none()
            && retry_until.is_none()
            && classify_value.is_none()
    }

    /// What the call asks and tells. Methods that take `self` by value and belong to the type come before anything that the user's traits have.
    pub(super) fn hooks(&self) -> TokenStream {
        let private = &self.private;
        let mut hooks = if self.is_async {
            quote_spanned!(Span::mixed_site()=> #private::Hooks::ASYNCHRONOUS)
        } else {
            quote_spanned!(Span::mixed_site()=> #private::Hooks::BLOCKING)
        };
        if let Some(Keyed { value, .. }) = &self.config.abort {
            let abort = self.borrowed(value);
            hooks = quote_spanned!(Span::mixed_site()=> #hooks.abort(#abort));
        }
        if let Some(Keyed { value, .. }) = &self.config.observe {
            let observer = self.borrowed(value);
            hooks = quote_spanned!(Span::mixed_site()=> #hooks.observe(#observer));
        }
        if let Some(told) = self.told() {
            hooks = quote_spanned!(Span::mixed_site()=> #hooks.tell(&#told));
        }
        if self.is_aware || self.config.returns_outcome().is_some() {
            hooks = quote_spanned!(Span::mixed_site()=> #hooks.timed());
        }
        if let Some(Keyed { value, .. }) = &self.config.timeline {
            hooks = quote_spanned!(Span::mixed_site()=> #hooks.timeline(#value));
        }
        hooks
    }

    /// The closures that are told of some events, or a pair of them.
    fn told(&self) -> Option<TokenStream> {
        let of = |wrapper: &str, key: &Option<Keyed<Expr>>| {
            let function = &key.as_ref()?.value;
            let wrapper = Ident::new(wrapper, Span::mixed_site());
            let private = &self.private;
            let user = self.user(function);
            Some(Place::of(function).call(&quote!(#private::#wrapper), user))
        };
        let on_retry = of("on_retry", &self.config.on_retry);
        let on_giving_up = of("on_giving_up", &self.config.on_giving_up);
        match (on_retry, on_giving_up) {
            (Some(retry), Some(end)) => Some(quote_spanned!(Span::mixed_site()=> (#retry, #end))),
            (retry, end) => retry.or(end),
        }
    }

    /// The sleep that something can cut short.
    pub(super) fn pause(&self) -> Option<TokenStream> {
        let private = &self.private;
        let abort = self.borrowed(&self.config.abort.as_ref()?.value);
        Some(quote_spanned! {Span::mixed_site()=>
            #private::pause(&mut __driver, #abort).await;
        })
    }

    /// A call of one of the wrappers with the user's function, at that function.
    fn judge(
        &self,
        wrapper: &str,
        function: &Expr,
        ty: &TokenStream,
        inferred: usize,
    ) -> TokenStream {
        let private = &self.private;
        let wrapper = Ident::new(wrapper, Span::mixed_site());
        Place::of(function).call_with(
            &quote!(#private::#wrapper),
            ty,
            inferred,
            &self.user(function),
        )
    }

    /// How errors are judged.
    pub(super) fn errors(&self) -> TokenStream {
        let (private, named) = (&self.private, &self.named_output);
        let classify = if let Some(classify) = &self.config.classify {
            self.judge("classified", &classify.value, named, 2)
        } else if self.config.retry_if.is_some() {
            quote_spanned!(Span::mixed_site()=> #private::ByTrait)
        } else {
            return quote_spanned!(Span::mixed_site()=> #private::by_trait::<#named>());
        };
        let filter = if let Some(filter) = &self.config.retry_if {
            self.judge("filtered", &filter.value, named, 1)
        } else {
            quote_spanned!(Span::mixed_site()=> #private::NoFilter)
        };
        quote_spanned!(Span::mixed_site()=> #private::by_keys(#classify, #filter))
    }

    /// The error's text, if it has one.
    pub(super) fn text(&self) -> TokenStream {
        let private = &self.private;
        quote_spanned!(Span::mixed_site()=> |__error| #private::text(__error).__retry_known())
    }

    /// How values are judged.
    pub(super) fn values(&self) -> TokenStream {
        let (private, output) = (&self.private, &self.output);
        if let Some(until) = &self.config.retry_until {
            self.judge("accepted", &until.value, output, 1)
        } else if let Some(classify) = &self.config.classify_value {
            self.judge("judged", &classify.value, output, 1)
        } else {
            quote_spanned!(Span::mixed_site()=> #private::AnyValue)
        }
    }

    /// How a stop without an error of its own becomes one.
    pub(super) fn stops(&self) -> TokenStream {
        let (private, named) = (&self.private, &self.named_output);
        if self.config.returns_outcome().is_some() {
            return quote_spanned!(Span::mixed_site()=> #private::ToOutcome);
        }
        if let Some(on_stop) = &self.config.on_stop {
            return self.judge("converted", &on_stop.value, named, 1);
        }
        let method = match (self.config.stops_without_an_error(), self.policy_may_cut()) {
            (Some(key), _) => Ident::new("carry", Place::of(key).first),
            (None, Some(policy)) => Ident::new("carry_if_needed", Place::of(policy).first),
            (None, None) => {
                return quote_spanned!(Span::mixed_site()=> #private::NeverStops);
            }
        };
        quote_spanned! {Span::mixed_site()=>
            #private::carried::<#named>(|__stopped| __stopped.#method())
        }
    }

    /// The fallback's answer to `__error`, awaited where that can be done.
    pub(super) fn fallback(&self) -> Option<TokenStream> {
        let fallback = &self.config.fallback.as_ref()?.value;
        let (private, output) = (&self.private, &self.output);
        let place = Place::of(fallback);
        let user = self.user(fallback);
        let arguments = quote_spanned!(Span::mixed_site()=> #user, __error);
        if !self.is_async {
            let wrapper = quote_spanned!(Span::mixed_site()=> #private::fall_back);
            return Some(place.call_with(&wrapper, output, 0, &arguments));
        }
        if let Some(own) = OwnFuture::of(fallback) {
            return Some(self.own_future(&own));
        }
        let wrapper = quote_spanned!(Span::mixed_site()=> #private::begin_fallback);
        let begun = place.call_with(&wrapper, output, 1, &arguments);
        let wrapper = quote_spanned!(Span::mixed_site()=> #private::answer);
        let answer = place.call_with(&wrapper, output, 0, &begun);
        Some(quote_spanned!(place.last=> #answer.await))
    }

    /// The body of a fallback as an `async` block, which knows its type as the block around the function's body does.
    fn own_future(&self, own: &OwnFuture<'_>) -> TokenStream {
        let OwnFuture {
            asyncness,
            capture,
            pattern,
            ty,
            body,
        } = own;
        let edge = self.edge();
        let asyncness = Ident::new("async", asyncness.resolved_at(Span::mixed_site()));
        let body = self.renamed(body.clone());
        let error = if let Some(ty) = ty {
            let error = Ident::new("__error", Place::of(ty).first);
            quote_spanned!(Span::mixed_site()=> { let __typed: #ty = #error; __typed })
        } else {
            quote_spanned!(Span::mixed_site()=> __error)
        };
        quote_spanned! {Span::mixed_site()=>
            #asyncness #capture { #edge match #error { #pattern => #body } }.await
        }
    }

    /// The policy that may bring an attempt timeout. Nothing cuts a blocking attempt.
    fn policy_may_cut(&self) -> Option<&Expr> {
        self.config
            .policy
            .as_ref()
            .map(|policy| &policy.value)
            .filter(|_| self.is_async)
    }

    /// Refuses a policy with an attempt timeout where no error can carry it.
    pub(super) fn policy_check(&self, function: &Function, ty: &Type) -> TokenStream {
        let config = self.config;
        if config.on_stop.is_some()
            || config.returns_outcome().is_some()
            || self.config.stops_without_an_error().is_some()
        {
            return TokenStream::new();
        }
        let Some(policy) = self.policy_may_cut() else {
            return TokenStream::new();
        };
        let (private, named, runtime) = (&self.private, &self.named_output, &self.runtime);
        let place = Place::of(policy);
        let policy = spelled_out(policy.to_token_stream(), function);
        let message = "this policy has an attempt timeout, but the error type cannot carry it: \
            implement `From<Stopped>` for the error type, or write `on_stop = …` to make an error of a stop";
        let condition = quote_spanned! {Span::mixed_site()=>
            #private::Carrier::<#private::ErrorOf<#named>>::CARRIES
                || ::core::option::Option::is_none(&#runtime::Policy::max_attempt_duration(&#policy))
        };
        let assert = quote_spanned!(place.first=> ::core::assert!);
        let assert = {
            let mut arguments = proc_macro2::Group::new(
                proc_macro2::Delimiter::Parenthesis,
                quote!(#condition, #message),
            );
            arguments.set_span(place.first);
            quote!(#assert #arguments)
        };
        if outlives_items(function, ty) && may_be_item(&quote!(#policy #named), named, function) {
            quote_spanned! {Span::mixed_site()=>
                const _: () = { use #private::NotCarried as _; #assert };
            }
        } else {
            quote_spanned! {Span::mixed_site()=>
                const { use #private::NotCarried as _; #assert };
            }
        }
    }

    /// Whether the error can be made from a `Stopped`, where an attempt may be cut and nobody asks for it.
    pub(super) fn carries_stops(&self, function: &Function, ty: &Type) -> Option<TokenStream> {
        self.config.returns_outcome()?;
        if self.config.attempt_timeout.is_none() {
            self.policy_may_cut()?;
        }
        let (private, named) = (&self.private, &self.named_output);
        let (ty, error) = match written_error(ty) {
            // Of the value, nothing need be known.
            Some(error) => (error, error.to_token_stream()),
            None => (
                ty,
                quote_spanned!(Span::mixed_site()=> #private::ErrorOf<#named>),
            ),
        };
        let known = outlives_items(function, ty) && may_be_item(&error, &error, function);
        known.then(|| {
            quote_spanned! {Span::mixed_site()=>
                { use #private::NotCarried as _; #private::Carrier::<#error>::CARRIES }
            }
        })
    }
}

/// Whether a type can be named in an item, as far as lifetimes go and what a method may not know.
fn outlives_items(function: &Function, ty: &Type) -> bool {
    !has_lifetime(ty.to_token_stream())
        && (function.home.is_some() || function.signature.receiver().is_none())
}

fn has_lifetime(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), '&' | '\''),
        TokenTree::Group(group) => has_lifetime(group.stream()),
        _ => false,
    })
}

/// `E` of what is written as `Result<T, E>`.
fn written_error(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match (arguments.args.first()?, arguments.args.last()?) {
        (syn::GenericArgument::Type(_), syn::GenericArgument::Type(error))
            if last.ident == "Result" && arguments.args.len() == 2 =>
        {
            Some(error)
        }
        _ => None,
    }
}

/// `async |pattern| body` or `|pattern| async { body }`.
struct OwnFuture<'a> {
    asyncness: Span,
    capture: Option<Token![move]>,
    pattern: &'a Pat,
    ty: Option<&'a Type>,
    body: TokenStream,
}

impl<'a> OwnFuture<'a> {
    fn of(fallback: &'a Expr) -> Option<Self> {
        let Expr::Closure(closure) = fallback else {
            return None;
        };
        let (Some(pattern), 1, ReturnType::Default) = (
            closure.inputs.first(),
            closure.inputs.len(),
            &closure.output,
        ) else {
            return None;
        };
        let (pattern, ty) = match pattern {
            Pat::Type(typed) => (&*typed.pat, Some(&*typed.ty)),
            other => (other, None),
        };
        let (asyncness, capture, body) = match (&closure.asyncness, &*closure.body) {
            (Some(asyncness), body) => (asyncness.span, closure.capture, body.to_token_stream()),
            (None, Expr::Async(block)) => (
                block.async_token.span,
                block.capture.or(closure.capture),
                block.block.to_token_stream(),
            ),
            (None, _) => return None,
        };
        Some(Self {
            asyncness,
            capture,
            pattern,
            ty,
            body,
        })
    }
}

/// `self` under its other name, as `#[async_trait]` has taken it apart.
fn renamed(tokens: TokenStream, receiver: &Ident) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(word) if word == "self" => {
                let mut name = receiver.clone();
                name.set_span(word.span().resolved_at(receiver.span()));
                TokenTree::Ident(name)
            }
            TokenTree::Group(group) => {
                let mut renamed =
                    proc_macro2::Group::new(group.delimiter(), renamed(group.stream(), receiver));
                renamed.set_span(group.span());
                TokenTree::Group(renamed)
            }
            other => other,
        })
        .collect()
}
