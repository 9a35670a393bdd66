//! The lints in `allow(…)`.

use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Error, Ident, Result, Token};

use crate::errors::Errors;
use crate::grammar::{self, LINTS};
use crate::suggest::suggestion;

/// The names in `allow(a, b)`.
pub(super) fn lints(
    key: &Ident,
    example: &str,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> Result<Vec<Ident>> {
    if input.is_empty() {
        return Err(Error::new(
            key.span(),
            format!("`{key}` names no lint; write for example `{example}`"),
        ));
    }
    let mut lints: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format!(
                "expected the name of a lint; write for example `{example}`"
            )));
        }
        let name = input.call(Ident::parse_any)?;
        if lints.contains(&name) {
            errors.at(
                &name,
                format!("`{name}` is named twice in `{key}`; remove one of the two"),
            );
        } else if let Some(problem) = unknown(&name) {
            errors.at(&name, problem);
        } else {
            lints.push(name);
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(lints)
}

fn unknown(name: &Ident) -> Option<String> {
    let written = name.to_string();
    let names = grammar::names(LINTS);
    if names.contains(&written.as_str()) {
        return None;
    }
    let advice = suggestion(&written, "lints", &names);
    Some(format!("unknown lint `{written}`; {advice}"))
}
