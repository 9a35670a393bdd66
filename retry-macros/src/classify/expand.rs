//! Only quoting.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Fields, GenericArgument, GenericParam, Member, PathArguments, Type};

use super::model::{self, Model, Shape};
use super::validate::{Rule, Sound, Source};
use crate::expand::span::Place;

/// The impl. A place without a rule has an arm that is never run: what is wrong with it is a compile error already.
pub(super) fn implementation(model: &Model<'_>, rules: &[Option<Rule<'_>>]) -> TokenStream {
    let runtime = model.runtime.as_ref().map_or_else(
        || quote_spanned!(Span::mixed_site()=> ::retry_core),
        ToTokens::to_token_stream,
    );
    let arms = Arms { runtime: &runtime };
    let mut bounds = Vec::new();
    let body = match &model.shape {
        Shape::Struct(place) => {
            let rule = rules.first().and_then(Option::as_ref);
            bounds.extend(bound(model, place, rule));
            arms.structure(place, rule)
        }
        Shape::Enum { variants, .. } if variants.is_empty() => {
            quote_spanned!(Span::mixed_site()=> match *self {})
        }
        Shape::Enum { variants, .. } => {
            let arms = variants.iter().zip(rules).map(|(place, rule)| {
                bounds.extend(bound(model, place, rule.as_ref()));
                arms.variant(place, rule.as_ref())
            });
            quote_spanned!(Span::mixed_site()=> match self { #(#arms)* })
        }
        Shape::Union => unsaid(),
    };
    let name = &model.item.ident;
    let mut generics = model.item.generics.clone();
    if !bounds.is_empty() {
        let clause = generics.make_where_clause();
        for ty in bounds {
            clause
                .predicates
                .push(syn::parse_quote_spanned!(Span::mixed_site()=> #ty: #runtime::Classify));
        }
    }
    let (parameters, arguments, clause) = generics.split_for_impl();
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #runtime::Classify for #name #arguments #clause {
            fn classify(&self) -> #runtime::Classification {
                #body
            }
        }
    }
}

/// Nothing that is ever run.
fn unsaid() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> ::core::unreachable!())
}

struct Arms<'a> {
    /// `::retry_core`
    runtime: &'a TokenStream,
}

impl Arms<'_> {
    fn structure(&self, place: &model::Place<'_>, rule: Option<&Rule<'_>>) -> TokenStream {
        let Some(rule) = rule else {
            return unsaid();
        };
        let verdict = self.verdict(place, rule);
        let used = used(rule);
        if used.is_empty() {
            return verdict;
        }
        let fields = pattern(place.fields, &used);
        quote_spanned! {Span::mixed_site()=>
            let Self { #fields .. } = self;
            #verdict
        }
    }

    fn variant(&self, place: &model::Place<'_>, rule: Option<&Rule<'_>>) -> TokenStream {
        let name = place.name;
        let Some(rule) = rule else {
            let unsaid = unsaid();
            return quote_spanned!(Span::mixed_site()=> Self::#name { .. } => #unsaid,);
        };
        let verdict = self.verdict(place, rule);
        let fields = pattern(place.fields, &used(rule));
        quote_spanned!(Span::mixed_site()=> Self::#name { #fields .. } => #verdict,)
    }

    /// An expression over the fields that [`pattern`] binds.
    fn verdict(&self, place: &model::Place<'_>, rule: &Rule<'_>) -> TokenStream {
        let runtime = self.runtime;
        let mut verdict = match &rule.verdict {
            Sound::Class(named) => {
                // At the word, so that an editor shows what the class means.
                let class = Ident::new(named.class.variant, at(named.word.span()));
                quote_spanned! {Span::mixed_site()=>
                    #runtime::Classification::new(#runtime::ErrorClass::#class)
                }
            }
            Sound::Status(source) => {
                let (function, field) = self.asked(source);
                quote_spanned!(Span::mixed_site()=> #function(#field))
            }
            Sound::Transparent(key) => {
                let ty = place.fields.iter().next().map(|field| &field.ty);
                let field = binding(0, Span::mixed_site());
                let classify = Ident::new("classify", at(key.span()));
                quote_spanned!(Span::mixed_site()=> <#ty as #runtime::Classify>::#classify(#field))
            }
            Sound::With { function, of_self } => {
                let with = self.function(&function.key);
                let path = &function.value;
                let span = path.to_token_stream().into_iter().last();
                let span = at(span.map_or_else(Span::mixed_site, |token| token.span()));
                let argument = if *of_self {
                    quote_spanned!(span=> self)
                } else {
                    binding(0, span).into_token_stream()
                };
                let call = quote_spanned!(span=> #path(#argument));
                quote_spanned!(Span::mixed_site()=> #with(#call))
            }
        };
        if let Some(source) = &rule.retry_after {
            let (function, field) = self.asked(source);
            verdict = quote_spanned!(Span::mixed_site()=> #function(#verdict, #field));
        }
        if let Some(reason) = rule.reason {
            let function = self.function(&reason.key);
            let text = &reason.value;
            verdict = quote_spanned!(Span::mixed_site()=> #function(#verdict, #text));
        }
        verdict
    }

    /// The function behind a key, and the field it is given.
    fn asked(&self, source: &Source<'_>) -> (TokenStream, Ident) {
        let field = binding(source.field, source.written.value.span());
        (self.function(&source.written.key), field)
    }

    /// The function of the same name, at the key: its documentation is what an editor shows there.
    fn function(&self, key: &Ident) -> TokenStream {
        let runtime = self.runtime;
        let function = Ident::new(&key.to_string(), Span::mixed_site());
        Place::of(key).move_here(
            &quote_spanned!(Span::mixed_site()=> #runtime::__private::derived::#function),
        )
    }
}

/// At the user's token, without being the user's.
fn at(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

fn binding(field: usize, span: Span) -> Ident {
    Ident::new(&format!("__field{field}"), at(span))
}

/// The fields that the rule looks at.
fn used(rule: &Rule<'_>) -> Vec<usize> {
    let verdict = match &rule.verdict {
        Sound::Status(source) => Some(source.field),
        Sound::Transparent(_) | Sound::With { of_self: false, .. } => Some(0),
        Sound::Class(_) | Sound::With { of_self: true, .. } => None,
    };
    let hint = rule.retry_after.as_ref().map(|source| source.field);
    verdict.into_iter().chain(hint).collect()
}

fn pattern(fields: &Fields, used: &[usize]) -> TokenStream {
    fields
        .members()
        .enumerate()
        .filter(|(index, _)| used.contains(index))
        .map(|(index, member)| {
            let binding = binding(index, Span::mixed_site());
            let member = match member {
                Member::Unnamed(mut index) => {
                    index.span = Span::mixed_site();
                    Member::Unnamed(index)
                }
                named @ Member::Named(_) => named,
            };
            quote!(#member: #binding,)
        })
        .collect()
}

/// What has to be able to say its class: the field of a transparent place, or what it points to, where its type depends on the parameters.
fn bound<'a>(
    model: &Model<'_>,
    place: &model::Place<'a>,
    rule: Option<&Rule<'_>>,
) -> Option<&'a Type> {
    if !matches!(rule?.verdict, Sound::Transparent(_)) {
        return None;
    }
    let ty = pointee(&place.fields.iter().next()?.ty);
    let parameters = model
        .item
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        });
    let parameters: Vec<&Ident> = parameters.collect();
    // The type itself says its class by this very impl; asking for that would go round in circles.
    let own = [&model.item.ident, &format_ident!("Self")];
    let tokens = ty.to_token_stream();
    (mentions(&tokens, &parameters) && !mentions(&tokens, &own)).then_some(ty)
}

/// What `&T`, `Box<T>`, `Arc<T>` and `Rc<T>` point to, which say what it says.
fn pointee(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => pointee(&reference.elem),
        Type::Group(group) => pointee(&group.elem),
        Type::Paren(paren) => pointee(&paren.elem),
        Type::Path(path) => {
            let last = path.path.segments.last();
            let pointer =
                last.filter(|last| ["Box", "Arc", "Rc"].iter().any(|name| last.ident == name));
            match pointer.map(|pointer| &pointer.arguments) {
                Some(PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
                    Some(GenericArgument::Type(inner)) => pointee(inner),
                    _ => ty,
                },
                _ => ty,
            }
        }
        _ => ty,
    }
}

/// Whether one of these names begins a path in the tokens.
fn mentions(tokens: &TokenStream, names: &[&Ident]) -> bool {
    // Behind `::` and `'`.
    let mut inside = false;
    for token in tokens.clone() {
        match &token {
            TokenTree::Group(group) => {
                if mentions(&group.stream(), names) {
                    return true;
                }
            }
            TokenTree::Ident(word) => {
                if !inside && names.contains(&word) {
                    return true;
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        inside = matches!(&token, TokenTree::Punct(punct) if matches!(punct.as_char(), ':' | '\''));
    }
    false
}
