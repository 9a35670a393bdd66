//! The documentation of each key that is written, at the key, where an editor looks for it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::span::Place;
use crate::model::{Backoff, Config, Keyed, Rule};

/// The way to the driver through the documented module of each key. A longer path costs the least of all that can name an item: no line, no
/// name bound, no type checked.
pub(super) fn way(private: &TokenStream, config: &Config) -> TokenStream {
    let mut paths: Vec<TokenStream> = Vec::new();
    for key in &config.written {
        paths.push(item(key));
    }
    if let Some(backoff) = &config.backoff {
        paths.extend(modifiers(&backoff.value));
    }
    for rule in &config.rules {
        let Rule::Own(own) = &rule.value else {
            continue;
        };
        let keys = [
            own.attempts.as_ref().map(|keyed| &keyed.key),
            own.backoff.as_ref().map(|keyed| &keyed.key),
        ];
        for key in keys.into_iter().flatten().map(item) {
            paths.push(quote_spanned!(Span::mixed_site()=> rule::#key));
        }
        if let Some(Keyed { value, .. }) = &own.backoff {
            paths.extend(modifiers(value));
        }
    }
    if paths.is_empty() {
        return private.clone();
    }
    quote_spanned!(Span::mixed_site()=> #private::keys #(::#paths)*)
}

/// The module of this name, at the key.
fn item(key: &Ident) -> TokenStream {
    // No module can have this name.
    let name = if key == "crate" {
        "runtime".to_owned()
    } else {
        key.to_string()
    };
    let name = Ident::new(&name, Span::mixed_site());
    Place::of(key).move_here(&quote_spanned!(Span::mixed_site()=> #name))
}

fn modifiers(backoff: &Backoff) -> Vec<TokenStream> {
    let Backoff::Known(known) = backoff else {
        return Vec::new();
    };
    let keys = [
        known.max.as_ref().map(|keyed| &keyed.key),
        known.min.as_ref().map(|keyed| &keyed.key),
        known.factor.as_ref().map(|keyed| &keyed.key),
        known.jitter.as_ref().map(|keyed| &keyed.key),
    ];
    let keys = keys.into_iter().flatten().map(item);
    keys.map(|key| quote_spanned!(Span::mixed_site()=> modifier::#key))
        .collect()
}
