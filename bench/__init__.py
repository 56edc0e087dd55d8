"""The benchmark: how many messages a second the server delivers, next to what the machine could at best."""
