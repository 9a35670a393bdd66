//! The constant that describes the place of the attribute and holds its policy.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Expr, GenericParam, Type};

use super::behaviour::Behaviour;
use super::entry::Entry;
use super::policy::Builder;
use super::span::Place;
use crate::model::{Config, Function, Rule};

/// A site as the rest of the expansion uses it.
pub(super) struct Site {
    /// What stands in front of everything.
    pub(super) items: TokenStream,
    /// Gives the site.
    pub(super) value: TokenStream,
    /// Gives the driver at the site.
    pub(super) here: TokenStream,
    /// Gives those of its guards that are statics, if any are.
    pub(super) statics: Option<TokenStream>,
}

/// The constant, and what the inventory is told of it.
pub(super) fn site(behaviour: &Behaviour<'_>, function: &Function, output: &Type) -> Site {
    let Behaviour {
        config,
        runtime,
        private,
        ..
    } = behaviour;
    let policy = spelled_out(Builder { runtime }.policy(config), function);
    let operation = operation(config, function);
    let guards = guards(runtime, config, function);
    let statics = guards
        .as_ref()
        .map(|_| quote_spanned!(Span::mixed_site()=> &__RETRY_GUARDS));
    let site = |policy: TokenStream| {
        here(
            &quote_spanned!(Span::mixed_site()=> #runtime::Site),
            quote_spanned!(Span::mixed_site()=> #operation, ::core::module_path!(), #policy),
            function,
        )
    };
    let counts = counts(config);
    let entry = Entry {
        behaviour,
        function,
        output,
        statics: statics.as_ref(),
    };
    let (items, value, here) = if may_be_item(&quote!(#operation #policy), &counts, function) {
        // Items are evaluated by `cargo check` too, inline constants are not. Nothing keeps their names from the user's expressions but
        // that nobody has such names.
        let site = site(quote_spanned!(Span::mixed_site()=> &__RETRY_POLICY));
        let entry = entry.of_static();
        let items = quote_spanned! {Span::mixed_site()=>
            #guards
            static __RETRY_POLICY: #runtime::Policy = #policy;
            static __RETRY_SITE: #runtime::Site = #site;
            #entry
        };
        let value = quote_spanned!(Span::mixed_site()=> &__RETRY_SITE);
        let here = quote_spanned!(Span::mixed_site()=> #private::at(&mut __driver, &__RETRY_SITE));
        (items, value, here)
    } else {
        let site = site(quote_spanned!(Span::mixed_site()=> const { &#policy }));
        let policy = may_be_item(&policy, &counts, function).then_some(&policy);
        let entry = entry.of_generic(&operation, policy);
        let value = quote_spanned!(Span::mixed_site()=> const { &#site });
        let here = quote_spanned!(Span::mixed_site()=> #private::here(&mut __driver));
        (quote!(#guards #entry), value, here)
    };
    Site {
        items,
        value,
        here,
        statics,
    }
}

/// The name of what is called.
fn operation(config: &Config, function: &Function) -> TokenStream {
    match &config.operation {
        Some(operation) => spelled_out(operation.value.to_token_stream(), function),
        None => function
            .signature
            .ident
            .unraw()
            .to_string()
            .to_token_stream(),
    }
}

/// `Type::here(arguments)` at the line of the attribute, or at that of the method where one attribute is for many.
///
/// The compiler goes by the span of the call. It is the user's if that of its first word and that of its last are; what is between them stays
/// ours, so that no lint takes it for the user's.
pub(super) fn here(ty: &TokenStream, arguments: TokenStream, function: &Function) -> TokenStream {
    let line = match &function.home {
        Some(_) => function.signature.ident.span(),
        None => Span::mixed_site(),
    };
    let first = quote_spanned!(line=> <);
    let name = Ident::new("here", line);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(line);
    quote_spanned!(Span::mixed_site()=> #first #ty>::#name #arguments)
}

/// The guards that are statics, to be found by their names. A constant, of which every call would have its own, does not compile here.
fn guards(runtime: &TokenStream, config: &Config, function: &Function) -> Option<TokenStream> {
    let keys = [&config.breaker, &config.budget, &config.bulkhead];
    let statics = keys
        .into_iter()
        .flatten()
        .filter_map(|guard| static_item(&guard.value, function));
    let borrowed: Vec<TokenStream> = statics
        .map(|path| quote_spanned!(Place::of(path).first=> &#path))
        .collect();
    (!borrowed.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            static __RETRY_GUARDS: #runtime::__private::SiteGuards = #runtime::__private::SiteGuards::new(&[#(#borrowed),*]);
        }
    })
}

/// What is written as statics are, if it means the same in an item.
pub(super) fn static_item<'e>(
    expression: &'e Expr,
    function: &Function,
) -> Option<&'e syn::ExprPath> {
    static_of(expression).filter(|path| may_be_item(&quote!(#path), &TokenStream::new(), function))
}

/// `PAYMENTS`, `&guards::PAYMENTS`: what is written as statics are.
fn static_of(expression: &Expr) -> Option<&syn::ExprPath> {
    match expression {
        Expr::Reference(reference) if reference.mutability.is_none() => static_of(&reference.expr),
        Expr::Group(group) => static_of(&group.expr),
        Expr::Paren(paren) => static_of(&paren.expr),
        Expr::Path(path) if path.qself.is_none() => {
            let name = path.path.segments.last()?.ident.unraw().to_string();
            let shouted = name.contains(char::is_uppercase) && !name.contains(char::is_lowercase);
            shouted.then_some(path)
        }
        _ => None,
    }
}

/// What is written where an integer is expected: only there can a lone word be a const generic.
fn counts(config: &Config) -> TokenStream {
    let of_rules = config.rules.iter().filter_map(|rule| match &rule.value {
        Rule::Own(own) => own.attempts.as_ref(),
        Rule::Never(_) => None,
    });
    let counts = config.attempts.iter().chain(of_rules);
    let counts = counts.map(|count| &count.value);
    quote!(#(#counts)*)
}

/// Whether these tokens mean the same inside an item, which knows neither `Self` nor the generics around it. The function's own generics
/// are known here, and those of a `#[retry_methods]` block; those of any other impl block can only be guessed at: lone words among `suspects`,
/// and first words of paths.
pub(super) fn may_be_item(
    tokens: &TokenStream,
    suspects: &TokenStream,
    function: &Function,
) -> bool {
    let signature = &function.signature;
    let generics: Vec<String> = signature
        .generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(param.ident.to_string()),
            GenericParam::Const(param) => Some(param.ident.to_string()),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    if let Some(home) = &function.home {
        let known = |word: &String| {
            generics.contains(word) || home.generics.iter().any(|name| name == word)
        };
        return paths(tokens.clone())
            .iter()
            .all(|path| path.first != "Self" && !known(&path.first));
    }
    let method = signature.receiver().is_some() || mentions_self(&signature.to_token_stream());
    let suspects: Vec<String> = paths(suspects.clone())
        .into_iter()
        .map(|path| path.first)
        .collect();
    paths(tokens.clone())
        .iter()
        .all(|path| !depends(path, &generics, &suspects, method))
}

/// `Self::` as the type that it stands for, where that means the same in an item.
pub(super) fn spelled_out(tokens: TokenStream, function: &Function) -> TokenStream {
    let Some(own) = function
        .home
        .as_ref()
        .and_then(|home| home.plain_self.as_ref())
    else {
        return tokens;
    };
    let own = quote!(<#own>);
    replaced(tokens, &own)
}

fn replaced(tokens: TokenStream, own: &TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut result = TokenStream::new();
    while let Some(token) = tokens.next() {
        let path = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        match token {
            TokenTree::Ident(word) if path && word == "Self" => {
                result.extend(Place::of(&word).move_here(own));
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replaced(group.stream(), own));
                inner.set_span(group.span());
                result.extend([TokenTree::Group(inner)]);
            }
            other => result.extend([other]),
        }
    }
    result
}

/// The first word of a path, and whether more follow.
struct Path {
    first: String,
    alone: bool,
}

fn depends(path: &Path, generics: &[String], suspects: &[String], method: bool) -> bool {
    let Path { first, alone } = path;
    if first == "Self" || generics.contains(first) || is_customary_generic(first) {
        return true;
    }
    if !method {
        return false;
    }
    let known = [
        "Policy",
        "Backoff",
        "BackoffContext",
        "ClassRule",
        "ErrorClass",
        "Jitter",
        "RetryAfter",
        "Duration",
    ];
    let capital = first.starts_with(char::is_uppercase);
    // A lone word may be a const generic, the first word of a path a type generic. Modules are written in lower case.
    if *alone {
        capital && suspects.contains(first)
    } else {
        capital && first.chars().any(char::is_lowercase) && !known.contains(&first.as_str())
    }
}

/// `T`, `N`, `T1`
fn is_customary_generic(word: &str) -> bool {
    let mut letters = word.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase())
        && letters.all(|letter| letter.is_ascii_digit())
}

/// The paths in an expression, as far as tokens tell: words that follow neither `.` nor `::`.
fn paths(tokens: TokenStream) -> Vec<Path> {
    let mut found: Vec<Path> = Vec::new();
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let punct = |index: usize, letter: char| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == letter);
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(paths(group.stream())),
            TokenTree::Ident(word) => {
                let behind = index > 0 && (punct(index - 1, '.') || punct(index - 1, ':'));
                if !behind {
                    found.push(Path {
                        first: word.to_string(),
                        alone: !(punct(index + 1, ':') && punct(index + 2, ':')),
                    });
                }
            }
            _ => {}
        }
    }
    found
}

pub(super) fn mentions_self(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions_self(&group.stream()),
        TokenTree::Ident(word) => word == "Self",
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use proc_macro2::TokenStream;
    use quote::{format_ident, quote};

    use super::{may_be_item, spelled_out};
    use crate::errors::Errors;
    use crate::model::{Function, Home};

    fn function(signature: TokenStream) -> Function {
        let mut tokens = signature;
        tokens.extend(quote!({}));
        crate::parse::function(tokens, &mut Errors::default()).expect("a function")
    }

    fn item(tokens: &TokenStream, signature: TokenStream) -> bool {
        may_be_item(tokens, tokens, &function(signature))
    }

    fn method(generics: &[&str], plain_self: Option<syn::Type>) -> Function {
        let mut function = function(quote!(fn f(&self)));
        function.home = Some(Rc::new(Home {
            generics: generics
                .iter()
                .map(|name| format_ident!("{name}"))
                .collect(),
            plain_self,
        }));
        function
    }

    #[test]
    fn what_knows_no_generics_is_an_item() {
        for tokens in [
            quote!(5),
            quote!(LIMIT),
            quote!(Policy::AGGRESSIVE),
            quote!(limits::LIMIT + crate::MORE),
            quote!(make(Limits::DEFAULT).field),
        ] {
            assert!(
                item(&tokens, quote!(fn f<T, const SIZE: usize>(t: T))),
                "{tokens}"
            );
        }
    }

    #[test]
    fn generics_that_are_known_or_customary_are_not() {
        for tokens in [
            quote!(Self::LIMIT),
            quote!(T::LIMIT),
            quote!(SIZE),
            quote!(size_of::<T>()),
            quote!(N),
            quote!(Other::<N>::LIMIT),
        ] {
            assert!(
                !item(&tokens, quote!(fn f<T, const SIZE: usize>(t: T))),
                "{tokens}"
            );
        }
    }

    #[test]
    fn in_a_block_that_is_known_nothing_is_guessed() {
        let method = method(&["Config", "SIZE"], None);
        for tokens in [
            quote!(LIMIT),
            quote!(Limits::LIMIT),
            quote!(N),
            quote!(T::LIMIT),
        ] {
            assert!(may_be_item(&tokens, &tokens, &method), "{tokens}");
        }
        for tokens in [quote!(Self::LIMIT), quote!(Config::LIMIT), quote!(2 * SIZE)] {
            assert!(!may_be_item(&tokens, &tokens, &method), "{tokens}");
        }
    }

    #[test]
    fn self_is_spelled_out_where_it_can_be() {
        let method = method(&[], Some(syn::parse_quote!(inner::Client)));
        let tokens = spelled_out(quote!(f(Self::LIMIT, self)), &method);
        assert_eq!(
            tokens.to_string(),
            quote!(f(<inner::Client>::LIMIT, self)).to_string()
        );
        assert!(may_be_item(&tokens, &tokens, &method));
    }

    #[test]
    fn in_a_method_more_may_be_generics() {
        for tokens in [quote!(LIMIT), quote!(Config::LIMIT)] {
            assert!(!item(&tokens, quote!(fn f(&self))), "{tokens}");
        }
        for tokens in [
            quote!(Policy::AGGRESSIVE),
            quote!(limits::LIMIT),
            quote!(crate::LIMIT),
        ] {
            assert!(item(&tokens, quote!(fn f(&self))), "{tokens}");
        }
    }
}
