//! Forced refreshes, and rows that are leased by `refreshExpiring`.

use super::world::{Answer, Process, Provider, Step, World, pass};
use tokenkeep::error::Error;

#[tokio::test(start_paused = true)]
async fn a_forced_refresh_replaces_the_token_of_a_row_that_was_sealed_again() {
    // Before the lease, before the commit, and before the row is marked revoked.
    for step in [Step::Lease, Step::Commit, Step::MarkRevoked] {
        let (world, provider) = (World::new(), Provider::new(true, true));
        // It lasts longer than the token that the provider will grant.
        world.connect("r0", "bad", 7_200);
        world.before(step, World::reseal);
        if step == Step::MarkRevoked {
            provider.revoke();
        }
        let given = Process::new(&world, &provider).force().await;
        match step {
            Step::MarkRevoked => assert!(given.is_err(), "{given:?}"),
            _ => assert_eq!(given.as_deref(), Ok("a1"), "{step:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_forced_refresh_does_not_accept_a_refresh_of_an_older_row_version() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.script(Answer::After(5_000));
    let process = Process::new(&world, &provider);
    let older = process.spawn_call();
    pass(1).await;
    // The user connects again, and the API refuses that access token.
    provider.connect("r9");
    world.connect("r9", "bad", 3_600);
    assert_eq!(process.force().await.as_deref(), Ok("a2"));
    assert_eq!(older.await.expect("does not panic").as_deref(), Ok("bad"));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_claimed_too_long_ago_is_not_sent() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let late = process.claim_and_refresh_after(20).await;
    assert!(matches!(late, Err(Error::RefreshTimeout { .. })), "{late:?}");
    assert_eq!((provider.requests(), world.row().expect("is there").refreshing_at), (0, None));
    assert_eq!(process.claim_and_refresh_after(10).await.as_deref(), Ok("a1"));
}
