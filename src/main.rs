//! The command line: what can be asked of the program, and how it ends.
//!
//! Each command has a file in `commands`; everything else is in the library.

mod commands;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Answers are many small buffers made on one thread and freed on another, which this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A caching, batching gateway in front of Haravan's inventory endpoint.
#[derive(Debug, Parser)]
#[command(name = "tonkho", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    ///
    /// Every key of the configuration can also be set, over the file, by a `TONKHO__SECTION__KEY` variable.
    /// SIGTERM and ctrl-c stop it gracefully; a second one at once. Ends with 64 if the configuration is
    /// wrong, and with 1 if it cannot serve.
    Serve {
        /// The configuration file [default: tonkho.toml if there is one].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Run a gateway over a Haravan sandbox, both in this process, to try: needs no configuration.
    Demo {
        /// The address and port that the gateway listens on.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// How many calls a second the sandbox allows a shop; Haravan allows 4.
        #[arg(long, value_name = "NUMBER", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        calls_per_second: u32,
    },
    /// Run the Haravan sandbox alone, to develop and test against.
    Sandbox {
        /// The address and port to listen on.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
        listen: SocketAddr,
    },
    /// Say what is wrong with the configuration, every mistake with its key; ends with 1 if anything is.
    CheckConfig {
        /// The configuration file [default: tonkho.toml if there is one].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print the OpenAPI document.
    Openapi {
        /// As YAML instead of JSON.
        #[arg(long)]
        yaml: bool,
    },
    /// Make a new API key: prints the key, and the configuration lines that admit it.
    Keygen {
        /// What the key is called in logs, such as the program that will use it.
        name: String,
    },
    /// Ask a running gateway whether it is ready; ends with 0 if it is and with 1 if not.
    Healthcheck {
        /// The URL to ask; http only [default: /health/ready, where `serve` with the same variables and
        /// tonkho.toml listens].
        url: Option<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve { config } => commands::serve::run(config.as_deref()).await,
        Command::Demo { listen, calls_per_second } => commands::demo::run(listen, calls_per_second).await,
        Command::Sandbox { listen } => commands::sandbox::run(listen).await,
        Command::CheckConfig { config } => commands::check_config::run(config.as_deref()),
        Command::Openapi { yaml } => commands::openapi::run(yaml),
        Command::Keygen { name } => commands::keygen::run(&name),
        Command::Healthcheck { url } => commands::healthcheck::run(url.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
