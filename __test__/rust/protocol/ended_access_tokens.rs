//! A provider where a refresh invalidates the access token that was given before: once a refresh may have
//! been sent, nobody gets the old one.

use std::time::Duration;

use super::world::{Answer, Process, Provider, World, pass, rejected, unavailable};
use tokenkeep::error::Error;
use tokenkeep::oauth::Verdict;
use tokenkeep::refresh::RefreshOptions;

fn at_once(process: &Process) -> RefreshOptions {
    RefreshOptions { usable_at_once: true, ..process.options() }
}

/// No answer; the request has not reached the provider.
fn not_received() -> Answer {
    let error = Error::OutcomeUnknown { reason: "lost".into() };
    Answer::Instead(0, Verdict::Ambiguous(error))
}

#[tokio::test(start_paused = true)]
async fn callers_of_the_same_process_wait_for_the_new_token() {
    let (world, provider) = (World::new(), Provider::that_ends_access_tokens(true));
    world.connect("r0", "ended", 100);
    let process = Process::new(&world, &provider);
    let first = process.spawn_call_with(at_once(&process));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(process.call_with(at_once(&process)).await.as_deref(), Ok("a1"));
    assert_eq!(first.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn callers_of_another_process_wait_and_are_told_when_their_time_is_over() {
    let (world, provider) = (World::new(), Provider::that_ends_access_tokens(true));
    for left in [100, 7_200] {
        world.connect("r0", "ended", left);
        let now = world.now();
        world.change(|row| row.refreshing_at = Some(now));
        let process = Process::new(&world, &provider);
        let waiting = process.spawn_call_with(at_once(&process));
        pass(2).await;
        let (access, expires_at) = (world.seal("theirs"), world.at(3_600));
        let now = world.now();
        world.change(|row| {
            (row.access, row.expires_at, row.refreshing_at) = (access, expires_at, None);
        });
        assert_eq!(waiting.await.expect("does not panic").as_deref(), Ok("theirs"));
        world.change(|row| row.refreshing_at = Some(now));
        let late = process.call_with(at_once(&process)).await;
        assert!(matches!(late, Err(Error::RefreshTimeout { .. })), "{late:?}");
    }
    assert_eq!(provider.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_is_refreshed_when_an_attempt_has_left_the_row_in_doubt() {
    let (world, provider) = (World::new(), Provider::that_ends_access_tokens(true));
    world.connect("r0", "ended", 7_200);
    provider.script(not_received());
    let process = Process::new(&world, &provider);
    let lost = process.claim_and_refresh_after(0).await;
    assert!(matches!(lost, Err(Error::OutcomeUnknown { .. })), "{lost:?}");
    let same = process.call().await;
    assert!(matches!(same, Err(Error::OutcomeUnknown { .. })), "{same:?}");
    pass(31).await;
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_error_is_not_replaced_by_the_old_token() {
    let (world, provider) = (World::new(), Provider::that_ends_access_tokens(true));
    world.connect("r0", "ended", 200);
    provider.script(Answer::LostAfter(1_000));
    let process = Process::new(&world, &provider);
    for _ in 0..2 {
        let told = process.call().await;
        assert!(matches!(told, Err(Error::OutcomeUnknown { .. })), "{told:?}");
    }
    // Taken over in doubt, and refused: the first request has spent the refresh token.
    pass(31).await;
    let refused = process.call().await;
    assert!(matches!(refused, Err(Error::OutcomeUnknown { .. })), "{refused:?}");
    assert_eq!(provider.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_that_ended_nothing_the_usable_token_is_returned() {
    let failures: [fn() -> Answer; 2] = [rejected, unavailable];
    for failure in failures {
        let (world, provider) = (World::new(), Provider::that_ends_access_tokens(true));
        world.connect("r0", "usable", 200);
        for _ in 0..5 {
            provider.script(failure());
        }
        let process = Process::new(&world, &provider);
        assert_eq!(process.call().await.as_deref(), Ok("usable"));
        // The failure is remembered.
        assert_eq!(process.call().await.as_deref(), Ok("usable"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_the_lease_even_if_the_refresh_token_stays_valid() {
    let (world, provider) = (World::new(), Provider::that_ends_access_tokens(false));
    world.connect("r0", "ended", 200);
    for _ in 0..5 {
        provider.script(Answer::LostAfter(1_000));
    }
    for process in [Process::new(&world, &provider), Process::new(&world, &provider)] {
        let told = process.call().await;
        assert!(told.is_err(), "{told:?}");
        assert!(world.row().expect("is there").refreshing_at.is_some());
    }
}
