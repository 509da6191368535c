//! The `Link` header (RFC 8288), by which GitHub names the next page of a list.

use http::{HeaderMap, header};

/// The target whose relation is `next`.
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::LINK).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(targets).find_map(|(target, parameters)| is_next(parameters).then(|| target.to_owned()))
}

/// The targets of one header line, each with its parameters. A comma may stand within a target.
fn targets(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split('<').skip(1).filter_map(|part| part.split_once('>'))
}

fn is_next(parameters: &str) -> bool {
    parameters.trim_end_matches([',', ' ']).split(';').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').split(' ').any(|r| r == "next")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        next(&HeaderMap::from_iter([(header::LINK, line.parse().unwrap())]))
    }

    #[test]
    fn the_next_page_is_found_wherever_it_stands() {
        let line = "<https://a.example.test/?page=1>; rel=\"prev\", <https://a.example.test/?page=3&x=1,2>; rel=\"next\", \
                    <https://a.example.test/?page=9>; rel=\"last\"";
        assert_eq!(read(line).as_deref(), Some("https://a.example.test/?page=3&x=1,2"));
        assert_eq!(read("</x?cursor=v1>; rel=next").as_deref(), Some("/x?cursor=v1"));
        for none in ["", "<a>; rel=\"prev\"", "a; rel=next", "<a", "<a>; title=\"rel=next\""] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
