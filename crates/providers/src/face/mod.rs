//! Face verification services, behind the port [`lingpai_domain::real_name::FaceVerifier`].

pub mod aliyun;
mod gateway;
mod photo;
pub mod tencent;

pub use gateway::FaceGateway;

use lingpai_domain::real_name::FaceError;

use crate::http::UpstreamError;

/// The port's view of an error.
fn failed(error: UpstreamError) -> FaceError {
    match error {
        UpstreamError::Refused { .. } => FaceError::Refused(error.to_string()),
        _ => FaceError::Unreachable(error.to_string()),
    }
}
