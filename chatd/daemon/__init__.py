"""The process: options, logs, signals, and the service that builds and runs everything."""
