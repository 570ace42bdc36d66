"""Status messages: what one shows (`render`), and how often it may change."""
