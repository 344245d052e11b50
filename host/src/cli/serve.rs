//! `mnemosyne serve`: open everything, greet the operator, serve until a signal.

use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;

use super::{Global, Stop, first_start};
use crate::app::App;

#[derive(Args)]
pub(super) struct Serve {
    /// Address and port [default: 127.0.0.1:8080]; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self, global: &Global) -> Result<(), Stop> {
        let mut config = global.load()?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        crate::telemetry::install(&config.telemetry).map_err(Stop::usage)?;
        let listener = TcpListener::bind(config.server.listen).await.map_err(|error| {
            Stop::failed(format!("`server.listen` = `{}` cannot be used: {error}", config.server.listen))
                .hint("another port: `mnemosyne serve --listen 127.0.0.1:8081`")
        })?;
        // Port 0 was replaced by a real one: tokens name it as their issuer.
        config.server.listen = listener.local_addr().map_err(|error| Stop::failed(error.to_string()))?;
        let stop = crate::shutdown::on_signal();
        let app = App::open(config).await?;
        let greeting = first_start::prepare(&app).await?;
        app.start_jobs(&stop);
        global.output().show(&greeting.json(), |_| greeting.text());
        crate::http::serve(app.clone(), listener, stop).await.map_err(|error| Stop::failed(error.to_string()))?;
        app.close().await;
        Ok(())
    }
}
