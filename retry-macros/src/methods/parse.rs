//! The keys of the block, and the block: what is written for each method, its body left as it was.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::token::Paren;
use syn::{Attribute, Error, Ident, ItemImpl, Meta, Result, Signature, Token, Type, Visibility};

use crate::errors::Errors;
use crate::grammar::{BLOCK, METHOD, REFUSED_OF_BLOCK, REFUSED_OF_METHOD};
use crate::model::{Config, Function};
use crate::parse::keys::Scope;
use crate::parse::value::value;
use crate::parse::{ATTRIBUTE, config_in, function, is_retry};

const OF_BLOCK: Scope = Scope {
    also: BLOCK,
    elsewhere: REFUSED_OF_BLOCK,
    ..ATTRIBUTE
};

const OF_METHOD: Scope = Scope {
    also: METHOD,
    elsewhere: REFUSED_OF_METHOD,
    ..ATTRIBUTE
};

/// What is written in `#[retry_methods(…)]`.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) defaults: Config,
    /// `methods(…)`, in the order of writing.
    pub(super) table: Vec<Entry>,
    /// The `skip` of `default = skip`.
    pub(super) only_named: Option<Ident>,
    /// Where the defaults are written, without what is written for single methods.
    pub(super) tokens: TokenStream,
}

/// One name in `methods(…)`.
pub(super) struct Entry {
    pub(super) name: Ident,
    pub(super) setting: Setting,
}

/// What is written for one method.
#[derive(Default)]
pub(super) struct Setting {
    pub(super) config: Config,
    pub(super) skip: Option<Ident>,
}

/// Reads `#[retry_methods(…)]`; what is wrong goes to `errors`.
pub(super) fn keys(arguments: TokenStream, errors: &mut Errors) -> Keys {
    let mut keys = Keys {
        tokens: of_defaults(arguments.clone()),
        ..Keys::default()
    };
    let parse = |input: ParseStream<'_>| {
        keys.defaults = config_in(&OF_BLOCK, input, errors, &mut |word, key, input, errors| {
            if word.name == "methods" {
                keys.table = table(key, word.example, input, errors)?;
            } else {
                keys.only_named = Some(only_named(key, word.example, input)?);
            }
            Ok(())
        });
        Ok(())
    };
    if let Err(error) = parse.parse2(arguments) {
        errors.push(error);
    }
    of_single_methods(&mut keys.defaults, errors);
    keys
}

/// The tokens without the parentheses of `methods(…)`.
fn of_defaults(arguments: TokenStream) -> TokenStream {
    let mut table = false;
    arguments
        .into_iter()
        .filter(|token| {
            let inside = table && matches!(token, TokenTree::Group(_));
            table = matches!(token, TokenTree::Ident(word) if word == "methods");
            !inside
        })
        .collect()
}

/// `methods(read(attempts = 3), write(skip), delete)`
fn table(
    key: &Ident,
    example: &str,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> Result<Vec<Entry>> {
    if !input.peek(Paren) {
        let message = format!("`{key}` needs parentheses; write for example `{example}`");
        return Err(if input.is_empty() || input.peek(Token![,]) {
            Error::new(key.span(), message)
        } else {
            input.error(message)
        });
    }
    let content;
    syn::parenthesized!(content in input);
    if content.is_empty() {
        return Err(Error::new(
            key.span(),
            format!("`{key}` names no method; write for example `{example}`"),
        ));
    }
    let mut entries: Vec<Entry> = Vec::new();
    while !content.is_empty() {
        match entry(&content, errors) {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                errors.push(error);
                skip_to_comma(&content);
            }
        }
        if !content.is_empty() && content.parse::<Token![,]>().is_err() {
            errors.push(content.error("expected `,` between two methods"));
            if !content.peek(Ident::peek_any) {
                skip_to_comma(&content);
                let _ = content.parse::<Token![,]>();
            }
        }
    }
    Ok(entries)
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) && input.parse::<TokenTree>().is_ok() {}
}

fn entry(input: ParseStream<'_>, errors: &mut Errors) -> Result<Entry> {
    if !input.peek(Ident::peek_any) {
        return Err(
            input.error("expected the name of a method; write for example `read(attempts = 3)`")
        );
    }
    let name = input.call(Ident::parse_any)?;
    if input.peek(Token![::]) {
        return Err(Error::new(
            name.span(),
            "a method is named by a single word; write for example `read(attempts = 3)`",
        ));
    }
    if input.peek(Token![=]) {
        return Err(input.error(format!(
            "the keys of a method stand in parentheses; write `{name}(attempts = 3)`"
        )));
    }
    let setting = if input.peek(Paren) {
        let content;
        syn::parenthesized!(content in input);
        setting(&content, errors)
    } else {
        Setting::default()
    };
    Ok(Entry { name, setting })
}

/// The keys of one method.
fn setting(input: ParseStream<'_>, errors: &mut Errors) -> Setting {
    let mut skip = None;
    let config = config_in(&OF_METHOD, input, errors, &mut |_, key, input, _| {
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error("`skip` stands alone; write `skip`"));
        }
        skip = Some(key.clone());
        Ok(())
    });
    Setting { config, skip }
}

/// `default = skip`
fn only_named(key: &Ident, example: &str, input: ParseStream<'_>) -> Result<Ident> {
    value(key, example, input, |input| {
        let ahead = input.fork();
        match ahead.call(Ident::parse_any) {
            Ok(word) if word == "skip" => input.call(Ident::parse_any),
            _ => Err(input.error(format!(
                "`{key}` is `skip` or nothing; write `{example}` to retry only what is named"
            ))),
        }
    })
}

/// Arguments belong to one method.
fn of_single_methods(defaults: &mut Config, errors: &mut Errors) {
    for (key, names) in [
        ("clone", &mut defaults.clone),
        ("carry", &mut defaults.carry),
    ] {
        if let Some(first) = names.first() {
            errors.at(
                first,
                format!("`{key}` is about the arguments of one method; write `#[retry({key}({first}))]` on the method"),
            );
        }
        names.clear();
    }
}

/// An `impl` block, its methods apart.
pub(super) struct Block {
    /// Everything in front of the braces.
    pub(super) head: TokenStream,
    /// The same with empty braces.
    pub(super) parsed: ItemImpl,
    pub(super) body: Group,
    pub(super) items: Vec<Item>,
}

/// What stands in the braces.
pub(super) enum Item {
    Method(Box<Method>),
    /// Constants, types, macros, inner attributes and what is newer than this crate.
    Other(TokenStream),
}

/// A method, or a function without a receiver.
pub(super) struct Method {
    pub(super) name: Ident,
    /// Its attributes without ours.
    pub(super) attributes: Vec<Attribute>,
    /// Ours, the first of them.
    pub(super) marker: Option<Marker>,
    /// Everything behind the attributes.
    pub(super) rest: TokenStream,
    /// The same as `#[retry]` sees it, or why it cannot be retried.
    pub(super) function: Result<Function>,
}

/// A `#[retry]`, `#[retry(skip)]` or `#[retry(attempts = 3)]` on a method.
pub(super) struct Marker {
    pub(super) attribute: Attribute,
    pub(super) setting: Setting,
}

impl Block {
    pub(super) fn methods(&self) -> impl Iterator<Item = &Method> + Clone {
        self.items.iter().filter_map(|item| match item {
            Item::Method(method) => Some(&**method),
            Item::Other(_) => None,
        })
    }
}

impl Method {
    /// Whether it returns what is called a result.
    pub(super) fn returns_result(&self) -> bool {
        let output = self.function.as_ref().ok().and_then(Function::output);
        let Some(Type::Path(path)) = output.map(ungrouped) else {
            return false;
        };
        let last = path.path.segments.last();
        last.is_some_and(|last| last.ident.unraw().to_string().ends_with("Result"))
    }
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

/// Takes the block apart.
pub(super) fn block(item: &TokenStream, errors: &mut Errors) -> Result<Block> {
    let item = without_group(item.clone());
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let body = match tokens.pop() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => group,
        _ => return Err(other_item(item)),
    };
    let head: TokenStream = tokens.into_iter().collect();
    let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
    empty.set_span(body.span());
    let mut whole = head.clone();
    whole.extend([TokenTree::Group(empty)]);
    let Ok(parsed) = syn::parse2::<ItemImpl>(whole) else {
        return Err(other_item(item));
    };
    let mut items = Vec::new();
    let parse = |input: ParseStream<'_>| {
        let inner = input.call(Attribute::parse_inner)?;
        items.push(Item::Other(quote::quote!(#(#inner)*)));
        while !input.is_empty() {
            items.push(one(input, errors)?);
        }
        Ok(())
    };
    parse.parse2(body.stream())?;
    Ok(Block {
        head,
        parsed,
        body,
        items,
    })
}

/// `$item:item` of a `macro_rules!` comes in an invisible group.
fn without_group(item: TokenStream) -> TokenStream {
    let mut tokens = item.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            without_group(group.stream())
        }
        _ => item,
    }
}

/// Says what to do with an item that is no `impl` block.
fn other_item(item: TokenStream) -> Error {
    let parse = |input: ParseStream<'_>| {
        let _ = input.call(Attribute::parse_outer)?;
        let _: Visibility = input.parse()?;
        let ahead = input.fork();
        let function = ahead.parse::<Signature>().is_ok();
        let _ = input.parse::<Option<Token![unsafe]>>();
        let _ = input.parse::<Option<Token![auto]>>();
        let what = if function {
            "a function; write `#[retry]` on it"
        } else if input.peek(Token![trait]) {
            "a trait; write `#[retry]` on its default methods, or `#[retry_methods]` on an implementation"
        } else if input.peek(Token![struct]) || input.peek(Token![enum]) {
            "a type; write it on the `impl` block that has the methods"
        } else if input.peek(Token![mod]) {
            "a module; write it on each `impl` block"
        } else if input.peek(Token![impl]) {
            // Whatever is wrong with it, the compiler says it better.
            return Err(input.error("`#[retry_methods]` cannot read this `impl` block"));
        } else {
            "this item"
        };
        let message = format!("`#[retry_methods]` belongs on an `impl` block, not on {what}");
        let error = input.error(message);
        let _: TokenStream = input.parse()?;
        Ok(error)
    };
    parse.parse2(item).unwrap_or_else(|error| error)
}

/// One item of the block.
fn one(input: ParseStream<'_>, errors: &mut Errors) -> Result<Item> {
    let attributes = input.call(Attribute::parse_outer)?;
    let ahead = input.fork();
    let Some(name) = method(&ahead) else {
        return other(attributes, input, errors);
    };
    let mut rest = TokenStream::new();
    while input.cursor() != ahead.cursor() {
        rest.extend([input.parse::<TokenTree>()?]);
    }
    let (attributes, marker) = markers(attributes, errors);
    let mut wrong = Errors::default();
    let mut tokens = quote::quote!(#(#attributes)*);
    tokens.extend(rest.clone());
    let function = function(tokens, &mut wrong);
    let function = match (wrong.finish(), function) {
        (Err(error), _) => Err(error),
        (Ok(()), Some(function)) => Ok(function),
        (Ok(()), None) => Err(Error::new(name.span(), "this method cannot be read")),
    };
    Ok(Item::Method(Box::new(Method {
        name,
        attributes,
        marker,
        rest,
        function,
    })))
}

/// Goes to behind a method, and tells its name.
fn method(input: ParseStream<'_>) -> Option<Ident> {
    let _: Visibility = input.parse().ok()?;
    let _: Option<Token![default]> = input.parse().ok()?;
    let name = if let Ok(signature) = input.fork().parse::<Signature>() {
        input.parse::<Signature>().ok()?;
        signature.ident
    } else if input.peek(Ident::peek_any) && input.peek2(Token![fn]) {
        // `gen fn` and the like.
        input.call(Ident::parse_any).ok()?;
        let _: Token![fn] = input.parse().ok()?;
        let name = input.fork().call(Ident::parse_any).ok()?;
        while !input.peek(Token![;]) && !input.peek(syn::token::Brace) {
            input.parse::<TokenTree>().ok()?;
        }
        name
    } else {
        return None;
    };
    input.parse::<TokenTree>().ok()?;
    Some(name)
}

/// An item that is no method: up to its `;`, or to the braces of a macro.
fn other(attributes: Vec<Attribute>, input: ParseStream<'_>, errors: &mut Errors) -> Result<Item> {
    let mut tokens = TokenStream::new();
    for attribute in attributes {
        if is_retry(&attribute) {
            errors.at(
                attribute.path(),
                "`#[retry]` belongs on a method of the block; remove it here",
            );
        } else {
            attribute.to_tokens(&mut tokens);
        }
    }
    let (mut first, mut called) = (true, false);
    let value = input.peek(Token![const]) || input.peek(Token![type]) || input.peek(Token![pub]);
    while !input.is_empty() {
        if !first && input.peek(Token![#]) && !value {
            break;
        }
        first = false;
        let token: TokenTree = input.parse()?;
        let end = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => called && group.delimiter() == Delimiter::Brace && !value,
            _ => false,
        };
        called = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!');
        tokens.extend([token]);
        if end {
            break;
        }
    }
    Ok(Item::Other(tokens))
}

/// Takes our attributes away, and reads the first of them.
fn markers(attributes: Vec<Attribute>, errors: &mut Errors) -> (Vec<Attribute>, Option<Marker>) {
    let mut others = Vec::new();
    let mut marker: Option<Marker> = None;
    for attribute in attributes {
        if !is_retry(&attribute) {
            others.extend(conditional(attribute, errors));
            continue;
        }
        if attribute.path().segments.len() > 1 {
            errors.at(
                attribute.path(),
                "`#[retry_methods]` knows the attributes of its methods by their plain name, and this path may be another attribute; write `#[retry(…)]` without the path",
            );
            continue;
        }
        if marker.is_some() {
            errors.at(
                attribute.path(),
                "a second `#[retry]` on one method; write all keys in one attribute",
            );
            continue;
        }
        let setting = own_setting(&attribute, errors);
        marker = Some(Marker { attribute, setting });
    }
    (others, marker)
}

/// The keys of `#[retry(…)]` on a method.
fn own_setting(attribute: &Attribute, errors: &mut Errors) -> Setting {
    let list = match &attribute.meta {
        Meta::Path(_) => return Setting::default(),
        Meta::List(list) => list,
        Meta::NameValue(pair) => {
            errors.at(
                pair.eq_token,
                "the keys of `#[retry]` stand in parentheses; write `#[retry(attempts = 5)]`",
            );
            return Setting::default();
        }
    };
    let mut read = Setting::default();
    let parse = |input: ParseStream<'_>| {
        read = setting(input, errors);
        Ok(())
    };
    if let Err(error) = parse.parse2(list.tokens.clone()) {
        errors.push(error);
    }
    read
}

/// Takes ours out of a `#[cfg_attr(…)]`, with a complaint; `None` if nothing is left.
fn conditional(mut attribute: Attribute, errors: &mut Errors) -> Option<Attribute> {
    let Meta::List(list) = &mut attribute.meta else {
        return Some(attribute);
    };
    if !list.path.is_ident("cfg_attr") {
        return Some(attribute);
    }
    let mut parts = at_commas(list.tokens.clone());
    let before = parts.len();
    parts.retain(|part| match marker_in(part) {
        Some(name) => {
            errors.at(
                name,
                "`#[retry_methods]` expands before `cfg_attr` does, so it cannot see this; write `#[retry]` on two versions of the method, each under its `#[cfg]`",
            );
            false
        }
        None => true,
    });
    if parts.len() == before {
        return Some(attribute);
    }
    list.tokens = quote::quote!(#(#parts),*);
    (parts.len() > 1).then_some(attribute)
}

fn at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',') {
            parts.push(TokenStream::new());
        } else if let Some(part) = parts.last_mut() {
            part.extend([token]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The path of our attribute, if that is what these tokens are, or hold in a `cfg_attr` of their own.
fn marker_in(tokens: &TokenStream) -> Option<TokenStream> {
    let mut path = TokenStream::new();
    let mut last = None;
    for token in tokens.clone() {
        match &token {
            TokenTree::Ident(word) => last = Some(word.clone()),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            TokenTree::Group(group) => {
                if last.as_ref().is_some_and(|word| word == "cfg_attr") {
                    return at_commas(group.stream()).iter().skip(1).find_map(marker_in);
                }
                break;
            }
            _ => break,
        }
        path.extend([token]);
    }
    last.filter(|last| last == "retry").map(|_| path)
}

/// Whether the attribute is `#[retry_methods]`.
pub(super) fn is_retry_methods(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "retry_methods")
}
