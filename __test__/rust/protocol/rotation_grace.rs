//! Step 6 at a provider that states how long a used refresh token is accepted.

use std::time::Duration;

use super::world::{Answer, Process, Provider, World, pass, rejected, unavailable};
use tokenkeep::error::Error;
use tokenkeep::oauth::{Refusal, RotationGrace, Verdict};

fn seconds(seconds: u64) -> RotationGrace {
    RotationGrace::For(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_at_once_within_the_grace() {
    for grace in [seconds(60), RotationGrace::UntilUsed] {
        let (world, provider) = (World::new(), Provider::with_grace(grace));
        provider.script(Answer::LostAfter(1_000));
        let began = world.now();
        assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("a2"));
        assert!(world.now().ms_since(began) < 2_000, "has waited for the lease");
        let row = world.row().expect("is there");
        assert_eq!((row.refresh_token(), row.refreshing_at), ("r2", None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_grace_that_is_too_short_for_another_request_is_not_used() {
    for (grace, requests) in [(seconds(3), 1), (seconds(4), 2)] {
        let (world, provider) = (World::new(), Provider::with_grace(grace));
        provider.script(Answer::LostAfter(1_200));
        let told = Process::new(&world, &provider).call().await;
        assert_eq!(provider.requests(), requests);
        assert_eq!(told.is_ok(), requests == 2, "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_grace_counts_from_the_first_request_and_not_from_the_last() {
    let (world, provider) = (World::new(), Provider::with_grace(seconds(5)));
    for _ in 0..4 {
        provider.script(Answer::LostAfter(1_000));
    }
    let told = Process::new(&world, &provider).call().await;
    assert!(matches!(told, Err(Error::OutcomeUnknown { .. })), "{told:?}");
    assert_eq!(provider.requests(), 3);
    assert_eq!(provider.current(), "r3", "the family was killed");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_after_a_lost_answer_does_not_send_after_the_grace() {
    let (world, provider) = (World::new(), Provider::with_grace(seconds(10)));
    provider.script(Answer::LostAfter(1_000));
    let process = Process::new(&world, &provider);
    let call = process.spawn_call();
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    process.machine.suspend_for(Duration::from_secs(11));
    assert!(matches!(call.await, Ok(Err(Error::OutcomeUnknown { .. }))));
    assert_eq!(provider.requests(), 1);
}

fn refused() -> Answer {
    Answer::Instead(0, Verdict::InvalidGrant(Refusal::invalid_grant(Some(400))))
}

fn throttled() -> Answer {
    let error = Error::ProviderThrottled { retry_after_ms: None };
    Answer::Instead(0, Verdict::Transient(error, None))
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_a_lost_answer_leaves_the_row_in_doubt() {
    let failures: [fn() -> Answer; 4] = [refused, rejected, throttled, unavailable];
    for next in failures {
        let (world, provider) = (World::new(), Provider::with_grace(seconds(60)));
        provider.script(Answer::LostAfter(1_000));
        for _ in 0..5 {
            provider.script(next());
        }
        let told = Process::new(&world, &provider).call().await;
        assert!(matches!(told, Err(Error::OutcomeUnknown { .. })), "{told:?}");
        let row = world.row().expect("was not revoked");
        assert!(row.refreshing_at.is_some(), "the next attempt would trust a refusal");
    }
}

#[tokio::test(start_paused = true)]
async fn in_doubt_a_grace_in_seconds_does_not_count_as_nobody_knows_when_it_began() {
    for (grace, requests) in [(seconds(60), 2), (RotationGrace::UntilUsed, 3)] {
        let (world, provider) = (World::new(), Provider::with_grace(grace));
        provider.script(Answer::LostAfter(20_000));
        assert!(Process::new(&world, &provider).call().await.is_err());
        pass(20).await;
        // Taken over in doubt. The answer to this one is lost as well.
        provider.script(Answer::LostAfter(1_000));
        let told = Process::new(&world, &provider).call().await;
        assert_eq!(provider.requests(), requests);
        assert_eq!(told.is_ok(), requests == 3, "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_grace_means_that_a_lost_answer_is_not_asked_for_again() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.script(Answer::LostAfter(1_000));
    let told = Process::new(&world, &provider).call().await;
    assert!(matches!(told, Err(Error::OutcomeUnknown { .. })), "{told:?}");
    assert_eq!(provider.requests(), 1);
}
