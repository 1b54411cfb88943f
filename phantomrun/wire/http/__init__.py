"""HTTP/1.1 (RFC 9110, RFC 9112): heads, bodies and the exchange between two connections."""
