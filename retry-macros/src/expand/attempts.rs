//! The loop around the user's body: a call of the blocking driver, or a loop around an `async` block.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ReturnType, Signature, Type, TypeInfer, TypeTuple};

use super::behaviour::Behaviour;
use super::site::Site;
use super::span::Place;
use super::{keys, site};
use crate::contained::each_type;
use crate::model::{AttemptParameter, Boxed, Config, Flavor, Function};
use crate::validate::Binding;

pub(super) struct Attempts<'a> {
    behaviour: Behaviour<'a>,
    /// The way to the driver, past the documentation of the keys.
    past_keys: TokenStream,
    /// What stands in front of everything.
    items: TokenStream,
    site: TokenStream,
    here: TokenStream,
    /// The fresh copies that each attempt begins with.
    copies: Vec<Copy<'a>>,
    /// The binding of the parameter `#[attempt]`.
    known: Option<Known>,
    /// What the policy is checked for besides.
    check: TokenStream,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(config: &'a Config, function: &Function, bindings: &'a [Binding]) -> Self {
        let runtime = config.runtime.as_ref().map_or_else(
            || quote_spanned!(Span::mixed_site()=> ::retry_core),
            ToTokens::to_token_stream,
        );
        let unit = Type::Tuple(TypeTuple {
            attrs: Vec::new(),
            paren_token: syn::token::Paren::default(),
            elems: syn::punctuated::Punctuated::new(),
        });
        // The return type has been checked to be there.
        let output = function.output().cloned().unwrap_or_else(|| unit.clone());
        let infer = Type::Infer(TypeInfer {
            attrs: Vec::new(),
            underscore_token: syn::token::Underscore(Span::mixed_site()),
        });
        let behaviour = Behaviour {
            config,
            private: quote_spanned!(Span::mixed_site()=> #runtime::__private),
            output: without_impl(&output, &infer).to_token_stream(),
            named_output: without_value(&output, &unit).to_token_stream(),
            is_async: function.is_async(),
            is_aware: !function.attempt.is_empty(),
            receiver: match &function.flavor {
                Flavor::Boxed(boxed) => boxed.receiver.clone(),
                Flavor::Blocking | Flavor::Async => None,
            },
            runtime,
        };
        let check = behaviour.policy_check(function, &output);
        let Site {
            items,
            value,
            here,
            statics,
        } = site::site(&behaviour, function, &output);
        let site = behaviour.guarded(value, statics);
        Self {
            past_keys: keys::way(&behaviour.private, config),
            items,
            site,
            here,
            copies: copies(&config.clone, bindings),
            known: function.attempt.first().map(Known::new),
            check,
            behaviour,
        }
    }

    /// The body as a closure, handed to the driver.
    pub(super) fn blocking(&self, body: &Group) -> TokenStream {
        let Behaviour {
            private,
            output,
            named_output,
            ..
        } = &self.behaviour;
        let hooks = self.behaviour.hooks();
        let errors = self.behaviour.errors();
        let text = self.behaviour.text();
        let values = self.behaviour.values();
        let stops = self.behaviour.stops();
        let (items, site, check) = (&self.items, &self.site, &self.check);
        let past_keys = &self.past_keys;
        // At the brace, so that a complaint about what the closure captures does not land on the attribute.
        let brace = Span::mixed_site().located_at(body.span_open());
        let body = self.body(body, &TokenStream::new());
        let (run, arguments) = if self.known.is_some() {
            ("run_blocking_aware", quote_spanned!(brace=> |__known|))
        } else {
            ("run_blocking", quote_spanned!(brace=> ||))
        };
        let run = Ident::new(run, Span::mixed_site());
        let call = quote_spanned! {Span::mixed_site()=>
            #past_keys::#run::<#output, _, _, _, _>(
                #site,
                &#hooks,
                #errors,
                #text,
                #values,
                #stops,
                #arguments -> #output #body
            )
        };
        let end = match self.behaviour.fallback() {
            None => quote_spanned!(Span::mixed_site()=> return #call),
            Some(fallback) => self.settled(&call, &fallback, true),
        };
        quote_spanned! {Span::mixed_site()=>
            #check
            #items
            #private::returns::<#named_output>();
            #end
        }
    }

    /// A call with a fallback, which is evaluated only if there is an error for it, and when nothing is borrowed any more. Neither the end
    /// nor the `match` is alive while it is awaited: their types need not be `Send`.
    fn settled(&self, call: &TokenStream, fallback: &TokenStream, returns: bool) -> TokenStream {
        let Behaviour {
            private, output, ..
        } = &self.behaviour;
        let settled = |end: TokenStream| {
            quote_spanned! {Span::mixed_site()=>
                let __end = #call;
                let __error = match #private::settle::<#output>(__end) {
                    ::core::ops::ControlFlow::Break(__end) => #end __end,
                    ::core::ops::ControlFlow::Continue(__error) => __error,
                };
            }
        };
        if returns {
            let settled = settled(quote_spanned!(Span::mixed_site()=> return));
            quote_spanned!(Span::mixed_site()=> #settled return #fallback)
        } else {
            let settled = settled(quote_spanned!(Span::mixed_site()=> break '__call));
            quote_spanned!(Span::mixed_site()=> '__call: { #settled #fallback })
        }
    }

    /// What the caller gets instead of the return type.
    pub(super) fn rewrite_output(&self, signature: &mut Signature) {
        if self.behaviour.config.returns_outcome().is_none() {
            return;
        }
        if let ReturnType::Type(_, ty) = &mut signature.output {
            let private = &self.behaviour.private;
            let alias = quote_spanned!(Span::mixed_site()=> #private::OutcomeOf);
            **ty = Type::Verbatim(Place::of(ty).wrap(&alias, ty));
        }
    }

    /// The body as an `async` block, in a loop.
    pub(super) fn asynchronous(&self, body: &Group) -> TokenStream {
        self.looped(body, true)
    }

    /// The same inside what `#[async_trait]` made.
    pub(super) fn boxed(&self, boxed: &mut Boxed) -> TokenStream {
        if let Some(init) = boxed.body_mut() {
            if let Expr::Block(inner) = &*init {
                let statements = &inner.block.stmts;
                let mut body = Group::new(proc_macro2::Delimiter::Brace, quote!(#(#statements)*));
                body.set_span(inner.block.brace_token.span.join());
                let looped = self.looped(&body, false);
                *init = Expr::Verbatim(quote_spanned!(Span::mixed_site()=> { #looped }));
            }
        }
        boxed.call.to_token_stream()
    }

    /// `returns`: whether the end is returned, or the value of these tokens.
    fn looped(&self, body: &Group, returns: bool) -> TokenStream {
        let Behaviour {
            private, output, ..
        } = &self.behaviour;
        let hooks = self.behaviour.hooks();
        let pause = self.behaviour.pause();
        let errors = self.behaviour.errors();
        let text = self.behaviour.text();
        let values = self.behaviour.values();
        let stops = self.behaviour.stops();
        let (items, site, check) = (&self.items, &self.site, &self.check);
        let (past_keys, here) = (&self.past_keys, &self.here);
        // At the brace, so that the compiler's message about a moved argument does not land on the attribute.
        let brace = Span::mixed_site().located_at(body.span_open());
        let asynchronous = Ident::new("async", brace);
        let operation = Ident::new("__operation", brace);
        let body = self.body(body, &self.behaviour.edge());
        let known = self.known.as_ref().map(
            |_| quote_spanned!(Span::mixed_site()=> let __known = #private::current(&__driver);),
        );
        let fallback = self.behaviour.fallback();
        let end = if returns && fallback.is_none() {
            quote_spanned!(Span::mixed_site()=> return)
        } else {
            quote_spanned!(Span::mixed_site()=> break)
        };
        let (begins, is_guarded) = (self.behaviour.begins_unasked(), self.behaviour.is_guarded());
        let driver = if self.behaviour.config.returns_outcome().is_some() {
            quote_spanned!(Span::mixed_site()=> keeping_driver)
        } else if begins && !is_guarded {
            quote_spanned!(Span::mixed_site()=> begun_driver)
        } else {
            quote_spanned!(Span::mixed_site()=> driver)
        };
        let begin = (begins && is_guarded)
            .then(|| quote_spanned!(Span::mixed_site()=> #private::begin(#here);));
        let looped = quote_spanned! {Span::mixed_site()=>
            let mut __driver = #past_keys::#driver::<#output, _>(#site);
            #begin
            loop {
                #known
                let #operation = #asynchronous #body;
                if let ::core::ops::ControlFlow::Break(__end) = #private::step(
                    #private::attempt(&mut __driver, #operation).await, #here, &#hooks, #errors, #text, #values, #stops,
                ) {
                    #end __end;
                }
                #pause
            }
        };
        match fallback {
            None => quote_spanned!(Span::mixed_site()=> #check #items #looped),
            Some(fallback) => {
                let settled = self.settled(
                    &quote_spanned!(Span::mixed_site()=> { #looped }),
                    &fallback,
                    returns,
                );
                quote_spanned!(Span::mixed_site()=> #check #items #settled)
            }
        }
    }

    /// The body in braces that are not the user's, behind what each attempt begins with.
    fn body(&self, body: &Group, before: &TokenStream) -> TokenStream {
        let span = body.span().resolved_at(Span::mixed_site());
        let mut own = Group::new(proc_macro2::Delimiter::Brace, body.stream());
        own.set_span(span);
        let mut statements = own.into_token_stream();
        for copy in self.copies.iter().rev() {
            statements = copy.around(&statements);
        }
        if let Some(known) = &self.known {
            statements = known.around(&statements);
        }
        if self.copies.is_empty() && self.known.is_none() && before.is_empty() {
            return statements;
        }
        let mut outer = Group::new(proc_macro2::Delimiter::Brace, quote!(#before #statements));
        outer.set_span(span);
        outer.into_token_stream()
    }
}

impl Copy<'_> {
    /// What sees the copy in place of the argument.
    fn around(&self, statements: &TokenStream) -> TokenStream {
        let Self { name, span, .. } = self;
        let Binding {
            mutability,
            conditions,
            ..
        } = self.binding;
        let copy = quote_spanned!(*span=> ::core::clone::Clone::clone(&#name));
        if conditions.is_empty() {
            // Not a `let`: temporaries of the tail are dropped before the copy, as they are before an argument.
            quote_spanned!(*span=> match #copy { #mutability #name => #statements })
        } else {
            quote_spanned!(*span=> #(#conditions)* let #mutability #name = #copy; #statements)
        }
    }
}

/// The parameter `#[attempt]`, bound anew in each attempt.
struct Known {
    attributes: TokenStream,
    pattern: TokenStream,
    ty: TokenStream,
    /// What the loop gives, at the type.
    value: Ident,
}

impl Known {
    fn new(parameter: &AttemptParameter) -> Self {
        let AttemptParameter {
            attributes,
            pattern,
            ty,
            ..
        } = parameter;
        Self {
            attributes: quote!(#(#attributes)*),
            pattern: pattern.to_token_stream(),
            ty: ty.to_token_stream(),
            value: Ident::new("__known", Place::of(ty).first),
        }
    }

    /// What sees the attempt.
    fn around(&self, statements: &TokenStream) -> TokenStream {
        let Self {
            attributes,
            pattern,
            ty,
            value,
        } = self;
        if attributes.is_empty() {
            // Not a `let`, for the same reason as a copy.
            quote_spanned! {Span::mixed_site()=>
                match { let __typed: #ty = #value; __typed } { #pattern => #statements }
            }
        } else {
            quote_spanned!(Span::mixed_site()=> #attributes let #pattern: #ty = #value; #statements)
        }
    }
}

/// The type with each argument that holds an `impl Trait` replaced.
fn without_value(ty: &Type, replacement: &Type) -> Type {
    let mut ty = ty.clone();
    let Type::Path(path) = &mut ty else {
        return ty;
    };
    let Some(last) = path.path.segments.last_mut() else {
        return ty;
    };
    if let syn::PathArguments::AngleBracketed(arguments) = &mut last.arguments {
        for argument in &mut arguments.args {
            if crate::validate::holds_impl(argument) {
                *argument = syn::GenericArgument::Type(replacement.clone());
            }
        }
    }
    ty
}

/// A fresh copy of an argument of `clone(…)`.
struct Copy<'a> {
    binding: &'a Binding,
    /// The argument, at the name in the attribute.
    name: Ident,
    span: Span,
}

/// The arguments of `clone(…)`.
fn copies<'a>(names: &[Ident], bindings: &'a [Binding]) -> Vec<Copy<'a>> {
    names
        .iter()
        .filter_map(|name| {
            let binding = bindings.iter().find(|binding| binding.name == *name)?;
            let mut copy = binding.name.clone();
            copy.set_span(name.span().resolved_at(binding.name.span()));
            Some(Copy {
                binding,
                name: copy,
                span: name.span().resolved_at(Span::mixed_site()),
            })
        })
        .collect()
}

/// The type with each `impl Trait` replaced: the signature keeps them, an annotation cannot have them.
fn without_impl(ty: &Type, replacement: &Type) -> Type {
    fn replace(ty: &mut Type, replacement: &Type) {
        if matches!(ty, Type::ImplTrait(_)) {
            *ty = replacement.clone();
        } else {
            each_type(ty, &mut |inner| replace(inner, replacement));
        }
    }
    let mut ty = ty.clone();
    replace(&mut ty, replacement);
    ty
}
