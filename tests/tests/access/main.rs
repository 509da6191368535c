//! Who may ask what: every route from the table, people and machines, two installations that must not see each other.

mod crossing;
mod forms;
mod routes;
mod sign_in;
mod stage;
mod tokens;
mod waivers;
