//! Many calls at the same time.

use std::{future::poll_fn, pin::Pin, task::Poll};

use anyhow::Result;

use super::{Call, Reply, TestApp};

/// Makes all calls at once and answers when all are answered, in their order.
pub async fn all_at_once(app: &TestApp, calls: Vec<Call>) -> Result<Vec<Reply>> {
    all(calls.into_iter().map(|call| app.send(call))).await.into_iter().collect()
}

/// A future until it is done, and then what came of it.
type Waiting<F> = (Option<Pin<Box<F>>>, Option<<F as Future>::Output>);

/// Waits for all of them at once; their outcomes in their order.
pub async fn all<F: Future + Send>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Waiting<F>> = futures.into_iter().map(|future| (Some(Box::pin(future)), None)).collect();
    poll_fn(|context| {
        let mut pending = false;
        for (future, outcome) in &mut waiting {
            let Some(polled) = future else { continue };
            match polled.as_mut().poll(context) {
                Poll::Ready(value) => (*future, *outcome) = (None, Some(value)),
                Poll::Pending => pending = true,
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    waiting.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

/// How many of the answers have a code; 0 is success.
pub fn count(replies: &[Reply], code: impl Into<super::Value>) -> usize {
    let code = code.into();
    replies.iter().filter(|reply| reply.code() == code).count()
}
