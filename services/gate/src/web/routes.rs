//! Every route there is, with what it asks for. The router is made from this table: a route that is not in it does not
//! exist, and one that is in it says who may ask.

use super::{
    AppState,
    answers::Audience,
    api,
    auth::{Permission, Post, guard, login},
    health, models, pages, records, waivers, webhook,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, on},
};

/// Largest body of a request that is no webhook, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// What a route asks of whoever asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing; the route itself says why that is safe.
    Open,
    /// Any session or token.
    SignedIn,
    Needs(Permission),
}

/// Which processes open a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doors {
    /// Workers too.
    Every,
    /// Those that take requests.
    Intake,
}

/// One line of the table.
pub(super) struct Route {
    method: Method,
    path: &'static str,
    access: Access,
    audience: Audience,
    doors: Doors,
    largest_body: usize,
    handler: MethodRouter<AppState>,
}

/// One line of the table, for tests and documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteDescription {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
}

fn route<H, T>(method: Method, path: &'static str, access: Access, audience: Audience, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    let filter = if method == Method::POST { MethodFilter::POST } else { MethodFilter::GET };
    let (doors, largest_body) = (Doors::Intake, LARGEST_BODY);
    Route { method, path, access, audience, doors, largest_body, handler: on(filter, handler) }
}

impl Route {
    fn everywhere(self) -> Self {
        Self { doors: Doors::Every, ..self }
    }

    fn largest_body(self, bytes: usize) -> Self {
        Self { largest_body: bytes, ..self }
    }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;

/// The table. `webhook_body`: largest delivery in bytes.
fn table(webhook_body: usize) -> Vec<Route> {
    use Access::{Needs, Open, SignedIn};
    use Audience::{People, Programs};
    use Permission::{AnswerWaivers, ReadAccessLog, ReadDecisions, ReadMetrics, ReadModels, ReadWaivers};
    vec![
        // Open: says `ok`, or whether the database answers.
        route(GET, "/healthz", Open, Programs, health::healthz).everywhere(),
        route(GET, "/readyz", Open, Programs, health::readyz).everywhere(),
        route(GET, "/metrics", Needs(ReadMetrics), Programs, health::metrics).everywhere(),
        // Open: signed by GitHub.
        route(POST, "/webhooks/github", Open, Programs, webhook::receive).largest_body(webhook_body),
        // Open: where credentials are asked for.
        route(GET, "/login", Open, People, login::show),
        route(POST, "/login", Open, People, login::with_token),
        route(GET, "/login/start", Open, People, login::begin),
        route(GET, "/login/callback", Open, People, login::callback),
        route(POST, "/logout", SignedIn, People, login::out),
        // Open: the same for everybody.
        route(GET, "/static/style.css", Open, People, pages::style),
        route(GET, "/static/score.js", Open, People, pages::script),
        route(GET, "/", Needs(ReadDecisions), People, pages::list),
        route(GET, "/d/{id}", Needs(ReadDecisions), People, pages::decision),
        route(GET, "/e/{id}", Needs(ReadDecisions), People, pages::progress),
        route(GET, "/waivers", Needs(ReadWaivers), People, waivers::page),
        route(POST, "/waivers/{id}/grant", Needs(AnswerWaivers), People, waivers::grant_by_form),
        route(POST, "/waivers/{id}/refuse", Needs(AnswerWaivers), People, waivers::refuse_by_form),
        route(GET, "/access", Needs(ReadAccessLog), People, records::access),
        route(GET, "/retention", Needs(ReadAccessLog), People, records::retention),
        route(GET, "/models", Needs(ReadModels), People, models::show),
        route(GET, "/openapi.json", Needs(ReadDecisions), Programs, api::description),
        route(GET, "/api/v1/schemas", Needs(ReadDecisions), Programs, api::schemas),
        route(GET, "/api/v1/decisions", Needs(ReadDecisions), Programs, api::list),
        route(GET, "/api/v1/decisions/{id}", Needs(ReadDecisions), Programs, api::decision),
        route(GET, "/api/v1/repos/{owner}/{name}/commits/{sha}/decision", Needs(ReadDecisions), Programs, api::commit),
        route(GET, "/api/v1/waivers", Needs(ReadWaivers), Programs, waivers::list),
        route(POST, "/api/v1/waivers/{id}/grant", Needs(AnswerWaivers), Programs, waivers::grant),
        route(POST, "/api/v1/waivers/{id}/refuse", Needs(AnswerWaivers), Programs, waivers::refuse),
    ]
}

/// The routes of a process, each behind its guard.
pub(super) fn router(state: &AppState, intake: bool) -> Router<AppState> {
    let table = table(state.context.config.server.max_body_bytes);
    let opened = table.into_iter().filter(|route| intake || route.doors == Doors::Every);
    opened.fold(Router::new(), |router, route| {
        let limited = route.handler.layer(DefaultBodyLimit::max(route.largest_body));
        let handler = match route.access {
            Access::Open => limited,
            access => {
                let here = Post { state: state.clone(), access, audience: route.audience };
                limited.layer(from_fn_with_state(here, guard))
            }
        };
        router.route(route.path, handler)
    })
}

/// Every route there is.
pub fn descriptions() -> Vec<RouteDescription> {
    let describe = |route: Route| RouteDescription { method: route.method, path: route.path, access: route.access };
    table(LARGEST_BODY).into_iter().map(describe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who adds to this list opens a door to everybody.
    #[test]
    fn nothing_else_is_open() {
        let open = descriptions().into_iter().filter(|r| r.access == Access::Open);
        let open: Vec<String> = open.map(|r| format!("{} {}", r.method, r.path)).collect();
        assert_eq!(
            open,
            [
                "GET /healthz",
                "GET /readyz",
                "POST /webhooks/github",
                "GET /login",
                "POST /login",
                "GET /login/start",
                "GET /login/callback",
                "GET /static/style.css",
                "GET /static/score.js"
            ]
        );
    }

    #[test]
    fn the_api_description_and_the_table_name_the_same_routes() {
        let described = api::operations();
        let table = descriptions().into_iter().filter(|r| r.path.starts_with("/api/"));
        let mut table: Vec<String> = table.map(|r| format!("{} {}", r.method, r.path)).collect();
        table.sort();
        assert_eq!(described, table);
    }

    /// A route that is added beside the table has no guard.
    #[test]
    fn no_other_file_of_the_server_makes_a_route() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
        let mut folders = vec![folder];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                seen += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                // A test's own routes are none of the server's.
                let text = text.split("#[cfg(test)]").next().unwrap();
                let makes = text.contains(".route(") || text.contains(".nest(") || text.contains(".fallback");
                assert!(!makes || path.ends_with("routes.rs"), "{}: put the route into the table", path.display());
            }
        }
        assert!(seen > 10, "{seen} files were read");
    }
}
