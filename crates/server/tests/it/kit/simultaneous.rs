//! Many calls at the same time.

use std::{future::poll_fn, pin::Pin, task::Poll};

use anyhow::Result;

use super::{Call, Reply, TestApp};

/// Makes all calls at once and answers when all are answered, in their order.
pub async fn all_at_once(app: &TestApp, calls: Vec<Call>) -> Result<Vec<Reply>> {
    type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Reply>> + Send + 'a>>;
    let mut calls: Vec<(Option<Waiting<'_>>, Option<Result<Reply>>)> =
        calls.into_iter().map(|call| (Some(Box::pin(app.send(call)) as Waiting<'_>), None)).collect();
    poll_fn(|context| {
        let mut pending = false;
        for (waiting, outcome) in &mut calls {
            let Some(call) = waiting else { continue };
            match call.as_mut().poll(context) {
                Poll::Ready(reply) => (*waiting, *outcome) = (None, Some(reply)),
                Poll::Pending => pending = true,
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    calls.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

/// How many of the answers have a code; 0 is success.
pub fn count(replies: &[Reply], code: impl Into<super::Value>) -> usize {
    let code = code.into();
    replies.iter().filter(|reply| reply.code() == code).count()
}
