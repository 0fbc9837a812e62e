"""One module per page: a router, the questions it asks, the template it fills."""
