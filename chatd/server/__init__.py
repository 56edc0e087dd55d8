"""The gateways that clients connect to, thin protocols over sessions. They know no store."""
