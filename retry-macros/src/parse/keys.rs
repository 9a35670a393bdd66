//! The loop over `key = value` and `key(…)` that recovers from errors.

use proc_macro2::TokenTree;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::token::Paren;
use syn::{Ident, Result, Token};

use crate::errors::Errors;
use crate::grammar::{self, Advice, Word};
use crate::suggest::{closest, suggestion};

/// What may be written at one place.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) table: &'static [Word],
    /// What may be written here besides.
    pub(crate) also: &'static [Word],
    /// One of them, for whoever writes none.
    pub(crate) example: &'static str,
    pub(crate) synonyms: Advice,
    pub(crate) refused: Advice,
    /// What may not be written here, but elsewhere.
    pub(crate) elsewhere: Advice,
}

impl Scope {
    fn words(&self) -> impl Iterator<Item = &'static Word> {
        self.table.iter().chain(self.also)
    }

    fn names(&self) -> Vec<&'static str> {
        self.words().map(|word| word.name).collect()
    }
}

/// Reads the keys up to the end of `input`, each through `read`. Returns the names of the keys that could not be read.
pub(crate) fn keys(
    input: ParseStream<'_>,
    scope: &Scope,
    errors: &mut Errors,
    read: &mut dyn FnMut(&'static Word, &Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> Vec<&'static str> {
    let mut seen: Vec<&'static str> = Vec::new();
    let mut failed = Vec::new();
    while !input.is_empty() {
        if let Err(error) = key(input, scope, &mut seen, &mut failed, errors, read) {
            errors.push(error);
            resynchronise(input, scope);
        } else {
            separator(input, scope, errors);
        }
    }
    failed
}

fn key(
    input: ParseStream<'_>,
    scope: &Scope,
    seen: &mut Vec<&'static str>,
    failed: &mut Vec<&'static str>,
    errors: &mut Errors,
    read: &mut dyn FnMut(&'static Word, &Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> Result<()> {
    let example = scope.example;
    if !input.peek(Ident::peek_any) {
        let stray: TokenTree = input.parse()?;
        return Err(syn::Error::new(
            stray.span(),
            format!("expected a key; write for example `{example}`"),
        ));
    }
    let name = input.call(Ident::parse_any)?;
    if input.peek(Token![::]) {
        return Err(syn::Error::new(
            name.span(),
            format!("a key is a single word; write for example `{example}`"),
        ));
    }
    let written = name.to_string();
    let Some(word) = scope.words().find(|word| word.name == written) else {
        return Err(syn::Error::new(name.span(), unknown(&written, scope)));
    };
    if seen.contains(&word.name) {
        return Err(syn::Error::new(
            name.span(),
            format!("`{written}` is given twice; remove one of the two"),
        ));
    }
    seen.push(word.name);
    read(word, &name, input, errors).map_err(|error| {
        failed.push(word.name);
        located(error, &name, input)
    })
}

/// At the end of the input syn knows no better place than the whole attribute; the key is a better one.
fn located(error: syn::Error, name: &Ident, input: ParseStream<'_>) -> syn::Error {
    if input.is_empty() && error.to_string().starts_with("unexpected end of input") {
        return syn::Error::new(name.span(), format!("the value of `{name}` is incomplete"));
    }
    error
}

fn unknown(written: &str, scope: &Scope) -> String {
    let refused = [scope.elsewhere, scope.refused];
    if let Some(reason) = refused
        .into_iter()
        .find_map(|table| grammar::advice(table, written))
    {
        return format!("`{written}` {reason}");
    }
    if let Some(advice) = grammar::advice(scope.synonyms, written) {
        return format!("unknown key `{written}`; {advice}");
    }
    format!(
        "unknown key `{written}`; {}",
        suggestion(written, "keys", &scope.names())
    )
}

/// The comma behind a value; when it is missing and a key follows, only the comma is missed.
fn separator(input: ParseStream<'_>, scope: &Scope, errors: &mut Errors) {
    if input.is_empty() || input.parse::<Token![,]>().is_ok() {
        return;
    }
    let message = if starts_a_key(input, scope) {
        "expected `,` before this key"
    } else {
        "expected `,` after the value"
    };
    errors.push(input.error(message));
    if !starts_a_key(input, scope) {
        resynchronise(input, scope);
    }
}

/// Skips to behind the next comma, or to the next key where the comma is missing.
pub(super) fn resynchronise(input: ParseStream<'_>, scope: &Scope) {
    while !input.is_empty() {
        if input.parse::<Token![,]>().is_ok() || starts_a_key(input, scope) {
            return;
        }
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

fn starts_a_key(input: ParseStream<'_>, scope: &Scope) -> bool {
    let ahead = input.fork();
    let Ok(name) = ahead.call(Ident::parse_any) else {
        return false;
    };
    let written = name.to_string();
    let followed = (ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]))
        || ahead.peek(Paren);
    followed && closest(&written, &scope.names()).is_some()
}
