//! Which methods are retried, and what is written for each.

use proc_macro2::{TokenStream, TokenTree};
use syn::Ident;
use syn::ext::IdentExt as _;

use super::merge;
use super::parse::{Block, Entry, Item, Keys, Method, Setting};
use crate::errors::Errors;
use crate::model::Function;
use crate::suggest::suggestion;
use crate::validate;

/// A method that is retried.
pub(super) struct Chosen<'a> {
    pub(super) method: &'a Method,
    pub(super) function: &'a Function,
    /// What is written for this method alone.
    pub(super) setting: Option<&'a Setting>,
}

/// For each method of the block whether it is retried.
pub(super) fn methods<'a>(
    keys: &'a Keys,
    block: &'a Block,
    errors: &mut Errors,
) -> Vec<Option<Chosen<'a>>> {
    second_attribute(block, errors);
    names(&keys.table, block, errors);
    for setting in settings(keys, block) {
        idle(setting, errors);
    }
    let chosen: Vec<_> = block
        .methods()
        .map(|method| one(keys, method, errors))
        .collect();
    if chosen.iter().all(Option::is_none) && errors.is_empty() {
        nothing(keys, block, errors);
    }
    chosen
}

/// Everything that is written for single methods.
pub(super) fn settings<'a>(keys: &'a Keys, block: &'a Block) -> impl Iterator<Item = &'a Setting> {
    let markers = block.methods().filter_map(|method| method.marker.as_ref());
    let entries = keys.table.iter().map(|entry| &entry.setting);
    markers.map(|marker| &marker.setting).chain(entries)
}

/// A second `#[retry_methods]` would retry the retries of the first.
fn second_attribute(block: &Block, errors: &mut Errors) {
    for attribute in &block.parsed.attrs {
        if super::parse::is_retry_methods(attribute) {
            errors.at(
                attribute.path(),
                "a second `#[retry_methods]` multiplies the attempts of the first; write all keys in one attribute",
            );
        }
    }
}

/// The names in `methods(…)` against the methods that there are.
fn names(table: &[Entry], block: &Block, errors: &mut Errors) {
    for (index, Entry { name, .. }) in table.iter().enumerate() {
        if table[..index].iter().any(|entry| same(&entry.name, name)) {
            errors.at(
                name,
                format!("`{name}` is named twice in `methods`; write all its keys in one place"),
            );
            continue;
        }
        let mut known = block
            .methods()
            .filter(|method| same(&method.name, name))
            .peekable();
        if known.peek().is_none() {
            let names: Vec<String> = block
                .methods()
                .map(|method| method.name.unraw().to_string())
                .collect();
            let advice = if names.is_empty() {
                "remove it".to_owned()
            } else {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                suggestion(&name.unraw().to_string(), "methods", &names)
            };
            errors.at(name, format!("this block has no method `{name}`; {advice}"));
        }
        let marker = known.find_map(|method| method.marker.as_ref());
        if let Some(marker) = marker {
            errors.at(
                name,
                format!("`{name}` is configured here and by the `#[retry]` on the method; keep one of the two"),
            );
            errors.at(
                marker.attribute.path(),
                format!("`{name}` is configured here and in `methods(…)` of the block; keep one of the two"),
            );
        }
    }
}

/// Keys next to `skip`.
fn idle(setting: &Setting, errors: &mut Errors) {
    if let (Some(skip), Some(key)) = (&setting.skip, merge::written(&setting.config).first()) {
        errors.at(
            skip,
            format!(
                "`skip` leaves the method alone, so `{key}` has no effect; remove one of the two"
            ),
        );
    }
}

fn same(left: &Ident, right: &Ident) -> bool {
    left.unraw() == right.unraw()
}

fn one<'a>(keys: &'a Keys, method: &'a Method, errors: &mut Errors) -> Option<Chosen<'a>> {
    let entry = keys
        .table
        .iter()
        .find(|entry| same(&entry.name, &method.name));
    let setting = match (&method.marker, entry) {
        (Some(marker), _) => Some(&marker.setting),
        (None, Some(entry)) => Some(&entry.setting),
        (None, None) => None,
    };
    if setting.is_some_and(|setting| setting.skip.is_some()) {
        return None;
    }
    let function = match (&method.function, setting) {
        (Ok(function), _) => function,
        (Err(_), None) => return None,
        (Err(reason), Some(_)) => {
            errors.push(reason.clone());
            return None;
        }
    };
    if setting.is_none() {
        let waits = function.signature.constness.is_none();
        if keys.only_named.is_some() || !waits || !method.returns_result() {
            return None;
        }
    }
    if let (None, Some(entry)) = (&method.marker, entry) {
        if let Some(reason) = cannot_fail(function) {
            errors.at(&entry.name, reason);
            return None;
        }
    }
    Some(Chosen {
        method,
        function,
        setting,
    })
}

/// Why a method that is named in the table cannot be retried, as it is said there.
fn cannot_fail(function: &Function) -> Option<String> {
    let mut wrong = Errors::default();
    validate::output(function, &mut wrong);
    let message = wrong.finish().err()?.to_string();
    Some(match message.split_once("; ") {
        Some((reason, advice)) => {
            format!("{reason}; remove it from `methods`, or {advice}")
        }
        None => message,
    })
}

/// Says that the attribute does nothing.
fn nothing(keys: &Keys, block: &Block, errors: &mut Errors) {
    let unseen = block
        .items
        .iter()
        .any(|item| matches!(item, Item::Other(tokens) if is_macro(tokens)));
    let skipped = settings(keys, block).any(|setting| setting.skip.is_some());
    let message = if block.methods().next().is_none() && !unseen {
        "this block has no method, so there is nothing to retry; remove the attribute"
    } else if keys.only_named.is_some() {
        "nothing in this block is retried, as `default = skip` leaves all methods alone; write `#[retry]` on a method, or name it in `methods(…)`"
    } else if skipped {
        "nothing in this block is retried, as every method that returns what ends in `Result` is skipped; remove the attribute"
    } else if unseen {
        "nothing in this block is retried, as the methods that a macro makes cannot be seen; write `#[retry]` on them inside the macro"
    } else {
        "nothing in this block is retried, as no method returns what ends in `Result`; write `#[retry]` on a method that returns one by another name"
    };
    errors.at(block.parsed.impl_token, message);
}

/// Whether this calls a macro, which may make methods.
fn is_macro(tokens: &TokenStream) -> bool {
    let behind_the_path = tokens.clone().into_iter().find(|token| match token {
        TokenTree::Ident(word) => word == "const" || word == "type",
        TokenTree::Punct(punct) => punct.as_char() != ':',
        _ => true,
    });
    matches!(behind_the_path, Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
}
