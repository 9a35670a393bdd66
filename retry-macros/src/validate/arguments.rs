//! What happens to arguments between attempts.

use syn::{Attribute, FnArg, Ident, Pat, PatIdent, ReceiverKind, Stmt, Token};

use crate::errors::Errors;
use crate::model::{Config, Flavor, Function};

/// One name that the arguments bind.
pub(crate) struct Binding {
    pub(crate) name: Ident,
    /// The `mut` of a by-value binding.
    pub(crate) mutability: Option<Token![mut]>,
    /// The `#[cfg]`s of the argument.
    pub(crate) conditions: Vec<Attribute>,
}

/// All names that the arguments bind, without `self`.
pub(crate) fn bindings(function: &Function) -> Vec<Binding> {
    let mut found = Vec::new();
    let mut add = |pattern: &Pat, attributes: &[Attribute]| {
        let conditions: Vec<Attribute> = attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"))
            .cloned()
            .collect();
        each_binding(&mut pattern.clone(), &mut |binding| {
            found.push(Binding {
                name: binding.ident.clone(),
                mutability: binding.mutability.filter(|_| binding.by_ref.is_none()),
                conditions: conditions.clone(),
            });
        });
    };
    match &function.flavor {
        Flavor::Boxed(boxed) => {
            for statement in boxed.prelude() {
                if let Stmt::Local(local) = statement {
                    add(&local.pat, &local.attrs);
                }
            }
        }
        Flavor::Blocking | Flavor::Async => {
            for argument in &function.signature.inputs {
                if let FnArg::Typed(typed) = argument {
                    add(&typed.pat, &typed.attrs);
                }
            }
        }
    }
    found
}

fn each_binding(pattern: &mut Pat, visit: &mut dyn FnMut(&mut PatIdent)) {
    let mut inside = |pattern: &mut Pat| each_binding(pattern, visit);
    match pattern {
        Pat::Ident(binding) => {
            visit(binding);
            if let Some((_, inner)) = &mut binding.subpat {
                each_binding(inner, visit);
            }
        }
        Pat::Or(alternatives) => alternatives.cases.iter_mut().for_each(inside),
        Pat::Paren(paren) => inside(&mut paren.pat),
        Pat::Reference(reference) => inside(&mut reference.pat),
        Pat::Slice(slice) => slice.elems.iter_mut().for_each(inside),
        Pat::Struct(structure) => {
            let fields = structure.fields.iter_mut();
            fields.for_each(|field| inside(&mut field.pat));
        }
        Pat::Tuple(tuple) => tuple.elems.iter_mut().for_each(inside),
        Pat::TupleStruct(structure) => structure.elems.iter_mut().for_each(inside),
        Pat::Type(typed) => inside(&mut typed.pat),
        _ => {}
    }
}

/// Takes the `mut` away from the arguments of these names; each attempt's copy has it.
pub(crate) fn take_mut(function: &mut Function, names: &[Ident]) {
    let mut take = |binding: &mut PatIdent| {
        if binding.by_ref.is_none() && names.contains(&binding.ident) {
            binding.mutability = None;
        }
    };
    match &mut function.flavor {
        Flavor::Boxed(boxed) => {
            for statement in boxed.prelude_mut() {
                if let Stmt::Local(local) = statement {
                    each_binding(&mut local.pat, &mut take);
                }
            }
        }
        Flavor::Blocking | Flavor::Async => {
            for argument in &mut function.signature.inputs {
                if let FnArg::Typed(typed) = argument {
                    each_binding(&mut typed.pat, &mut take);
                }
            }
        }
    }
}

/// `clone(x)` and `carry(x)` against the arguments that there are.
pub(super) fn named(config: &Config, function: &Function, errors: &mut Errors) {
    let known = bindings(function);
    let known: Vec<&Binding> = known
        .iter()
        .filter(|binding| binding.name != "__self")
        .collect();
    let has_receiver = function.signature.receiver().is_some();
    for (key, names) in [("clone", &config.clone), ("carry", &config.carry)] {
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                errors.at(
                    name,
                    format!("`{name}` is named twice in `{key}`; remove one of the two"),
                );
            } else if key == "carry" && config.clone.contains(name) {
                errors.at(
                    name,
                    format!("`{name}` cannot both start fresh and carry over; keep `clone({name})` or `carry({name})`"),
                );
            } else if name == "self" {
                if key == "clone" && has_receiver {
                    errors.at(
                        name,
                        "`self` cannot be replaced by a copy; begin the body with `let this = self.clone();` and use `this`",
                    );
                } else if !has_receiver {
                    errors.at(
                        name,
                        format!("`{}` has no `self`; remove it", function.signature.ident),
                    );
                } else if mutable_receiver(function).is_none() {
                    errors.at(
                        name,
                        "`self` is not `mut self`, so `carry` has no effect on it; remove it",
                    );
                }
            } else if is_attempt(function, name) {
                errors.at(
                    name,
                    format!("`{name}` is another one in each attempt anyway; remove it"),
                );
            } else if !known.iter().any(|binding| binding.name == *name) {
                let names: Vec<String> = known
                    .iter()
                    .map(|binding| binding.name.to_string())
                    .collect();
                let advice = if names.is_empty() {
                    "remove it".to_owned()
                } else {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    crate::suggest::suggestion(&name.to_string(), "arguments", &names)
                };
                errors.at(
                    name,
                    format!(
                        "`{}` has no argument `{name}`; {advice}",
                        function.signature.ident
                    ),
                );
            } else if key == "carry"
                && known
                    .iter()
                    .all(|binding| binding.name != *name || binding.mutability.is_none())
            {
                errors.at(
                    name,
                    format!("`{name}` is not `mut`, so `carry` has no effect on it; remove it"),
                );
            }
        }
    }
}

fn is_attempt(function: &Function, name: &Ident) -> bool {
    function.attempt.iter().any(
        |parameter| matches!(&parameter.pattern, Pat::Ident(pattern) if pattern.ident == *name),
    )
}

/// A `mut` argument of which nobody said what the next attempt sees.
pub(super) fn undecided(config: &Config, function: &Function, errors: &mut Errors) {
    if config.failed.contains(&"clone") || config.failed.contains(&"carry") {
        return;
    }
    let own = mutable_receiver(function);
    if let Some(mutability) =
        own.filter(|_| !mentions_self(&config.carry) && !mentions_self(&config.clone))
    {
        errors.at(
            mutability,
            "one attempt's changes to `mut self` would be seen by the next; write `carry(self)` to let them, or take `self` and begin the body with `let mut this = self.clone();`, as `clone(self)` is not possible",
        );
    }
    for binding in bindings(function) {
        let Some(mutability) = &binding.mutability else {
            continue;
        };
        let name = &binding.name;
        if name == "__self" {
            continue;
        }
        if config.clone.contains(name) || config.carry.contains(name) {
            continue;
        }
        errors.at(
            mutability,
            format!(
                "one attempt's changes to `mut {name}` would be seen by the next; write `clone({name})` for a fresh copy each time, or `carry({name})` to let them"
            ),
        );
    }
}

/// The `mut` of `mut self`, wherever `#[async_trait]` may have put it.
fn mutable_receiver(function: &Function) -> Option<Token![mut]> {
    let receiver = function.signature.receiver()?;
    if matches!(receiver.kind, ReceiverKind::Reference(..)) {
        return None;
    }
    receiver.mutability.or_else(|| {
        bindings(function)
            .iter()
            .find(|binding| binding.name == "__self")
            .and_then(|binding| binding.mutability)
    })
}

fn mentions_self(names: &[Ident]) -> bool {
    names.iter().any(|name| name == "self")
}
