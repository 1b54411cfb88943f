"""The demonstration: a throwaway vault, a TLS upstream on this machine, and a real child."""
