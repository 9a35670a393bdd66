//! The sites as something to print: [`Report`].

use std::fmt;

use super::json::Json;
use super::site::{SiteGuard, SiteInfo};
use crate::table::{Align, Table};

/// The sites of a program, to be printed: as a table for a terminal by `Display`, as Markdown, or as JSON.
///
/// [`report()`](super::report) gives that of all sites. A column is:
///
/// | column | what |
/// |---|---|
/// | operation | the name of what is called |
/// | module | where the function is |
/// | place | file and line |
/// | call | `async`, or `blocking`, whose attempts nothing cuts |
/// | attempts | how many there are at most |
/// | worst case | how long a call takes at most, see [`WorstCase`](crate::WorstCase) |
/// | guards | what calls share: the name of a `static`, or the place in which it is |
/// | policy | as it would be written in the attribute, without what is so by default |
#[derive(Clone, Debug)]
pub struct Report {
    sites: Vec<SiteInfo>,
}

impl Report {
    pub(super) const fn new(sites: Vec<SiteInfo>) -> Self {
        Self { sites }
    }

    /// The sites, in the order in which they are printed.
    #[must_use]
    pub fn sites(&self) -> &[SiteInfo] {
        &self.sites
    }

    /// Only the sites of a crate or a module, by the path of the module, as `module_path!()` has it.
    ///
    /// ```
    /// let report = retry_core::report().only("my_service::payments");
    /// assert!(report.sites().is_empty());
    /// ```
    #[must_use]
    pub fn only(mut self, module: &str) -> Self {
        self.sites.retain(|site| is_within(site.module(), module));
        self
    }

    /// As a table in Markdown.
    ///
    /// ```
    /// let report = retry_core::report().only("my_service");
    /// assert!(report.to_markdown().starts_with("| operation | module | place | call | attempts |"));
    /// ```
    #[must_use]
    pub fn to_markdown(&self) -> String {
        self.table(&MARKDOWN).to_markdown()
    }

    /// As JSON: a list with an object for each site.
    ///
    /// | field | what |
    /// |---|---|
    /// | `operation`, `module`, `file`, `line` | what and where |
    /// | `async` | whether the function is |
    /// | `attempts` | how many there are at most; null if there is no limit, or it is not known |
    /// | `worst_case` | the `seconds` of what is bounded, null if nothing bounds the call; how many `uncut_attempts` come on top; whether an `unknown_queue` does; all as `text`. Null if it is not known |
    /// | `guards` | the `key` of each, its `name` or null, and what is `written` in the attribute |
    /// | `policy` | `attempts`, `deadline`, `attempt_timeout` and `retry_after_max`, in seconds, null if there is no limit, of the last if hints are ignored; all as `text`. Null if it depends on generics |
    /// | `allow` | the lints that the site silences |
    ///
    /// With feature `serde` the report can be serialised in other formats, too.
    ///
    /// ```
    /// assert_eq!(retry_core::report().only("my_service").to_json(), "[]");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        self.json().to_string()
    }

    fn json(&self) -> Json {
        Json::List(self.sites.iter().copied().map(Json::from).collect())
    }

    fn table(&self, style: &Style) -> Table<8> {
        let mut table = Table::new([
            ("operation", Align::Left),
            ("module", Align::Left),
            ("place", Align::Left),
            ("call", Align::Left),
            ("attempts", Align::Right),
            ("worst case", Align::Left),
            ("guards", Align::Left),
            ("policy", Align::Left),
        ]);
        for site in &self.sites {
            table.push(row(*site, style));
        }
        table
    }
}

/// How a cell is written.
struct Style {
    code: fn(&str) -> String,
    guard: fn(&SiteGuard) -> String,
}

const PLAIN: Style = Style {
    code: str::to_owned,
    guard: SiteGuard::to_string,
};

const MARKDOWN: Style = Style {
    code: quoted,
    guard: |guard| {
        format!(
            "{} {}",
            guard.key,
            quoted(guard.name.unwrap_or(guard.written))
        )
    },
};

fn quoted(code: &str) -> String {
    format!("`{}`", code.replace('`', "'"))
}

fn row(site: SiteInfo, style: &Style) -> [String; 8] {
    let worst_case = site.worst_case();
    let guards: Vec<String> = site.guards().iter().map(style.guard).collect();
    let attempts = worst_case.map(|worst| match worst.attempts {
        Some(attempts) => attempts.to_string(),
        None => "unlimited".to_owned(),
    });
    let policy = site.policy_text();
    [
        (style.code)(site.operation()),
        (style.code)(site.module()),
        (style.code)(&site.place()),
        if site.is_async() { "async" } else { "blocking" }.to_owned(),
        attempts.unwrap_or_else(unknown),
        worst_case.map_or_else(unknown, |worst| worst.to_string()),
        guards.join(", "),
        if site.policy().is_some() {
            (style.code)(&policy)
        } else {
            policy
        },
    ]
}

fn unknown() -> String {
    "?".to_owned()
}

/// Whether a module is this one, or in it.
pub(super) fn is_within(module: &str, outer: &str) -> bool {
    module
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table(&PLAIN).fmt(formatter)
    }
}

/// As [`Report::to_json`].
#[cfg(feature = "serde")]
impl serde::Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}
