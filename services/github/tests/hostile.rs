//! Mutated webhook payloads: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/webhook.rs"]
mod webhook;

lockgate_hostile::holds! { 400; payloads: webhook }
