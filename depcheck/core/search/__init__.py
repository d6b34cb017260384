"""Which changes did it, and since which release: a search engine over trials."""
