//! Holds the node's clock against time servers.
