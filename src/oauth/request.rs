//! Building the request of RFC 6749, section 6.

use zeroize::Zeroizing;

use super::credentials::ClientCredentials;
use super::http::HttpRequest;
use crate::secret::RefreshToken;

/// `POST token_url` with `grant_type=refresh_token`, the client authenticated in the body
/// (`client_secret_post`, RFC 6749, section 2.3.1).
#[must_use]
pub fn refresh_request(
    token_url: &str,
    client: &ClientCredentials,
    refresh_token: &RefreshToken,
) -> HttpRequest {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.expose()),
        ("client_id", &client.id),
        ("client_secret", client.secret.expose()),
    ];
    // Three times the length is the most that encoding can make of it: the buffer never grows,
    // so no unwiped copy is left behind.
    let most = fields.iter().map(|(name, value)| name.len() + value.len() * 3 + 2).sum();
    let mut body = Zeroizing::new(String::with_capacity(most));
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        encode(value, &mut body);
    }
    HttpRequest { url: token_url.to_owned(), body }
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5).
fn encode(value: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                into.push(char::from(byte));
            }
            b' ' => into.push('+'),
            _ => {
                into.push('%');
                into.push(char::from(HEX[usize::from(byte >> 4)]));
                into.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ClientSecret;

    #[test]
    fn a_value_cannot_break_out_of_its_field() {
        let client = ClientCredentials { id: "a&b=c".into(), secret: ClientSecret::new("s +%ü") };
        let request = refresh_request("https://t/token", &client, &RefreshToken::new("1//r&x=y"));
        assert_eq!(
            *request.body,
            "grant_type=refresh_token&refresh_token=1%2F%2Fr%26x%3Dy&client_id=a%26b%3Dc&client_secret=s+%2B%25%C3%BC"
        );
    }
}
