//! The load generator: connections that are kept alive, each with one request on its way, driven
//! by one thread. Requests are ready bytes and answers are hardly read, so that the processor is
//! the server's.

use std::{cell::RefCell, net::SocketAddr, rc::Rc, time::Duration};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use lingpai_server::telemetry::Stopwatch;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::{JoinSet, LocalSet},
};

use super::{response::Responses, traffic::Traffic};

/// The longest time that is told apart, in nanoseconds.
const LONGEST_NS: u64 = 60_000_000_000;
/// Connections still waiting for an answer after the end get so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// How every successful answer of the program begins: of methods, and of clientDB in the client protocol.
const SUCCESSES: [&[u8]; 2] = [b"{\"errCode\":0", b"{\"success\":true,\"data\":{\"code\":0"];

/// How much is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections at the same time.
    pub connections: usize,
    /// How long, in seconds.
    pub seconds: f64,
    /// Requests a second of all connections together; `None`: as fast as answers come.
    pub pace: Option<f64>,
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
    /// Nanoseconds from request to answer.
    pub times: Histogram<u64>,
    /// The body of the last answer.
    pub last: Vec<u8>,
}

impl Outcome {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.seconds
    }
}

/// An empty histogram of nanoseconds, exact to three digits.
///
/// # Errors
/// None: the bounds are valid.
pub fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST_NS, 3)?)
}

/// Requests that all connections of a thread share.
pub type SharedTraffic = Rc<RefCell<dyn Traffic>>;

struct Shared {
    traffic: SharedTraffic,
    started: Stopwatch,
    load: Load,
    outcome: RefCell<Outcome>,
}

/// Asks a server and waits for its answers. Blocks this thread, which does all of it.
///
/// # Errors
/// If a connection breaks or an answer is no success: a fast wrong answer is worth nothing.
pub fn run(address: SocketAddr, load: Load, traffic: &SharedTraffic) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let mut streams = Vec::with_capacity(load.connections);
        for _ in 0..load.connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let outcome = RefCell::new(Outcome { seconds: 0.0, times: histogram()?, last: Vec::new() });
        let shared = Rc::new(Shared { traffic: Rc::clone(traffic), started: Stopwatch::start(), load, outcome });
        let mut callers = JoinSet::new();
        for (number, stream) in streams.into_iter().enumerate() {
            callers.spawn_local(call(number, stream, Rc::clone(&shared)));
        }
        let all = async {
            while let Some(done) = callers.join_next().await {
                done??;
            }
            anyhow::Ok(())
        };
        let limit = Duration::from_secs_f64(load.seconds) + PATIENCE;
        tokio::time::timeout(limit, all).await.context("answers are missing")??;
        let mut outcome = shared.outcome.borrow().clone();
        outcome.seconds = shared.started.seconds();
        Ok(outcome)
    })
}

/// One connection.
async fn call(number: usize, mut stream: TcpStream, shared: Rc<Shared>) -> Result<()> {
    let (mut request, mut responses) = (Vec::with_capacity(4096), Responses::new());
    let mut pace = shared.load.pace.map(|rate| Pace::new(rate, number, shared.load.connections));
    while shared.started.seconds() < shared.load.seconds {
        if let Some(pace) = &mut pace {
            pace.wait(shared.started).await;
        }
        request.clear();
        let Some(ticket) = shared.traffic.borrow_mut().next(&mut request) else { break };
        let sent = Stopwatch::start();
        stream.write_all(&request).await?;
        let body = responses.next(&mut stream).await?;
        let time = (sent.seconds() * 1e9) as u64;
        ensure!(is_success(body), "a wrong answer: {}", String::from_utf8_lossy(body));
        shared.traffic.borrow_mut().answered(ticket, body);
        let mut outcome = shared.outcome.borrow_mut();
        outcome.times.saturating_record(time);
        outcome.last.clear();
        outcome.last.extend_from_slice(body);
    }
    Ok(())
}

fn is_success(body: &[u8]) -> bool {
    SUCCESSES.iter().any(|success| body.strip_prefix(*success).is_some_and(|rest| matches!(rest.first(), Some(b',' | b'}'))))
}

/// When one of several connections sends its requests.
struct Pace {
    /// Seconds between two requests of the connection.
    every: f64,
    next: f64,
}

impl Pace {
    fn new(rate: f64, number: usize, connections: usize) -> Self {
        let every = connections as f64 / rate;
        Self { every, next: every * number as f64 / connections as f64 }
    }

    async fn wait(&mut self, started: Stopwatch) {
        let left = self.next - started.seconds();
        if left > 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(left)).await;
        }
        self.next += self.every;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    use super::*;
    use crate::bench::traffic::CreateCaptcha;

    /// A server that gives one connection this answer again and again.
    fn serving(body: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 8192];
            while stream.read(&mut request).is_ok_and(|read| read > 0) {
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        address
    }

    /// Takes three requests off other traffic.
    struct Three(CreateCaptcha, usize);

    impl Traffic for Three {
        fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
            self.1 += 1;
            if self.1 > 3 { None } else { self.0.next(request) }
        }
    }

    fn three_requests(address: SocketAddr) -> Result<Outcome> {
        let traffic: SharedTraffic = Rc::new(RefCell::new(Three(CreateCaptcha::new(), 0)));
        run(address, Load { connections: 1, seconds: 60.0, pace: None }, &traffic)
    }

    #[test]
    fn each_answer_is_counted_once() {
        let outcome = three_requests(serving("{\"errCode\":0,\"n\":1}")).unwrap();
        assert_eq!((outcome.times.len(), outcome.last.as_slice()), (3, b"{\"errCode\":0,\"n\":1}".as_slice()));
        assert!(outcome.rate() > 0.0 && outcome.times.min() > 0);
    }

    #[test]
    fn a_wrong_answer_fails_the_run() {
        let error = three_requests(serving("{\"errCode\":\"uni-id-server-busy\"}")).unwrap_err();
        assert!(error.to_string().contains("uni-id-server-busy"), "{error}");
    }

    #[test]
    fn only_error_code_zero_is_a_success() {
        assert!(is_success(b"{\"success\":true,\"data\":{\"code\":0,\"data\":[]}}"));
        assert!(!is_success(b"{\"success\":true,\"data\":{\"code\":\"PERMISSION_ERROR\"}}"));
        assert!(is_success(b"{\"errCode\":0}") && is_success(b"{\"errCode\":0,\"uid\":1}"));
        assert!(!is_success(b"{\"errCode\":\"uni-id-check-token-failed\"}") && !is_success(b"{\"errCode\":01}") && !is_success(b""));
    }

    #[test]
    fn paced_connections_take_turns() {
        let starts: Vec<f64> = (0..4).map(|number| Pace::new(100.0, number, 4).next).collect();
        assert_eq!(starts, [0.0, 0.01, 0.02, 0.03]);
        assert!((Pace::new(100.0, 1, 4).every - 0.04).abs() < 1e-9);
    }
}
