//! What is wrong with the keys of each method together with the defaults, said once and at the token that is wrong.
//!
//! Every method is checked with all keys that are in force for it. What is wrong with a default then shows up at each of them; it is
//! reported once. A default that is fine by itself, but not together with what a method says, is reported at that method.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::{Error, Ident};

use super::choose::Chosen;
use super::merge::{forget, over, written};
use super::parse::{Block, Keys};
use crate::errors::Errors;
use crate::model::{Config, Keyed};
use crate::validate::{self, Idle};

/// The keys in force for each method that is retried.
pub(super) fn block(
    keys: &Keys,
    block: &Block,
    chosen: &[Option<Chosen<'_>>],
    errors: &mut Errors,
) -> Vec<Option<Config>> {
    let mut report = Report::new(keys, errors);
    let nothing = Config::default();
    let owner = owner(block);
    let mut plans: Vec<_> = chosen
        .iter()
        .map(|chosen| {
            let Chosen {
                method,
                function,
                setting,
            } = chosen.as_ref()?;
            let own = setting.map_or(&nothing, |setting| &setting.config);
            let mut config = over(&keys.defaults, own, function.is_async());
            let mut found = Errors::default();
            validate::config(&config, &mut found);
            validate::function(&config, function, &mut found);
            for error in found.finish().err().into_iter().flatten() {
                report.add(error, own, &method.name.to_string(), function.is_async());
            }
            for idle in validate::idle(&config, Some(function)) {
                if let Some(default) = report.idle(idle) {
                    forget(&mut config, &default.to_string());
                }
            }
            if let (Some(key), Some(_)) = (config.returns_outcome(), &block.parsed.trait_) {
                report.say(Error::new(
                    key.span(),
                    "the trait says what its methods return; remove `returns = outcome`",
                ));
            }
            if config.operation.is_none() {
                config.operation = Some(operation(owner.as_deref(), &method.name));
            }
            Some(config)
        })
        .collect();
    let elsewhere = written_elsewhere(keys, block, chosen);
    if let Some(first) = plans.iter_mut().flatten().next() {
        first.written.extend(elsewhere);
    }
    report.idle_defaults(plans.iter().flatten().count());
    report.idle_timeout(chosen);
    report.idle_timeline(&plans);
    plans
}

/// The keys that belong to no method that is retried, or to all of them.
fn written_elsewhere(keys: &Keys, block: &Block, chosen: &[Option<Chosen<'_>>]) -> Vec<Ident> {
    let settings = super::choose::settings(keys, block);
    let alone = settings.filter(|setting| {
        let mut own = chosen.iter().flatten().filter_map(|chosen| chosen.setting);
        !own.any(|own| std::ptr::eq(own, *setting))
    });
    let alone = alone.flat_map(|setting| &setting.config.written);
    keys.defaults.written.iter().chain(alone).cloned().collect()
}

/// The name of the type that has the methods.
fn owner(block: &Block) -> Option<String> {
    let of = |path: &syn::Path| {
        let last = path.segments.last();
        last.map(|last| last.ident.unraw().to_string())
    };
    let mut ty = &*block.parsed.self_ty;
    loop {
        ty = match super::parse::ungrouped(ty) {
            syn::Type::Path(path) => return of(&path.path),
            syn::Type::Reference(reference) => &reference.elem,
            syn::Type::Array(array) => &array.elem,
            syn::Type::Slice(slice) => &slice.elem,
            syn::Type::Ptr(pointer) => &pointer.elem,
            syn::Type::TraitObject(object) => {
                return object.bounds.iter().find_map(|bound| match bound {
                    syn::TypeParamBound::Trait(bound) => of(&bound.path),
                    _ => None,
                });
            }
            // A tuple has no name; what is implemented for it has.
            _ => return block.parsed.trait_.as_ref().and_then(|(path, ..)| of(path)),
        };
    }
}

/// `Type::method`
fn operation(owner: Option<&str>, method: &Ident) -> Keyed<syn::Expr> {
    let name = method.unraw();
    let text = match owner {
        Some(owner) => format!("{owner}::{name}"),
        None => name.to_string(),
    };
    let literal = syn::LitStr::new(&text, Span::mixed_site());
    Keyed {
        key: method.clone(),
        value: syn::parse_quote!(#literal),
    }
}

/// Where an error is and what it says: the same for the same mistake, however often it is found.
#[derive(PartialEq, Eq)]
struct Identity {
    place: String,
    message: String,
}

impl Identity {
    fn of(error: &Error) -> Self {
        Self {
            place: place(error.span()),
            message: error.to_string(),
        }
    }
}

/// Spans cannot be compared, but the compiler prints a different text for each.
fn place(span: Span) -> String {
    format!("{span:?}")
}

/// A default that decides nothing.
struct IdleDefault {
    place: String,
    error: Error,
    /// For how many methods.
    methods: usize,
}

struct Report<'a> {
    keys: &'a Keys,
    errors: &'a mut Errors,
    /// What has been said.
    said: Vec<Identity>,
    /// What is wrong with the defaults where nothing is laid over them.
    of_defaults: Vec<Identity>,
    /// Where the tokens of the defaults are.
    defaults: Vec<String>,
    /// The defaults that decide nothing, by their place.
    idle: Vec<IdleDefault>,
}

impl<'a> Report<'a> {
    /// Begins with what is wrong with the defaults, whoever uses them.
    fn new(keys: &'a Keys, errors: &'a mut Errors) -> Self {
        let mut alone = keys.defaults.clone();
        if alone.attempts.is_none() {
            // Every method may have its own.
            alone.failed.push("attempts");
        }
        if alone.returns.is_none() {
            alone.failed.push("returns");
        }
        if !alone.rules.is_empty() {
            alone.failed.push("transient");
        }
        let mut report = Self {
            keys,
            errors,
            said: Vec::new(),
            of_defaults: wrong(&keys.defaults).map(|e| Identity::of(&e)).collect(),
            defaults: Vec::new(),
            idle: Vec::new(),
        };
        places(keys.tokens.clone(), &mut report.defaults);
        for error in wrong(&alone) {
            report.say(error);
        }
        report
    }

    fn say(&mut self, error: Error) {
        let identity = Identity::of(&error);
        if !self.said.contains(&identity) {
            self.said.push(identity);
            self.errors.push(error);
        }
    }

    /// Adds what was found at one method, unless it has been said.
    fn add(&mut self, error: Error, own: &Config, method: &str, is_async: bool) {
        let identity = Identity::of(&error);
        let default = self.defaults.contains(&identity.place);
        if default && !self.of_defaults.contains(&identity) {
            let cause = written(own).into_iter().find(|key| {
                let mut without = own.clone();
                forget(&mut without, &key.to_string());
                let merged = over(&self.keys.defaults, &without, is_async);
                wrong(&merged).all(|error| Identity::of(&error) != identity)
            });
            if let Some(cause) = cause {
                let reason = identity.message.split("; ").next().unwrap_or_default();
                let reason = reason.replace("this ", "the ");
                self.say(Error::new(
                    cause.span(),
                    format!(
                        "`{cause}` of `{method}` does not fit the defaults of the block: {reason}; change it, or override the default here"
                    ),
                ));
                return;
            }
        }
        self.say(error);
    }

    /// Adds a key that decides nothing, unless it is a default, of which another method may make use. Gives the default that can be left out.
    fn idle(&mut self, idle: Idle) -> Option<Ident> {
        let place = place(idle.error.span());
        if !self.defaults.contains(&place) {
            // It may be there to take the place of a default.
            let replaces = idle.key.is_some_and(|key| self.replaces(&key));
            if !(idle.is_constant && replaces) {
                self.say(idle.error);
            }
            return None;
        }
        let index = self.idle.partition_point(|known| known.place < place);
        match self.idle.get_mut(index) {
            Some(known) if known.place == place => known.methods += 1,
            _ => {
                let (error, methods) = (idle.error, 1);
                let idle = IdleDefault {
                    place,
                    error,
                    methods,
                };
                self.idle.insert(index, idle);
            }
        }
        idle.key
    }

    /// Whether a key of a method takes the place of a default.
    fn replaces(&self, key: &Ident) -> bool {
        let of_values = ["retry_until", "classify_value"];
        written(&self.keys.defaults).iter().any(|default| {
            default == key
                || of_values.iter().any(|judge| key == judge)
                    && of_values.iter().any(|judge| default == judge)
        })
    }

    /// Defaults that decide nothing for any method.
    fn idle_defaults(&mut self, retried: usize) {
        for idle in std::mem::take(&mut self.idle) {
            if idle.methods == retried {
                self.say(idle.error);
            }
        }
    }

    /// A default record that nobody gets.
    fn idle_timeline(&mut self, plans: &[Option<Config>]) {
        let Some(timeline) = &self.keys.defaults.timeline else {
            return;
        };
        let mut retried = plans.iter().flatten().peekable();
        if retried.peek().is_some() && retried.all(|config| config.returns_outcome().is_none()) {
            self.say(Error::new(
                timeline.key.span(),
                "`timeline` is part of the outcome, which no method that is retried here returns; write `returns = outcome` next to it",
            ));
        }
    }

    /// A default timeout where nothing can be cut.
    fn idle_timeout(&mut self, chosen: &[Option<Chosen<'_>>]) {
        let Some(timeout) = &self.keys.defaults.attempt_timeout else {
            return;
        };
        let mut retried = chosen.iter().flatten().peekable();
        if retried.peek().is_some() && retried.all(|chosen| !chosen.function.is_async()) {
            self.say(Error::new(
                timeout.key.span(),
                "an attempt of a blocking function cannot be cut, and no method that is retried here is async, so `attempt_timeout` has no effect; remove it",
            ));
        }
    }
}

/// What is wrong with some keys.
fn wrong(config: &Config) -> impl Iterator<Item = Error> {
    let mut found = Errors::default();
    validate::config(config, &mut found);
    found.finish().err().into_iter().flatten()
}

fn places(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        found.push(place(token.span()));
        if let TokenTree::Group(group) = token {
            places(group.stream(), found);
        }
    }
}
