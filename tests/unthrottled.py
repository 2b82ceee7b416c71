"""Parameters for tests that send more requests in a second than the API takes by default."""

UNTHROTTLED = {"ThrottlingRate": "10000", "ThrottlingBurst": "5000"}
