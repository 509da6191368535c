//! Periodic job: how far yesterday's releases are from those on which the models that decide were measured.
//!
//! Idempotent: the day is measured once, and every later run shows the figures that are kept.

use super::{
    Context,
    ended::{Ended, Holding},
};
use crate::models::{
    Models,
    compare::{self, Part},
    drift::MOVED,
};
use anyhow::Result;
use chrono::{Days, NaiveDate, NaiveTime, Utc};
use lockgate_classifier::Card;
use lockgate_store::{
    PgPool,
    models::{self, Drift, Place},
};
use std::sync::Arc;

pub(crate) async fn run(context: &Arc<Context>, holding: &Holding) -> Result<Ended> {
    if let Some(running) = &context.models {
        let yesterday = Utc::now().date_naive() - Days::new(1);
        measure(context.store.pool(), running, yesterday).await?;
    }
    holding.finish(&context.store).await
}

async fn measure(pool: &PgPool, running: &Models, day: NaiveDate) -> Result<()> {
    let standing = running.standing();
    for model in standing.iter().filter(|model| model.place != Place::Shadow) {
        let Ok(opened) = &model.running else { continue };
        let mut figures = models::drift(pool, &model.digest, day).await?;
        figures.retain(|figure| figure.day == day);
        if figures.is_empty() {
            figures = measured(pool, &model.digest, &opened.card, day).await?;
            models::note_drift(pool, &figures).await?;
            figures.iter().filter(|figure| figure.psi > MOVED).for_each(warn);
        }
        figures.iter().for_each(|figure| show(figure, model.place));
    }
    Ok(())
}

async fn measured(pool: &PgPool, digest: &str, card: &Card, day: NaiveDate) -> Result<Vec<Drift>> {
    let since = day.and_time(NaiveTime::MIN).and_utc();
    let scores = models::scores(pool, digest, since, since + Days::new(1)).await?;
    let of_part = |(ecosystem, mode)| {
        let part = Part::of(&scores, ecosystem, mode);
        let inputs = part.distances(card.reference(ecosystem, mode));
        let figure = move |(input, psi): (&str, Option<f64>)| {
            Some(Drift {
                day,
                digest: digest.to_owned(),
                ecosystem: compare::ecosystem(ecosystem).to_owned(),
                mode: mode.to_string(),
                input: input.to_owned(),
                psi: psi?,
                rows: i64::try_from(part.facts.len()).ok()?,
            })
        };
        inputs.into_iter().filter_map(figure)
    };
    Ok(compare::parts().flat_map(of_part).collect())
}

fn warn(figure: &Drift) {
    let Drift { day, digest, ecosystem, mode, input, psi, rows } = figure;
    tracing::warn!(
        model = digest,
        %day,
        ecosystem,
        mode,
        input,
        psi,
        rows,
        "releases are not like those that the model was measured on; `lockgate model drift` says more, and a model \
         trained on newer ones may be due"
    );
}

fn show(figure: &Drift, place: Place) {
    let labels = [
        ("place", place.name().to_owned()),
        ("ecosystem", figure.ecosystem.clone()),
        ("mode", figure.mode.clone()),
        ("input", figure.input.clone()),
    ];
    metrics::gauge!("lockgate_model_drift_psi", &labels).set(figure.psi);
}
