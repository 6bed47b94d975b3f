//! The only unsafe code: spawning, sockets, descriptors, sandbox.
