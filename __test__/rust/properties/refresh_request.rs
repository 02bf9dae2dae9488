//! The form that a token endpoint is sent.

use proptest::prelude::*;
use reqwest::Url;
use tokenkeep::oauth::{Client, ClientAuthentication, Provider, refresh_request};
use tokenkeep::secret::{ClientSecret, RefreshToken};

use super::{text, tries};

proptest! {
    #![proptest_config(tries(500))]

    #[test]
    fn every_value_arrives_as_it_was_and_in_its_field(
        id in text(30),
        secret in text(30),
        token in text(200),
    ) {
        let client_secret = ClientSecret::new(secret.clone());
        let authentication = ClientAuthentication::Post;
        let client = Client { id: &id, secret: Some(&client_secret), authentication, assertion: None };
        let token = RefreshToken::new(token);
        let request = refresh_request(
            Provider::google(),
            "https://provider.example/token",
            client,
            &token,
            &[],
        );
        prop_assert!(request.body.is_ascii());
        let read = Url::parse(&format!("https://host/?{}", *request.body)).expect("is a URL");
        let fields: Vec<_> = read.query_pairs().into_owned().collect();
        let expected = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose()),
            ("client_id", &id),
            ("client_secret", &secret),
        ];
        prop_assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
