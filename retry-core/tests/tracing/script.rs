//! The scenes, and one that only spans are about.

use tracing::info_span;

use crate::scenes::{SCENES, Scene};
use crate::support::{EACH_SECOND, TRANSIENT};

static IN_THE_CALLERS_SPAN: Scene = Scene::new("in_the_callers_span", |stage| {
    let _entered = info_span!("request", id = 7).entered();
    stage.call(&EACH_SECOND, [Err(TRANSIENT), Ok(7)]);
});

pub(crate) fn scenes() -> impl Iterator<Item = &'static Scene> {
    SCENES.iter().chain([&IN_THE_CALLERS_SPAN])
}
